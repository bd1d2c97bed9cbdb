"""Every shipped pack is judged by its cases, each of which is a test of its own."""

import tomllib
from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest

from bwcstore.statute._files._case_files import load_cases
from bwcstore.statute._files._case_tables import Case, CaseFile
from bwcstore.statute._files._cases import run_case
from bwcstore.statute._files._library import pack_ids

FOLDER: Final = Path(__file__).parent
ROOT: Final = FOLDER.parents[1]
FILES: Final[tuple[CaseFile, ...]] = load_cases([FOLDER])
CASES: Final = tuple(
    pytest.param(case, id=f"{case.given.pack.id}:{Path(file.name).stem}:{case.id}")
    for file in FILES
    for case in file.cases
)
COUNTS_MIN: Final = {"us-dc": 40, "us-mn": 80, "us-wi": 60}


@pytest.mark.parametrize("case", CASES)
def test_case(case: Case) -> None:
    """The law concludes what the case says that it does."""
    result = run_case(case)

    assert () == result.differences, f"{case.title} ({case.cite})"


@pytest.mark.parametrize("file", FILES, ids=lambda file: Path(file.name).stem)
def test_no_expectation_is_lost(file: CaseFile) -> None:
    """What is written under `expect` is what is compared: each case, and each of its keys."""
    written: Any = tomllib.loads(Path(file.name).read_text("utf-8"))["cases"]

    assert [(one["id"], set(one["expect"])) for one in written] == [
        (case.id, set(case.expected)) for case in file.cases
    ]


def test_every_pack_has_cases() -> None:
    """Each shipped pack has its folder, with as many cases as it is known to have and more."""
    counted = Counter(case.given.pack.id for file in FILES for case in file.cases)

    assert set(pack_ids()) == set(counted)
    assert {} == {
        pack: counted[pack] for pack, at_least in COUNTS_MIN.items() if counted[pack] < at_least
    }


def test_every_case_has_a_name_of_its_own() -> None:
    """No two cases of one file and pack have one name, so that each is a test that is run."""
    names = Counter(str(one.id) for one in CASES)

    assert [] == [name for name, count in names.items() if count > 1]


def test_cases_come_with_the_package() -> None:
    """The folder of each pack is put into the package, and nothing else of this one is."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    shipped = config["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]

    assert {
        f"tests/statutes/{pack}": f"bwcstore/statute/cases/{pack}" for pack in pack_ids()
    } == shipped
