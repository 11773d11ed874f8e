"""A word on stderr when kernels are compiled, so that nobody wonders at the first run."""

import typer

__all__ = ["say_when_compiling"]


def say_when_compiling() -> None:
    """Tell on stderr, once, why the first run takes seconds longer."""
    from edgekeeper.features.ops.op import when_compiling

    told: list[str] = []

    def tell(kernel: str) -> None:
        if not told:
            text = "compiling features for this machine; the next time they are read from disk"
            typer.echo(text, err=True)
        told.append(kernel)

    when_compiling(tell)
