"""Finishing destruction that has begun: keys first, then bytes, then the entry that says so.

Rules kept here (spec chapter `purge`):

- what announces the end of a key is under a checkpoint before the key ends (I8);
- what fails for one recording is logged for it, and the others are finished (PRG-15);
- of several processes that finish a recording one says so (PRG-16).
"""

from collections.abc import Mapping, Sequence
from typing import Final

from bwcstore._encoding import Json, encode
from bwcstore._ports import Progress, ProgressEvent
from bwcstore._session._acting import Acting
from bwcstore._session._annexes import put_annex
from bwcstore._session._destroying import Destroyed, destroy_bytes
from bwcstore._values import Instant, ObjectId, ScopeId
from bwcstore.custody._authority import Permission, Verb
from bwcstore.custody._state import State
from bwcstore.errors import BwcStoreError, ErrorKind
from bwcstore.ledger._draft import Decision, Draft
from bwcstore.ledger._purge_kinds import INLINE_OUTCOMES_MAX
from bwcstore.objects._manifest import content_key_id
from bwcstore.purge._outcomes import encode_outcomes

_INLINE_BYTES_MAX: Final = 16 << 10


class Finisher:
    """Finishes the destruction of recordings, group by group.

    Attributes:
        completed: the recordings that are destroyed, in order.
        failed: those that are not, with the code of the reason.
    """

    def __init__(self, acting: Acting, *, progress: Progress, total: int) -> None:
        self.completed: list[ObjectId] = []
        self.failed: dict[ObjectId, ErrorKind] = {}
        self._acting = acting
        self._services = acting.services
        self._progress = progress
        self._total = total

    def finish(self, group: Sequence[ObjectId]) -> None:
        """Destroy keys, then bytes, of recordings whose destruction has begun.

        Raises:
            StorageError: a vault replica still has a key, or the ledger cannot be appended to.
        """
        if not group:
            return
        services = self._services
        services.log.checkpoint()
        try:
            services.vault.destroy([content_key_id(object_id) for object_id in group])
        except BwcStoreError as exc:
            self._report_failed(dict.fromkeys(group, exc.kind))
            raise
        # Asked after the destruction: a rotation meanwhile must count as the later epoch.
        epoch = services.vault.epoch
        state = services.log.state
        found = destroy_bytes(
            [one for object_id in group if (one := state.object(object_id)) is not None],
            backend=services.backend,
            workers=services.environment.workers,
        )
        self._report_completed(
            {key: one for key, one in found.items() if isinstance(one, Destroyed)}, epoch
        )
        self._report_failed(
            {key: one.kind for key, one in found.items() if isinstance(one, BwcStoreError)}
        )

    def _report_completed(self, done: Mapping[ObjectId, Destroyed], epoch: int) -> None:
        bodies = {key: self._completed_body(key, one, epoch) for key, one in done.items()}
        self._report("purge.completed", bodies)
        for object_id, destroyed in done.items():
            self.completed.append(object_id)
            self.failed.pop(object_id, None)
            self._tell(object_id, destroyed)

    def _completed_body(self, object_id: ObjectId, done: Destroyed, epoch: int) -> dict[str, Json]:
        body: dict[str, Json] = {
            "versions": done.versions,
            "bytes": done.length_bytes,
            "epoch": epoch,
            "replicas": [*self._services.vault.replicas],
            "outcomes": [one.to_json() for one in done.outcomes],
        }
        if len(done.outcomes) > INLINE_OUTCOMES_MAX or len(encode(body)) > _INLINE_BYTES_MAX:
            annex = encode_outcomes(object_id, done.outcomes)
            body["outcomes"] = []
            body["outcomes_annex"] = str(put_annex(self._services.backend, annex))
        return body

    def _report_failed(self, failed: Mapping[ObjectId, ErrorKind]) -> None:
        self.failed.update(failed)
        self._report("purge.failed", {key: {"code": code.value} for key, code in failed.items()})

    def _report(self, kind: str, bodies: Mapping[ObjectId, Mapping[str, Json]]) -> None:
        """Append an entry for each recording that nobody else has finished meanwhile."""

        def decide(state: State, permission: Permission, now: Instant) -> Decision:
            drafts: list[Draft] = []
            for object_id, body in bodies.items():
                found = state.object(object_id)
                purge = found.keeping.purge if found else None
                if purge is not None and purge.completed_index is None:
                    whole = {"plan": str(purge.plan), **body}
                    scope = ScopeId.object(object_id)
                    drafts.append(
                        self._acting.bare_draft(permission, kind, whole, now=now, scope=scope)
                    )
            reads = frozenset({"store", *(f"object/{object_id}" for object_id in bodies)})
            return Decision(drafts=tuple(drafts), reads=reads)

        if bodies:
            self._acting.commit(Verb.PURGE, decide)

    def _tell(self, object_id: ObjectId, done: Destroyed) -> None:
        self._progress(
            ProgressEvent(
                verb="purge",
                item=str(object_id),
                done_bytes=done.length_bytes,
                total_bytes=None,
                done_count=len(self.completed),
                total_count=self._total,
            )
        )
