"""decide: may this be the agency's own policy?

Rule kept here (spec: CUS-6): it narrows and never widens, and nobody shuts themselves out.
"""

from typing import Final

from bwcstore.custody._authority import Role
from bwcstore.custody._records import Actor, Policy
from bwcstore.errors import ErrorKind, InvalidInputError
from bwcstore.ledger._kind import code
from bwcstore.ledger._kinds import KINDS

COUNT_MAX: Final = 1_000_000
_LEAST: Final = {
    "approvals": 1,
    "large_objects": 1,
    "brake_multiple": 1,
    "brake_objects": 0,
    "brake_days": 0,
    "waiting_hours": 0,
    "plan_days": 1,
    "clock_hours": 1,
}
_POLICY: Final = "policy.set"
_ROLES: Final = frozenset(role.value for role in Role)
_DUAL_MAX: Final = 16
_NARROWED_MAX: Final = 64


def check_policy(policy: Policy, *, by: Actor | None = None) -> None:
    """Check that a policy is one that an agency can have.

    Args:
        policy: it.
        by: who sets it; None where that is not known yet.

    Raises:
        InvalidInputError: it is not (`policy-invalid`).
    """
    for name, least in _LEAST.items():
        value = getattr(policy, name)
        if type(value) is not int or not least <= value <= COUNT_MAX:
            raise _invalid(f"{name} is {value!r:.20}, and has to be {least} to {COUNT_MAX}")
    if len(policy.dual_release) > _DUAL_MAX or not all(map(code, policy.dual_release)):
        raise _invalid(f"dual_release has at most {_DUAL_MAX} kinds of hold, codes of [a-z0-9._-]")
    if len(policy.narrowed) > _NARROWED_MAX:
        raise _invalid(f"narrowed has {len(policy.narrowed)} kinds, at most {_NARROWED_MAX}")
    for kind, roles in policy.narrowed.items():
        if kind not in KINDS:
            raise _invalid(f"narrowed: there is no kind of entry {kind!r:.60}")
        if not roles or not roles <= _ROLES:
            unknown = ", ".join(sorted(roles - _ROLES)) or "nobody"
            raise _invalid(f"narrowed: {kind} is left to {unknown:.80}, which is no role")
    left = policy.narrowed.get(_POLICY)
    if by is not None and left is not None and not by.roles & left:
        raise _invalid(f"whoever sets it must be able to set another: {_POLICY} is left to others")


def _invalid(why: str) -> InvalidInputError:
    return InvalidInputError(ErrorKind.POLICY_INVALID, f"policy: {why}")
