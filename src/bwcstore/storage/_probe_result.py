"""What came of trying a place out with canaries: checks, the verdict, the protocol.

Rules kept here (spec chapter `storage-probe`):

- a refusal proves nothing while what must be allowed is refused to the same credentials (PRB-4);
- what could not be tried is never taken for held (PRB-3).
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import attrs

CLOCK_SECONDS_MAX: Final = 60.0
WAYS: Final = ("put", "multipart")
RACES: Final = tuple(f"race-{way}" for way in WAYS)
_LOCK_TRIALS: Final = (
    "delete-unlocked",
    "extend-lock",
    "bypass-governance",
    "delete-locked",
    "delete-locked-bypass",
    "shorten-lock",
    "downgrade-lock",
    "remove-lock",
    "delete-held",
    "delete-after-expiry",
)
CHECKS: Final = (
    *(f"create-{way}-{name}" for way in WAYS for name in ("free", "taken", "marked")),
    *RACES,
    "list-after-write",
    *(f"{trial}-{way}" for way in WAYS for trial in _LOCK_TRIALS),
    "version-on-top",
    "delete-marker",
    "clock-offset",
    "no-versions",
    "no-locks",
    "no-replication",
    "delete-is-final",
)
_DELETING: Final = ("delete-unlocked", "delete-after-expiry")
_CHANGING: Final = ("extend-lock", "bypass-governance")
# What must have been allowed, so that a refusal tells of the lock and not of the credentials.
_CONTROLS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "delete-locked": _DELETING,
        "delete-locked-bypass": (*_DELETING, "bypass-governance"),
        "shorten-lock": _CHANGING,
        "downgrade-lock": _CHANGING,
        "remove-lock": _CHANGING,
        "delete-held": (*_DELETING, "bypass-governance"),
    }
)


class PlaceKind(StrEnum):
    """What a store keeps in a place."""

    EVIDENCE = "evidence"
    VAULT = "vault"
    CLAIMS = "claims"


class Outcome(StrEnum):
    """What came of one check; `REFUSED`: it could not be tried, or tells nothing."""

    HELD = "held"
    FAILED = "failed"
    REFUSED = "refused"
    NOT_APPLICABLE = "not-applicable"


class Verdict(StrEnum):
    """Whether a place refuses early deletion."""

    PROVEN = "proven"
    UNPROVEN = "unproven"
    NOT_APPLICABLE = "not-applicable"


class Protocol(StrEnum):
    """The commit protocol that a place can keep."""

    NUMBERED = "numbered"
    CLAIMED = "claimed"
    NONE = "none"


@attrs.frozen(kw_only=True)
class Check:
    """One trial.

    Attributes:
        name: its code, one of those in the specification.
        outcome: what came of it.
        detail: why, for people; may name machines and accounts.
    """

    name: str
    outcome: Outcome
    detail: str = ""


@attrs.frozen(kw_only=True)
class ProbeResult:
    """What a place did when it was tried.

    Attributes:
        location: where it is, for people.
        checks: every trial, in their one order.
        verdict: whether it refuses early deletion.
        protocol: the commit protocol that it can keep.
        clock_offset_seconds: its time less this machine's; None where it tells none.
    """

    location: str
    checks: tuple[Check, ...]
    verdict: Verdict
    protocol: Protocol
    clock_offset_seconds: float | None = None


def in_order(checks: Sequence[Check]) -> tuple[Check, ...]:
    """Checks in their one order, each refusal weighed against its controls."""
    found = {check.name: check for check in checks}
    return tuple(_weighed(found[name], found) for name in CHECKS if name in found)


def _weighed(check: Check, found: Mapping[str, Check]) -> Check:
    trial, _, way = check.name.rpartition("-")
    if check.outcome is not Outcome.HELD or trial not in _CONTROLS:
        return check
    allowed = (Outcome.HELD, Outcome.NOT_APPLICABLE)
    for control in (f"{name}-{way}" for name in _CONTROLS[trial]):
        if control not in found or found[control].outcome not in allowed:
            return attrs.evolve(
                check,
                outcome=Outcome.REFUSED,
                detail=f"it was refused, but {control} is not known to be allowed either",
            )
    return check


def protocol_of(checks: Sequence[Check]) -> Protocol:
    """The commit protocol that a place can keep (PRB-7)."""
    cells = [check for check in checks if check.name.endswith(("-free", "-taken"))]
    if not cells or any(check.outcome is not Outcome.HELD for check in cells):
        return Protocol.NONE
    raced = [check.outcome is Outcome.HELD for check in checks if check.name in RACES]
    return Protocol.NUMBERED if raced and all(raced) else Protocol.CLAIMED


def verdict_on_locks(checks: Sequence[Check]) -> Verdict:
    """The verdict on evidence in storage that can lock (PRB-5)."""
    troubled = (Outcome.FAILED, Outcome.REFUSED)
    unsure = any(check.outcome in troubled for check in checks if check.name not in RACES)
    return Verdict.UNPROVEN if unsure else Verdict.PROVEN


def verdict_without_locks(checks: Sequence[Check]) -> Verdict:
    """The verdict on a place that nobody expects to refuse a deletion (PRB-6)."""
    failed = any(check.outcome is Outcome.FAILED for check in checks)
    return Verdict.UNPROVEN if failed else Verdict.NOT_APPLICABLE
