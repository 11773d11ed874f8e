"""Write docs/models.md from the learners themselves and from recorded measurements.

    python scripts/models_page.py [--check]

What a learner is, takes and was taken from is read off its docstring; what tuning may change off
its search space; what each ensemble was worth off `benchmarks/results/ensembles.jsonl`.
"""

import argparse
import importlib.util
import inspect
import math
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

from edgekeeper.models import LEARNERS, LearnerClass, look_back_of, placed
from edgekeeper.models.ensembles import ENSEMBLES
from edgekeeper.models.learners import LEARNERS as SINGLE
from edgekeeper.models.parity import CUDA_BOUND, TOLERANCE

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "models.md"
_SECTION = re.compile(r"^(\w[\w ]*)\n-{3,}\n", re.MULTILINE)
_FEWEST = 8
_ON_REAL = ("vote", "average", "stack", "recent", "regime", "components, learned")
_WORTH_KNOWING = ("stack", "vote", "average", "recent", "regime", "regime, switched")


def sections(learner: LearnerClass) -> dict[str, str]:
    """Parts of a docstring by their headings; what stands before the first is ``about``."""
    text = inspect.cleandoc(learner.__doc__ or "")
    parts = _SECTION.split(text)
    return {"about": parts[0].strip(), **dict(zip(parts[1::2], parts[2::2], strict=True))}


def plain(text: str) -> str:
    """Docstring markup as Markdown."""
    text = re.sub(r":\w+:`([^`]*)`", lambda m: f"`{m[1].rpartition('.')[2]}`", text)
    return text.replace("``", "`")


def meanings(text: str) -> dict[str, str]:
    """Parameter names to what is said of them, one line."""
    found: dict[str, str] = {}
    names: list[str] = []
    for line in text.splitlines():
        if line and not line.startswith(" "):
            names = [name.strip() for name in line.partition(" : ")[0].split(",")]
            found |= dict.fromkeys(names, "")
        elif line.strip():
            found |= {name: f"{found[name]} {line.strip()}".strip() for name in names}
    return found


def row(cells: Iterable[str]) -> str:
    """One line of a table."""
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def table(heads: list[str], rows: Iterable[Iterable[str]]) -> list[str]:
    """Lines of a table."""
    return [row(heads), row(["---"] * len(heads)), *(row(cells) for cells in rows)]


def span(learner: LearnerClass, name: str) -> str:
    """What tuning may make of a parameter."""
    found = learner.space().get(name)
    if found is None:
        return ""
    kind = ", ".join(w for w, said in (("whole", found.whole), ("log", found.log)) if said)
    return f"{found.low:g} to {found.high:g}" + (f" ({kind})" if kind else "")


def inputs(learner: LearnerClass) -> str:
    """How many bars it reads, and which features it gets."""
    if learner.name == "components":
        return "one bar, its features in groups by name."
    if learner.name in ENSEMBLES:
        return "what its members read; each sees as many of the newest bars as it looks at."
    bars = look_back_of(learner)
    said = "one bar" if bars == 1 else f"the last {bars} bars"
    catalogues = getattr(learner(), "catalogues", None)
    if catalogues is None:
        return f"{said}."
    return f"{said}; catalogues {', '.join(catalogues)} unless a line names others."


def of(learner: LearnerClass) -> list[str]:
    """One learner."""
    parts = sections(learner)
    told = meanings(parts.get("Parameters", ""))
    defaults = learner().parameters()
    lines = [f"### `{learner.name}`", "", plain(parts["about"]), ""]
    lines += [f"- Inputs: {inputs(learner)}", f"- NaN: {plain(learner.missing_values)}."]
    if "devices" in vars(learner):
        lines.append("- Fitted on the processor, or on a graphics card.")
    if notes := parts.get("Notes"):
        lines.append(f"- Source: {' '.join(plain(notes).split())}")
    lines += ["", *table(
        ["Parameter", "Default", "Tuned within", "Meaning"],
        (
            [f"`{name}`", f"`{value}`" if value != "" else "", span(learner, name),
             plain(told.get(name, ""))]
            for name, value in defaults.items()
        ),
    ), ""]  # fmt: skip
    return lines


def figures() -> ModuleType:
    """What knows how the benchmark's record is summed up."""
    name = "ensemble_figures"
    spec = importlib.util.spec_from_file_location(name, ROOT / "benchmarks" / f"{name}.py")
    if spec is None or spec.loader is None:
        raise SystemExit(f"cannot read benchmarks/{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def number(value: float, digits: int) -> str:
    """A signed figure."""
    return f"{value:+.{digits}f}".replace("-", "−")


def between(three: tuple[float, float, float], digits: int) -> str:
    """A mean with its interval."""
    if math.isnan(three[0]):
        return ""
    return f"{number(three[0], digits)} ({number(three[1], digits)} to {number(three[2], digits)})"


def verdict(interval: tuple[float, float], markets: int) -> str:
    """What an interval allows to say."""
    if markets < _FEWEST:
        return "too few markets"
    low, high = interval
    if low > 0.0:
        return "helps"
    return "harms" if high < 0.0 else "none can be told"


def measured() -> list[str]:
    """What each was worth, kind of market by kind of market."""
    module = figures()
    rows = module.read_results()
    found = module.summarise(rows)
    kinds = list(dict.fromkeys(row["kind"] for row in rows))
    counts = {kind: sum(row["kind"] == kind for row in rows) for kind in kinds}
    said = ", ".join(f"{count} {kind}" for kind, count in counts.items())
    lines = [
        "## When each helps, measured",
        "",
        f"`python benchmarks/ensembles.py`, markets so far: {said}. Each recipe is fitted on what "
        "was known, forecasts the next stretch and trades it in a virtual book, three times over. "
        "*Best member* is the one of least loss afterwards, chosen in each market anew, which "
        "nobody could have named before. Differences are means over markets with 95 % intervals "
        "(markets resampled). "
        "With so many rows a few say *helps* or *harms* by chance: on noise, all that do.",
        "",
        *conclusions(found),
    ]
    for kind in kinds:
        lines += ["", f"### {kind.capitalize()} markets ({counts[kind]})", ""]
        if kind == "real":
            lines += alone(module, [row for row in rows if row["kind"] == kind])
            continue
        lines += table(
            ["Recipe", "Against", "Better in", "Net Sharpe", "In %", "Log loss saved", "So it"],
            (
                [o.recipe, o.against, f"{o.better} of {o.markets}", between(o.sharpe, 2),
                 between(o.percent, 0), between(o.loss, 4), verdict(o.sharpe[1:], o.markets)]
                for o in found if o.kind == kind
            ),
        )  # fmt: skip
    return lines


def alone(module: ModuleType, rows: list[dict[str, Any]]) -> list[str]:
    """One market at a time: there are few, and they share their years."""
    cells = []
    for row_ in rows:
        for pair, interval in zip(module.pairs_of(row_), row_["intervals"], strict=True):
            if pair.recipe not in _ON_REAL:
                continue
            which = pair.against if pair.which == pair.against else f"best member, {pair.which}"
            gained = (pair.sharpe_gained, *interval["sharpe"])
            saved = (pair.loss_saved, *(interval["loss"] or (math.nan, math.nan)))
            cells.append([row_["market"], pair.recipe, which, between(gained, 2),
                          between(saved, 4), verdict(gained[1:], _FEWEST)])  # fmt: skip
    return [
        "Intervals are over blocks of 20 days of that market alone, resampled in pairs.",
        "",
        *table(["Market", "Recipe", "Against", "Net Sharpe", "Log loss saved", "So it"], cells),
    ]


def conclusions(found: list[Any]) -> list[str]:
    """Say what was asked of ensembles, and what came of it, in sentences made of the figures."""
    asked = {
        "Against its best member, an ensemble was asked to gain 5 %": (
            "best member", _WORTH_KNOWING),
        "Against the single learner that is the default": (
            "lightgbm", ("stack", "vote", "average")),
        "Weights that change were asked to gain 5 to 10 % over fixed ones": (
            "average", ("recent", "regime", "regime, switched")),
        "Components weighted by regime or by a learned combination, over fixed weights": (
            "components, static", ("components, by regime", "components, learned")),
        "Models against the rules": ("rules", ("lightgbm", "logistic", "average", "stack")),
    }  # fmt: skip
    lines = []
    for words, (against, recipes) in asked.items():
        said = []
        for o in found:
            if o.kind == "planted" and o.against == against and o.recipe in recipes:
                percent = "" if math.isnan(o.percent[0]) else f", {number(o.percent[0], 0)} %"
                what = verdict(o.sharpe[1:], o.markets)
                said.append(f"{o.recipe} {between(o.sharpe, 2)}{percent}: {what}")
        if said:
            lines.append(f"- {words}. Planted markets, net Sharpe: {'; '.join(said)}.")
    return lines


def page() -> str:
    """Return the whole page."""
    deep = [name for name in SINGLE if "extra `deep`" in plain(LEARNERS[name].__doc__ or "")]
    lines = [
        "# Models",
        "",
        "Generated by `scripts/models_page.py`; change docstrings and search spaces instead.",
        "",
        f"{len(SINGLE)} learners and {len(ENSEMBLES)} ensembles of them; `edgekeeper models "
        "learners` lists them, `edgekeeper new learner NAME` begins one of your own, and "
        "`edgekeeper.wrap` takes an estimator of scikit-learn. What holds for all:",
        "",
        "- The target is which side of a bar did better; heads calibrated on later rows turn the "
        "score into probability, expected return, interval and risk. With `final_fit = true` a "
        "recipe is then fitted once more, on all known rows, under these heads.",
        "- The same rows, settings and seed give the same package, whatever the number of "
        f"threads, on one machine and lock. {_and(deep)} need the extra `deep` to train.",
        "- They are served as one ONNX graph with NumPy and ONNX Runtime, an ensemble with all "
        "its members; packaging compares both sides on 10,000 rows and refuses what differs.",
        "- Fitting stops early on later, purged rows; tuning, selection, scaling, augmentation "
        "and stacking see training rows alone.",
        "",
        "## Learners",
        "",
    ]
    for name in SINGLE:
        lines += of(LEARNERS[name])
    lines += ["## Ensembles", ""]
    for name in ENSEMBLES:
        lines += of(LEARNERS[name])
    return "\n".join([*lines, *graphics_card(), *measured()]).rstrip() + "\n"


def graphics_card() -> list[str]:
    """What `device = "cuda"` does, and what is not known of it."""
    able = [name for name in SINGLE if "cuda" in placed(LEARNERS[name](), "cuda").values()]
    return [
        "## On a graphics card",
        "",
        "**Not yet run on a card.** It follows what XGBoost, PyTorch and ONNX Runtime document. "
        "What a processor can prove is tested; tests that compare both wait for a machine with "
        "CUDA (`pytest tests/models/test_devices.py`). How fast and how good fits there are was "
        "not measured.",
        "",
        f'- `device = "cuda"` of a line, or `train --device cuda`, fits {_and(able)} there, and '
        "of an ensemble the members among them. A line without any of these is refused.",
        "- Without a card, or with a library built without CUDA, the fit is refused with what was "
        "looked for; nothing is fitted on the processor instead. `edgekeeper doctor` says what "
        "there is. XGBoost comes without CUDA (`xgboost-cpu`): put `xgboost` in its place. "
        "The units of systemd hide all devices (`PrivateDevices`, `DevicePolicy`): a service that "
        "is to fit there needs a drop-in that shows `/dev/nvidia*`.",
        "- What was fitted is brought back, then judged and packaged on the processor as all "
        f"others, within {TOLERANCE:g}; a package serves anywhere.",
        "- Fits need not be the same: XGBoost may draw other rows there, nets differ by rounding. "
        "The manifest says where each part was fitted and `deterministic: false`; the hash of the "
        "configuration tells such a run from others; `audit` fits again, and so needs the same "
        "card, driver and libraries.",
        '- `Package.load(folder, device="cuda")` and `backtest --device cuda` forecast there with '
        "`onnxruntime-gpu`, for long tables: nets, and what combines members; trees are walked on "
        f"the processor. Loading holds log-odds within {CUDA_BOUND:g} of the processor's, or "
        "refuses. Runs forecast on the processor, so that a record comes back to the byte.",
        "",
    ]


def _and(names: list[str]) -> str:
    *most, last = (f"`{name}`" for name in names)
    return f"{', '.join(most)} and {last}" if most else last


def main() -> None:
    """Write the page, or say whether the one there is that of today."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only compare")
    if not parser.parse_args().check:
        PAGE.write_text(page(), "utf-8")
    elif not PAGE.exists() or PAGE.read_text("utf-8") != page():
        sys.exit("docs/models.md is not that of today: run python scripts/models_page.py")


if __name__ == "__main__":
    main()
