"""Exit codes: which number tells a script what to do next."""

from collections.abc import Mapping
from enum import IntEnum, unique
from types import MappingProxyType
from typing import Final

from bwcstore.errors import (
    AlreadyExistsError,
    AuthorizationError,
    BwcStoreError,
    ConflictError,
    ErrorKind,
    FormatError,
    IntegrityError,
    InternalError,
    InvalidInputError,
    KeyVaultError,
    NotFoundError,
    OutcomeUnknownError,
    RetentionError,
    StorageError,
)


@unique
class Exit(IntEnum):
    """What the process ends with."""

    OK = 0
    FINDINGS = 1
    USAGE = 2
    INVALID_INPUT = 3
    NOT_FOUND = 4
    REFUSED = 5
    INTEGRITY = 6
    STORAGE = 7
    OUTCOME_UNKNOWN = 8
    KEYS = 9
    CONFLICT = 10
    WITHHELD = 11
    APPROVAL = 12
    WAITING = 13
    CLOCK = 14
    UNFINISHED = 15
    DEFECT = 70
    INTERRUPTED = 130
    OUTPUT_CLOSED = 141


# The first class that fits decides: a subclass stands before its base.
_BY_CLASS: Final[tuple[tuple[type[BwcStoreError], Exit], ...]] = (
    (OutcomeUnknownError, Exit.OUTCOME_UNKNOWN),
    (StorageError, Exit.STORAGE),
    (InvalidInputError, Exit.INVALID_INPUT),
    (NotFoundError, Exit.NOT_FOUND),
    (AuthorizationError, Exit.REFUSED),
    (RetentionError, Exit.REFUSED),
    (IntegrityError, Exit.INTEGRITY),
    (FormatError, Exit.INTEGRITY),
    (KeyVaultError, Exit.KEYS),
    (ConflictError, Exit.CONFLICT),
    (AlreadyExistsError, Exit.CONFLICT),
    (InternalError, Exit.DEFECT),
)

# Whoever destroys on a schedule has another thing to do for each of these.
_BY_KIND: Final[Mapping[ErrorKind, Exit]] = MappingProxyType(
    {
        ErrorKind.WITHHELD_BY_STORAGE: Exit.WITHHELD,
        ErrorKind.PLAN_NOT_APPROVED: Exit.APPROVAL,
        ErrorKind.PLAN_STALE: Exit.APPROVAL,
        ErrorKind.PLAN_WAITING: Exit.WAITING,
        ErrorKind.CLOCK_AHEAD: Exit.CLOCK,
        ErrorKind.CLOCK_BEHIND: Exit.CLOCK,
        ErrorKind.CLOCK_UNCONFIRMED: Exit.CLOCK,
        ErrorKind.NOT_DESTROYED: Exit.UNFINISHED,
        ErrorKind.PURGE_UNFINISHED: Exit.UNFINISHED,
    }
)


def exit_code(error: BwcStoreError) -> Exit:
    """The exit code of an error, by what its handler should do."""
    if error.kind in _BY_KIND:
        return _BY_KIND[error.kind]
    return next((code for kind, code in _BY_CLASS if isinstance(error, kind)), Exit.DEFECT)
