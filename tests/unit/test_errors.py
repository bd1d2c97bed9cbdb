"""The tree of errors and the list of codes, which only grows."""

import copy
import inspect
import pickle
from pathlib import Path

import pytest

from bwcstore import errors
from bwcstore.errors import BwcStoreError, ErrorKind

PUBLISHED = Path(__file__).parent / "error_kinds.txt"
CLASSES = [
    each
    for _, each in inspect.getmembers(errors, inspect.isclass)
    if issubclass(each, BwcStoreError)
]


def test_the_shape_of_the_tree() -> None:
    """Every class stands where the module's docstring draws it."""
    drawn = {
        "IntegrityError": "BwcStoreError",
        "EquivocationError": "IntegrityError",
        "FormatError": "BwcStoreError",
        "NotFoundError": "BwcStoreError",
        "AlreadyExistsError": "BwcStoreError",
        "AuthorizationError": "BwcStoreError",
        "RetentionError": "BwcStoreError",
        "ConflictError": "BwcStoreError",
        "StorageError": "BwcStoreError",
        "OutcomeUnknownError": "StorageError",
        "KeyVaultError": "BwcStoreError",
        "InvalidInputError": "BwcStoreError",
        "InternalError": "BwcStoreError",
        "BwcStoreError": "Exception",
    }

    assert {each.__name__: each.__mro__[1].__name__ for each in CLASSES} == drawn
    assert all(name in (errors.__doc__ or "") for name in drawn)


def test_errors_that_are_also_of_the_language() -> None:
    """Who catches what Python raises for the same mistake catches these too."""
    assert issubclass(errors.NotFoundError, KeyError)
    assert issubclass(errors.InvalidInputError, ValueError)


@pytest.mark.parametrize("each", CLASSES, ids=lambda each: each.__name__)
def test_errors_survive_copying(each: type[BwcStoreError]) -> None:
    """An error keeps kind, message and notes when it crosses a process or is copied."""
    error = each(ErrorKind.STORAGE_IO, "reading a")
    error.add_note("while verifying")

    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):  # noqa: S301 - our own
        assert type(again) is each
        assert (again.kind, again.message) == (ErrorKind.STORAGE_IO, "reading a")
        assert again.__notes__ == ["while verifying"]
        assert str(again) == "reading a [storage-io]"


def test_codes_are_only_added() -> None:
    """No published code is gone, and each new one is published by adding it to the list."""
    assert [kind.value for kind in ErrorKind if kind.value not in _published()] == []
    assert [code for code in _published() if code not in set(ErrorKind)] == []


def test_codes_are_in_kebab_case() -> None:
    """A code is its name in lower case with hyphens."""
    assert [kind.value for kind in ErrorKind] == [
        kind.name.lower().replace("_", "-") for kind in ErrorKind
    ]


def _published() -> list[str]:
    return PUBLISHED.read_text("ascii").split()
