"""Exit codes: every error class has one, and the guide lists them all."""

import re
from pathlib import Path

import pytest

from bwcstore import errors
from bwcstore.cli._exit import Exit, exit_code
from bwcstore.errors import BwcStoreError, ErrorKind

GUIDE = Path(__file__).parents[3] / "docs/guides/errors-and-exit-codes.md"
CLASSES = sorted(
    (
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, BwcStoreError)
    ),
    key=lambda value: value.__name__,
)


@pytest.mark.parametrize("error_class", [c for c in CLASSES if c is not BwcStoreError])
def test_every_class_has_a_code_of_its_own_kind(error_class: type[BwcStoreError]) -> None:
    """Every class but the defect has a code that is not the defect's."""
    code = exit_code(error_class(ErrorKind.DEFECT, "x"))

    assert (code is Exit.DEFECT) == (error_class is errors.InternalError)


def test_the_finer_class_decides() -> None:
    """An unknown outcome is not told as a plain failure of storage."""
    error = errors.OutcomeUnknownError(ErrorKind.OUTCOME_UNKNOWN, "x")

    assert exit_code(error) is Exit.OUTCOME_UNKNOWN


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (errors.RetentionError(ErrorKind.PLAN_NOT_APPROVED, "x"), Exit.APPROVAL),
        (errors.RetentionError(ErrorKind.PLAN_STALE, "x"), Exit.APPROVAL),
        (errors.RetentionError(ErrorKind.PLAN_WAITING, "x"), Exit.WAITING),
        (errors.RetentionError(ErrorKind.WITHHELD_BY_STORAGE, "x"), Exit.WITHHELD),
        (errors.RetentionError(ErrorKind.OBJECT_HELD, "x"), Exit.REFUSED),
        (errors.ConflictError(ErrorKind.CLOCK_BEHIND, "x"), Exit.CLOCK),
        (errors.ConflictError(ErrorKind.CLOCK_AHEAD, "x"), Exit.CLOCK),
        (errors.ConflictError(ErrorKind.CLOCK_UNCONFIRMED, "x"), Exit.CLOCK),
        (errors.ConflictError(ErrorKind.RACE_LOST, "x"), Exit.CONFLICT),
        (errors.StorageError(ErrorKind.NOT_DESTROYED, "x"), Exit.UNFINISHED),
    ],
)
def test_destruction_has_codes_of_its_own(error: BwcStoreError, expected: Exit) -> None:
    """What a purge waits for is told apart; everything else goes by its class."""
    assert expected == exit_code(error)


def test_the_guide_lists_every_code() -> None:
    """The table of the guide has every code, and no other."""
    listed = {int(n) for n in re.findall(r"^\| `(\d+)` \|", GUIDE.read_text("utf-8"), re.MULTILINE)}

    assert {int(code) for code in Exit} == listed


@pytest.mark.parametrize("error_class", CLASSES)
def test_the_guide_names_every_class(error_class: type[BwcStoreError]) -> None:
    """The guide says of every error class what to do."""
    assert f"`{error_class.__name__}`" in GUIDE.read_text("utf-8")
