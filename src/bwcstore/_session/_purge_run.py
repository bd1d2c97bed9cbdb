"""Carrying out an approved plan: the order in which keys and bytes go (PRG-12 to PRG-17).

Rules kept here:

- no key and no byte goes before `purge.started` is durable under a checkpoint, and that is decided
  at the head, recording by recording (I8, I9);
- after it nothing stops the destruction: whoever runs any plan next finishes it (PRG-15);
- a recording that no longer proves is passed over, logged, and the run goes on (PRG-13).
"""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from types import MappingProxyType
from typing import Final, cast

import attrs

from bwcstore._encoding import Json
from bwcstore._ports import Progress
from bwcstore._session._acting import Acting
from bwcstore._session._derive import commit_state
from bwcstore._session._destroying import locked_by_storage
from bwcstore._session._finishing import Finisher
from bwcstore._session._keys import rotate
from bwcstore._session._law import Adopted, library_versions, require_law
from bwcstore._session._purge import plan_text
from bwcstore._values import ActId, Instant, ObjectId, ScopeId
from bwcstore.custody._act_records import PlanState
from bwcstore.custody._authority import Permission, Verb
from bwcstore.custody._clock import check_clock
from bwcstore.custody._derived import as_law_sees, lineage
from bwcstore.custody._state import State
from bwcstore.errors import (
    AuthorizationError,
    ConflictError,
    ErrorKind,
    IntegrityError,
    InvalidInputError,
    RetentionError,
)
from bwcstore.ledger._draft import Decision, Draft
from bwcstore.objects._manifest import content_key_id
from bwcstore.purge._approval import check_runnable, require_plan
from bwcstore.purge._plan_text import PlanText
from bwcstore.purge._proof import Proof, Withheld, judge
from bwcstore.purge._standing import Standing, standing

GROUP_OBJECTS: Final = 64
_ROTATIONS_MAX: Final = 3
_REFUSALS: Final = (AuthorizationError, ConflictError, InvalidInputError, RetentionError)


@attrs.frozen(kw_only=True)
class PurgeRun:
    """What a run of a plan did.

    Attributes:
        plan: the act of the plan.
        completed: recordings whose destruction it finished, those of other plans included.
        withheld: recordings that may not be destroyed after all, with the code of the reason.
        failed: recordings whose destruction has begun and is not finished, likewise.
        epoch: the key epoch that it destroyed; None where no key had gone since the last.
    """

    plan: ActId
    completed: tuple[ObjectId, ...]
    withheld: Mapping[ObjectId, ErrorKind]
    failed: Mapping[ObjectId, ErrorKind]
    epoch: int | None


@attrs.frozen(kw_only=True)
class _Started:
    """What one decision made of a group of recordings."""

    finish: tuple[ObjectId, ...]
    withheld: tuple[Withheld, ...]


def run_purge(acting: Acting, act: ActId, *, progress: Progress) -> PurgeRun:
    """Carry out a plan; see `Session.run_purge`."""
    services = acting.services
    acting.allow(Verb.PURGE)
    services.require_writable()
    services.log.refresh()
    plan = require_plan(services.log.state, act)
    run = _Run(acting, plan, plan_text(services, plan), progress)
    run.finish_begun()
    try:
        run.destroy_due()
    except _REFUSALS:
        run.end(reached=False)
        raise
    return run.end(reached=True)


class _Run:
    """One run of one plan."""

    def __init__(self, acting: Acting, plan: PlanState, text: PlanText, progress: Progress) -> None:
        self._acting = acting
        self._services = acting.services
        self._plan = plan
        self._text = text
        self._finisher = Finisher(acting, progress=progress, total=len(text.items))
        self._withheld: dict[ObjectId, ErrorKind] = {}

    # --- Beginning ------------------------------------------------------------------------------

    def finish_begun(self) -> None:
        """Finish what any plan has begun, without deciding again."""
        for group in _groups(self._standing().begun):
            self._finisher.finish(group)

    def destroy_due(self) -> None:
        """Destroy what is left of the plan, as far as it still may be."""
        left = self._left()
        if not left:
            return
        self._acting.commit(Verb.PURGE, lambda state, _, now: self._check(state, now))
        commit_state(self._acting, Verb.PURGE)
        adopted = require_law(self._services, self._services.log.state)
        libraries = library_versions()
        for group in _groups(left):
            unlocked = self._preflight(group)
            started = self._start(unlocked, adopted, libraries)
            for one in started.withheld:
                self._withhold(one)
            self._finisher.finish(started.finish)

    def _check(self, state: State, now: Instant) -> Decision:
        check_clock(state, now)
        plan = require_plan(state, self._plan.act)
        check_runnable(plan, self._text, state.store, now=now)
        return Decision()

    def _left(self) -> list[ObjectId]:
        def present(state: State) -> list[ObjectId]:
            return [
                item.object_id
                for item in self._text.items
                if (found := state.object(item.object_id)) is not None and found.status == "present"
            ]

        return self._services.log.view(present)

    def _standing(self) -> Standing:
        return self._services.log.view(lambda state: standing(state.objects(), state.store))

    # --- Deciding -------------------------------------------------------------------------------

    def _preflight(self, group: Sequence[ObjectId]) -> list[ObjectId]:
        """The recordings that the storage lets be destroyed; the others are logged."""
        state = self._services.log.state
        found = [one for object_id in group if (one := state.object(object_id)) is not None]
        locked = locked_by_storage(
            found,
            backend=self._services.backend,
            workers=self._services.environment.workers,
            now=self._services.environment.clock.now(),
        )
        for object_id, why in locked.items():
            kind = ErrorKind.WITHHELD_BY_STORAGE
            self._withhold(Withheld(object_id=object_id, kind=kind, message=why))
        return [object_id for object_id in group if object_id not in locked]

    def _withhold(self, withheld: Withheld) -> None:
        self._withheld[withheld.object_id] = withheld.kind
        self._acting.refuse(Verb.PURGE, withheld.error, object_id=withheld.object_id)

    def _start(
        self, group: Sequence[ObjectId], adopted: Adopted, libraries: list[Json]
    ) -> _Started:
        """Judge each recording at the head, and begin the destruction of those that prove."""

        def decide(state: State, permission: Permission, now: Instant) -> Decision:
            self._check(state, now)
            law = adopted.now(now)
            drafts: list[Draft] = []
            finish: list[ObjectId] = []
            withheld: list[Withheld] = []
            reads = {f"act/{self._plan.act}"}
            for object_id in group:
                found = state.object(object_id)
                if found is None:
                    continue
                reads.update(f"object/{one.object_id}" for one in lineage(state, found))
                seen = as_law_sees(state, found)
                judged = judge(seen, state.store, law=law, at=now)
                if isinstance(judged, Proof):
                    drafts.append(self._started(permission, state, judged, libraries, now))
                    finish.append(object_id)
                elif judged.kind is ErrorKind.PURGE_STARTED:
                    finish.append(object_id)
                elif judged.kind is not ErrorKind.OBJECT_PURGED:
                    withheld.append(judged)
            outcome = _Started(finish=tuple(finish), withheld=tuple(withheld))
            return Decision(drafts=tuple(drafts), reads=frozenset(reads), outcome=outcome)

        return cast("_Started", self._acting.commit(Verb.PURGE, decide).outcome)

    def _started(
        self,
        permission: Permission,
        state: State,
        proof: Proof,
        libraries: list[Json],
        now: Instant,
    ) -> Draft:
        plan = require_plan(state, self._plan.act)
        body: dict[str, Json] = {
            "plan": str(plan.act),
            "plan_sha256": str(plan.digest),
            "approvals": [*sorted(plan.approvals.values())],
            "libraries": libraries,
            **proof.body(),
        }
        scope = ScopeId.object(proof.object_id)
        return self._acting.draft(permission, "purge.started", body, now=now, scope=scope)

    # --- Ending ---------------------------------------------------------------------------------

    def end(self, *, reached: bool) -> PurgeRun:
        """End the key epoch if a key has gone, and the run if it did anything.

        Args:
            reached: the plan was carried out as far as it could be; else it was refused.
        """
        made = self._finisher
        epoch = self._end_epoch()
        did = bool(made.completed or made.failed or self._withheld or epoch is not None)
        counts = self._counts()
        plan = require_plan(self._services.log.state, self._plan.act)
        told = bool(plan.ended) and plan.completed == counts["completed"]
        if did or (reached and not told):
            body = {**counts} if epoch is None else {**counts, "epoch": epoch}
            self._report_ended(body)
        return PurgeRun(
            plan=self._plan.act,
            completed=tuple(made.completed),
            withheld=MappingProxyType(dict(self._withheld)),
            failed=MappingProxyType(dict(made.failed)),
            epoch=epoch,
        )

    def _end_epoch(self) -> int | None:
        """Replace the key epoch, until no key of what is destroyed is found any more.

        Every run looks for such keys: a vault that was restored has them again.

        Raises:
            IntegrityError: such a key comes back again and again (`not-destroyed`).
            StorageError: a vault replica failed; the next run goes on.
        """
        found = self._standing()
        wanted = {content_key_id(object_id) for object_id in (*found.gone, *found.begun)}
        if not found.owes_epoch and not self._destroy_returned(wanted):
            return None
        for _ in range(_ROTATIONS_MAX):
            ended = rotate(self._acting, verb=Verb.PURGE)
            if not self._destroy_returned(wanted):
                return ended.destroyed
        raise IntegrityError(
            ErrorKind.NOT_DESTROYED, "keys of destroyed recordings come back again and again"
        )

    def _destroy_returned(self, wanted: Container[str]) -> bool:
        """Destroy those of the keys that the vault has, if it has any."""
        vault = self._services.vault
        back = [one.key_id for one in vault.inventory() if one.key_id in wanted]
        if back:
            vault.destroy(back)
        return bool(back)

    def _counts(self) -> dict[str, Json]:
        def count(state: State) -> dict[str, Json]:
            completed = failed = withheld = 0
            for item in self._text.items:
                found = state.object(item.object_id)
                purge = found.keeping.purge if found else None
                if purge is None:
                    withheld += 1
                elif purge.plan == self._plan.act:
                    completed += purge.completed_index is not None
                    failed += purge.completed_index is None
            return {"completed": completed, "withheld": withheld, "failed": failed}

        return self._services.log.view(count)

    def _report_ended(self, body: dict[str, Json]) -> None:
        def decide(_: State, permission: Permission, now: Instant) -> Decision:
            draft = self._acting.bare_draft(
                permission, "purge.run_ended", body, now=now, scope=ScopeId.act(self._plan.act)
            )
            return Decision(drafts=(draft,))

        self._acting.commit(Verb.PURGE, decide)


def _groups(ids: Iterable[ObjectId]) -> Iterator[tuple[ObjectId, ...]]:
    remaining = iter(ids)
    while group := tuple(islice(remaining, GROUP_OBJECTS)):
        yield group
