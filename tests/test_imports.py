"""What importing the library costs, and which modules may touch the world."""

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[1]
HEAVY: Final = (
    "av",
    "botocore",
    "dask",
    "fsspec",
    "holidays",
    "jinja2",
    "numpy",
    "pyarrow",
    "rich",
    "s3fs",
    "typer",
)
# Every module is either in the `pure` contract of pyproject.toml or has a reason not to be.
EFFECTS: Final = {
    "bwcstore._media": "asks an optional library about containers",
    "bwcstore._session": "holds locks, and acts after it has decided and logged",
    "bwcstore._source": "opens what a caller wants to ingest",
    "bwcstore._places": "the directories of a local store",
    "bwcstore._store": "puts the real world together",
    "bwcstore._store_locks": "asks what the real world keeps",
    "bwcstore._store_probes": "tries out the places of the real world",
    "bwcstore._store_proofs": "proves by what the real world holds",
    "bwcstore._store_rules": "tells what the real world holds",
    "bwcstore._store_tables": "lists what the real world holds",
    "bwcstore._system": "the clock, the entropy and the threads of the system",
    "bwcstore.catalog._files": "reads and writes the files of a cache",
    "bwcstore.cli": "talks to a terminal",
    "bwcstore.ledger._choice": "reads the versions of batches",
    "bwcstore.ledger._commit": "writes batches",
    "bwcstore.ledger._history": "reads batches",
    "bwcstore.ledger._log": "puts view and writing together",
    "bwcstore.ledger._present": "asks the clock, and the storage for its own",
    "bwcstore.ledger._publish": "writes checkpoints and tiles",
    "bwcstore.ledger._queue": "lets threads wait for one commit",
    "bwcstore.ledger._remember": "reads the ledger up to what is remembered",
    "bwcstore.ledger._recheck": "compares with what was read",
    "bwcstore.ledger._stored": "reads checkpoints and tiles",
    "bwcstore.ledger._view": "lets threads read while one appends",
    "bwcstore.ledger._writing": "holds the lock of everything that appends",
    "bwcstore.objects._buffers": "lends buffers to threads",
    "bwcstore.objects._intake": "reads the source",
    "bwcstore.objects._pipeline": "seals on several threads and writes segments",
    "bwcstore.objects._reader": "reads segments",
    "bwcstore.objects._writer": "writes objects",
    "bwcstore.report": "reads its templates",
    "bwcstore.statute._files._case_files": "reads case files and fact files",
    "bwcstore.statute._files._library": "reads packs and agency files",
    "bwcstore.storage": "talks to disks",
    "bwcstore.testing": "runs worlds; nothing that ships imports it",
}


def _loaded_by(statement: str) -> set[str]:
    """The top-level modules that a fresh interpreter has after running `statement`."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"{_PATH}{statement}{_PRINT}"],
        check=True,
        capture_output=True,
        text=True,
    )
    return set(done.stdout.split())


_PATH: Final = f"import sys; sys.path.insert(0, {str(ROOT / 'src')!r}); "
_PRINT: Final = "; print(*{name.partition('.')[0] for name in sys.modules})"


@pytest.mark.parametrize("heavy", HEAVY)
def test_importing_is_light(heavy: str) -> None:
    """`import bwcstore` does not import what only some callers need."""
    loaded = _loaded_by("import bwcstore")

    assert "bwcstore" in loaded
    assert heavy not in loaded


def test_every_module_is_pure_or_says_why_not() -> None:
    """A new module is placed: into the `pure` contract, or among those with effects."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contracts = config["tool"]["importlinter"]["contracts"]
    pure = next(set(one["source_modules"]) for one in contracts if one["id"] == "pure")
    modules = {
        ".".join(path.relative_to(ROOT / "src").with_suffix("").parts)
        for path in (ROOT / "src").rglob("*.py")
        if path.name != "__init__.py"
    }

    with_effects = {
        name for name in modules for one in EFFECTS if name == one or name.startswith(f"{one}.")
    }

    assert set() == pure & with_effects
    assert modules == pure | with_effects
    assert [] == [one for one in EFFECTS if not any(name.startswith(one) for name in modules)]


def test_architecture_has_no_exceptions() -> None:
    """No import is exempt from the architecture."""
    text = (ROOT / "pyproject.toml").read_text("utf-8")

    assert "\nignore_imports" not in text
