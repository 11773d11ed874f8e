"""Alembic's entry point: one given connection, no logging set up, nothing printed."""

from alembic import context

from edgekeeper.ledger.schema import metadata


def _run() -> None:
    given = context.config.attributes
    context.configure(
        connection=given["connection"],
        target_metadata=metadata,
        version_table=given["version_table"],
        render_as_batch=True,
        transactional_ddl=True,
    )
    context.run_migrations()


if hasattr(context, "config"):  # Alembic runs this file; tools that only import it find nothing
    _run()
