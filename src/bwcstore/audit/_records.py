"""What an audit knows of actors, objects, holds, requests and plans, as the leaves have it.

Rules kept here: from open fields alone; apart from the values of `bwcstore.custody`, so that a
mistake in one is not a mistake in both.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import attrs

from bwcstore._encoding import Json
from bwcstore._values import Instant
from bwcstore.errors import ErrorKind

CLAUSE_STATE: Final = "AUD-12"
CLAUSE_OPAQUE: Final = "AUD-13"
CLAUSE_FRAME: Final = "AUD-14"
CLAUSE_PLAN: Final = "AUD-32"
CLAUSE_CLOCK: Final = "AUD-33"
# How the label that was given with the ingest is named (CUS-11).
INGEST_LABEL: Final = "00000000-0000-8000-8000-000000000000"


@attrs.frozen
class Problem:
    """Why an entry cannot be true."""

    code: ErrorKind
    clause: str
    why: str


def wrong(why: str, code: ErrorKind = ErrorKind.STATE_INVALID) -> Problem:
    """An entry that cannot follow those before it (AUD-12)."""
    return Problem(code, CLAUSE_STATE, why)


@attrs.frozen
class Actor:
    """Somebody who may act, as far as the ledger says."""

    roles: frozenset[str]
    public_key: str | None
    revoked: bool = False


@attrs.frozen
class Grant:
    """A written authorization."""

    actor: str
    object: str | None
    purposes: frozenset[str]
    start: Instant
    end: Instant | None
    revoked: bool = False


@attrs.frozen(kw_only=True)
class Said:
    """One `fact.asserted`."""

    id: str
    fact: str
    value: Json
    since: str
    at: Instant
    by: str
    basis: str
    supersedes: str | None


@attrs.frozen(kw_only=True)
class Bound:
    """A request as far as it is about one recording; days as the leaves have them."""

    kind: str
    received: str
    days: int | None
    answers: Mapping[str, bool]
    outcome: str | None = None
    answered_on: str | None = None
    notices: Mapping[str, str] = MappingProxyType({})


@attrs.frozen(kw_only=True)
class Placed:
    """A hold."""

    kind: str
    query: Mapping[str, Json] | None
    at: Instant
    proposed_by: frozenset[str] = frozenset()
    released_at: Instant | None = None


@attrs.frozen(kw_only=True)
class Rules:
    """The agency's own rules (the body of `policy.set`), and what they are before the first one."""

    approvals: int = 1
    large_objects: int = 100
    waiting_hours: int = 24
    plan_days: int = 30
    clock_hours: int = 744
    dual_release: frozenset[str] = frozenset({"litigation"})
    narrowed: Mapping[str, frozenset[str]] = MappingProxyType({})


@attrs.frozen(kw_only=True)
class Law:
    """The law that the store is kept under: digests of what it says, and of the annexes."""

    pack_sha256: str
    pack_annex: str
    agency_sha256: str
    agency_annex: str
    zone: str


@attrs.define
class Request:
    """A request as an act: how many recordings wait for an answer, and how it ended."""

    kind: str
    received: str
    facts: tuple[Said, ...] = ()
    pending: int = 0
    outcome: str | None = None


@attrs.define(kw_only=True)
class Plan:
    """A purge plan as an act.

    Attributes:
        approvals: who approved, by the index of the entry.
        completed: how many recordings were destroyed under it.
    """

    digest: str
    annex: str
    as_of: str
    objects_count: int
    brakes: int
    at: Instant
    by: str
    index: int
    where: str
    approvals: dict[int, str] = attrs.field(factory=dict)
    withdrawn: bool = False
    completed: int = 0


@attrs.define
class Purge:
    """Where the destruction of one object stands."""

    plan: str
    started_index: int
    completed_index: int | None = None


@attrs.define
class Kept:
    """What is said of one object beyond its ingest."""

    facts: tuple[Said, ...] = ()
    holds: frozenset[str] = frozenset()
    requests: dict[str, Bound] = attrs.field(factory=dict)
    consents: dict[str, bool] = attrs.field(factory=dict)
    added: dict[str, list[str]] = attrs.field(factory=dict)
    claims: tuple[tuple[str, str], ...] = ()
    derived_from: str | None = None
    releases: int = 0


_NOTHING: Final = Kept()


@attrs.define(kw_only=True)
class Ingested:
    """What the ledger says of one object; hex and text where the leaf has them.

    Attributes:
        tags: those of its ingest.
        collected: the claims of its ingest.
        kept: what was said of it later; None while nothing was.
    """

    index: int
    manifest_sha256: str
    header: str
    segment_count: int
    ciphertext_root: str
    tags: dict[str, list[str]] = attrs.field(eq=False)
    collected: tuple[tuple[str, str], ...]
    label: str | None
    at: Instant
    by: str
    accesses: int = 0
    kept: Kept | None = None
    purge: Purge | None = None

    @property
    def keeping(self) -> Kept:
        """What was said of it later, to read."""
        return self.kept or _NOTHING

    def keep(self) -> Kept:
        """What was said of it later, to add to."""
        if self.kept is None:
            self.kept = Kept()
        return self.kept

    @property
    def status(self) -> str:
        """`present`, `purging` or `purged`."""
        if self.purge is None:
            return "present"
        return "purging" if self.purge.completed_index is None else "purged"

    @property
    def claims(self) -> tuple[tuple[str, str], ...]:
        """Every claim of when it was made, with its basis, in order."""
        return (*self.collected, *self.keeping.claims)

    def all_tags(self) -> dict[str, set[str]]:
        """Every tag that it ever had."""
        found = {kind: set(tags) for kind, tags in self.tags.items()}
        for kind, tags in self.keeping.added.items():
            found.setdefault(kind, set()).update(tags)
        return found
