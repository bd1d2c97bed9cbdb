"""One assertion of a fact, as the ledger has it: of a recording, a request or the agency."""

from datetime import date
from typing import Final

import attrs

from bwcstore._encoding import Json
from bwcstore._values import ActorId, Instant

# The label that was given with the ingest has no assertion of its own to name (CUS-11).
INGEST_LABEL: Final = "00000000-0000-8000-8000-000000000000"
LABELS: Final = "labels"


@attrs.frozen(kw_only=True)
class FactAssertion:
    """Somebody's word on a fact, as the ledger has it.

    Attributes:
        assertion_id: its id.
        fact: the fact as the pack names it.
        value: JSON as the entry has it; None takes the superseded assertion back.
        since: from which day it is so.
        at: when it was recorded.
        by: who said so.
        basis: what it rests on.
        index: the entry.
        supersedes: the assertion in whose place it stands.
    """

    assertion_id: str
    fact: str
    value: Json
    since: date
    at: Instant
    by: ActorId
    basis: str
    index: int
    supersedes: str | None = None
