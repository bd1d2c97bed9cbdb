"""What a purge would destroy, what it would not, and why: a plan as a value.

Rules kept here (spec chapter `purge`):

- a plan only proposes: every recording is judged again before it is destroyed (PRG-1);
- recordings that are past their date and withheld are listed with what withholds them, and so
  are those that nothing gives authority to destroy (PRG-5).
"""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cached_property
from types import MappingProxyType
from typing import Any

import attrs

from bwcstore._encoding import Json
from bwcstore._values import Digest, Instant, ObjectId, StoreId
from bwcstore.custody._locking import told
from bwcstore.custody._object_records import ObjectState
from bwcstore.custody._records import StoreState
from bwcstore.errors import ErrorKind
from bwcstore.purge._brakes import Brake, find_brakes
from bwcstore.purge._plan_table import PlanRow, rows_to_arrow, rows_to_csv
from bwcstore.purge._plan_text import PLAN_OBJECTS_MAX, PlanItem, PlanText
from bwcstore.purge._proof import Proof, Withheld, judge
from bwcstore.statute._civil import local_date
from bwcstore.statute._pack import Law


@attrs.frozen(kw_only=True, slots=False)
class PurgePlan:
    """What a purge would destroy, and what it would not.

    Attributes:
        store: the store.
        as_of: the day it was made for.
        pack: the id of the pack it was made by.
        pack_sha256: that pack.
        agency: the id of the agency file it was made by.
        agency_sha256: that agency file.
        due: the recordings that are due, with the proof of each, in ascending order of ids; at
            most 10,000, those that are due longest.
        beyond_count: how many more are due.
        withheld: recordings that are past their date, and what withholds them.
        no_authority: recordings that nothing gives authority to destroy.
        unfinished: recordings whose destruction has begun; the next run finishes it.
        locked: until when the storage was told to keep recordings that are due, as far as the
            ledger says and this is later than the plan: a run before then withholds them.
        considered_count: how many recordings there are that are not destroyed.
        brakes: what makes it unusual, so that it needs one more approval and waits.
    """

    store: StoreId
    as_of: date
    pack: str
    pack_sha256: Digest
    agency: str
    agency_sha256: Digest
    due: tuple[Proof, ...]
    beyond_count: int
    withheld: tuple[Withheld, ...]
    no_authority: tuple[Withheld, ...]
    unfinished: tuple[ObjectId, ...]
    considered_count: int
    brakes: tuple[Brake, ...]
    locked: Mapping[ObjectId, Instant] = MappingProxyType({})

    @cached_property
    def text(self) -> PlanText:
        """What is proposed, approved and kept of it."""
        return PlanText(
            store=self.store,
            as_of=self.as_of,
            pack_sha256=self.pack_sha256,
            agency_sha256=self.agency_sha256,
            items=tuple(
                PlanItem(
                    object_id=proof.object_id,
                    last_protected=proof.last_protected,
                    disposal=proof.disposal,
                    authority=tuple(ground.rule for ground in proof.authority),
                )
                for proof in self.due
            ),
        )

    @cached_property
    def digest(self) -> Digest:
        """The digest that approvals name."""
        return self.text.digest

    @property
    def annex(self) -> bytes:
        """The canonical bytes that the digest is of."""
        return self.text.encode()

    def rows(self) -> tuple[PlanRow, ...]:
        """One row for each recording that is due or withheld, in this order."""
        due = [PlanRow.of_proof(proof) for proof in self.due]
        others = [PlanRow.of_withheld(one) for one in (*self.withheld, *self.no_authority)]
        return (*due, *others)

    def to_json(self) -> dict[str, Json]:
        """It as a JSON object."""
        return {
            "as_of": str(self.as_of),
            "agency": self.agency,
            "agency_sha256": str(self.agency_sha256),
            "beyond_count": self.beyond_count,
            "brakes": [brake.value for brake in self.brakes],
            "considered_count": self.considered_count,
            "due": [{"object": str(one.object_id), **one.body()} for one in self.due],
            "locked": {str(one): str(until) for one, until in self.locked.items()},
            "no_authority": [_withheld_json(one) for one in self.no_authority],
            "pack": self.pack,
            "pack_sha256": str(self.pack_sha256),
            "plan_sha256": str(self.digest),
            "store": str(self.store),
            "unfinished": [str(one) for one in self.unfinished],
            "withheld": [_withheld_json(one) for one in self.withheld],
        }

    def to_csv(self) -> str:
        """Its rows as CSV (RFC 4180) with a header."""
        return rows_to_csv(self.rows())

    def to_arrow(self) -> Any:
        """Its rows as a `pyarrow.Table`; needs pyarrow."""
        return rows_to_arrow(self.rows())


def make_plan(
    candidates: Iterable[ObjectState],
    store: StoreState,
    *,
    store_id: StoreId,
    law: Law,
    at: Instant,
    usual: int,
) -> PurgePlan:
    """Judge every candidate and make a plan of what is due.

    Args:
        candidates: recordings as the law sees them (`bwcstore.custody._derived`).
        store: what is known of the store.
        store_id: its id.
        law: the law of the day.
        at: the moment; its local date is the day of the plan.
        usual: what plans usually destroy.
    """
    due: list[Proof] = []
    withheld: list[Withheld] = []
    no_authority: list[Withheld] = []
    unfinished: list[ObjectId] = []
    locked: dict[ObjectId, Instant] = {}
    considered = 0
    for state in candidates:
        found = judge(state, store, law=law, at=at)
        considered += state.purged is None
        if isinstance(found, Proof):
            due.append(found)
            until = told(state).until
            if until is not None and until > at:
                locked[found.object_id] = until
        elif found.kind is ErrorKind.PURGE_STARTED:
            unfinished.append(found.object_id)
        elif found.kind is ErrorKind.NO_AUTHORITY:
            no_authority.append(found)
        elif found.passed:
            withheld.append(found)
    due.sort(key=lambda proof: (proof.disposal, proof.object_id.text))
    chosen = sorted(due[:PLAN_OBJECTS_MAX], key=lambda proof: proof.object_id.text)
    return PurgePlan(
        store=store_id,
        as_of=local_date(at, law.zone),
        pack=law.pack.id,
        pack_sha256=law.pack.digest,
        agency=law.agency.id,
        agency_sha256=law.agency.digest,
        due=tuple(chosen),
        beyond_count=len(due) - len(chosen),
        withheld=tuple(withheld),
        no_authority=tuple(no_authority),
        unfinished=tuple(unfinished),
        considered_count=considered,
        brakes=find_brakes(
            (proof.changed_at for proof in chosen), usual=usual, store=store, now=at
        ),
        locked=MappingProxyType(
            {
                proof.object_id: locked[proof.object_id]
                for proof in chosen
                if proof.object_id in locked
            }
        ),
    )


def _withheld_json(one: Withheld) -> dict[str, Json]:
    return {
        "by": [*one.by],
        "code": one.kind.value,
        "last_protected": None if one.last_protected is None else str(one.last_protected),
        "message": one.message,
        "object": str(one.object_id),
    }
