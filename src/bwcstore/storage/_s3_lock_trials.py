"""Whether a bucket refuses what its locks forbid, and allows what they allow.

Rules kept here (spec chapter `storage-probe`): each attempt is made with every right that the
credentials have, and judged by what the bucket says afterwards (PRB-2).
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from bwcstore._values import LockMode
from bwcstore.storage._probe_result import Outcome
from bwcstore.storage._s3_canaries import Canaries, Canary
from bwcstore.storage._s3_client import RefusedError
from bwcstore.storage._s3_versions import whole_second

Found = tuple[Outcome, str]
Trial = Callable[[int], Found]

_NO_LOCK: Final = frozenset(
    {"NoSuchObjectLockConfiguration", "ObjectLockConfigurationNotFoundError"}
)
_BYPASS: Final[Mapping[str, bool]] = {"BypassGovernanceRetention": True}
_OTHER_LOCK: Final = "it was not locked as it was asked to be"
_HELD: Final = (Outcome.HELD, "")


def _failed(detail: str) -> Found:
    return Outcome.FAILED, detail


class LockTrials:
    """The trials of locks on what is stored in one way; each takes the seconds of its lock."""

    def __init__(self, canaries: Canaries, way: str, mode: LockMode) -> None:
        self._canaries = canaries
        self._way = way
        self._mode = mode
        self.locked: list[str] = []

    def all(self) -> Mapping[str, Trial]:
        """The trials by their codes; that canaries can be deleted in the end is not among them."""
        trials: dict[str, Trial] = {
            "extend-lock": self._extend,
            "bypass-governance": self._bypass_governance,
            "delete-locked": self._delete_locked,
            "delete-locked-bypass": self._delete_locked_bypass,
            "shorten-lock": self._shorten,
            "downgrade-lock": self._downgrade,
            "remove-lock": self._remove,
            "delete-held": self._delete_held,
            "delete-unlocked": self._delete_unlocked,
        }
        return {f"{name}-{self._way}": trial for name, trial in trials.items()}

    def _lock(self, seconds: int, mode: LockMode | None = None) -> Canary:
        canary = self._canaries.store_locked(self._way, mode=mode or self._mode, seconds=seconds)
        self.locked.append(canary.name)
        return canary

    # --- What must be allowed -----------------------------------------------------------------

    def _delete_unlocked(self, _: int) -> Found:
        if self._canaries.backend.default_retention:
            return Outcome.NOT_APPLICABLE, "the bucket locks whatever is stored in it"
        canary = self._canaries.store(self._way, self._canaries.fresh())
        self._canaries.attempt("delete_object", canary)
        if self._canaries.is_there(canary):
            return Outcome.REFUSED, "these credentials may not delete a version"
        return _HELD

    def _extend(self, seconds: int) -> Found:
        canary = self._lock(seconds)
        before = self._retention(canary)
        wanted = self._until(canary, 1)
        self._canaries.attempt(
            "put_object_retention", canary, Retention=self._terms(self._mode, wanted)
        )
        after = self._retention(canary)
        if before != self._terms(self._mode, self._until(canary, 0)):
            return _failed(_OTHER_LOCK)
        if after.get("RetainUntilDate") != wanted:
            return Outcome.REFUSED, "these credentials may not make a lock longer"
        self._canaries.note_end(canary, wanted)
        return _HELD

    def _bypass_governance(self, seconds: int) -> Found:
        canary = self._lock(seconds, LockMode.GOVERNANCE)
        self._canaries.attempt("delete_object", canary, **_BYPASS)
        if not self._canaries.is_there(canary):
            return _HELD
        self._canaries.check_in_time(canary)
        return Outcome.REFUSED, "these credentials may not bypass the weaker lock mode"

    # --- What must be refused -----------------------------------------------------------------

    def _delete_locked(self, seconds: int) -> Found:
        return self._kept(self._lock(seconds), "a locked version was deleted")

    def _delete_locked_bypass(self, seconds: int) -> Found:
        return self._kept(self._lock(seconds), "a locked version was deleted by bypass", **_BYPASS)

    def _kept(self, canary: Canary, why: str, **bypass: bool) -> Found:
        self._canaries.attempt("delete_object", canary, **bypass)
        there = self._canaries.is_there(canary)
        self._canaries.check_in_time(canary)
        return _HELD if there else _failed(why)

    def _shorten(self, seconds: int) -> Found:
        # What it is shortened to must lie ahead, or the request is refused for that alone.
        canary = self._lock(seconds + 1)
        terms = self._terms(self._mode, self._until(canary, -1))
        return self._unchanged(canary, terms, "a lock was made shorter", before_seconds=1)

    def _downgrade(self, seconds: int) -> Found:
        if self._mode is LockMode.GOVERNANCE:
            return Outcome.NOT_APPLICABLE, "the locks of this store are of the weaker mode"
        canary = self._lock(seconds)
        terms = self._terms(LockMode.GOVERNANCE, self._until(canary, 0))
        return self._unchanged(canary, terms, "a lock was made weaker")

    def _remove(self, seconds: int) -> Found:
        return self._unchanged(self._lock(seconds), {}, "a lock was removed")

    def _unchanged(
        self, canary: Canary, terms: Mapping[str, Any], why: str, *, before_seconds: float = 0.0
    ) -> Found:
        before = self._retention(canary)
        for bypass in ({}, _BYPASS):
            self._canaries.attempt("put_object_retention", canary, Retention=terms, **bypass)
        after = self._retention(canary)
        self._canaries.check_in_time(canary, before_seconds=before_seconds)
        if before != self._terms(self._mode, self._until(canary, 0)):
            return _failed(_OTHER_LOCK)
        return _HELD if before == after else _failed(why)

    def _delete_held(self, _: int) -> Found:
        """A hold is placed, keeps, is lifted, and lets go: all of it must be so."""
        canary = self._canaries.store(self._way, self._canaries.fresh())
        self._hold(canary, "ON")
        try:
            self._canaries.attempt("delete_object", canary)
            self._canaries.attempt("delete_object", canary, **_BYPASS)
            kept = self._canaries.is_there(canary)
        finally:
            self._canaries.attempt("put_object_legal_hold", canary, LegalHold={"Status": "OFF"})
        if not kept:
            return _failed("a version under legal hold was deleted")
        if stays := self._canaries.remove([canary.name]):
            return Outcome.REFUSED, f"its legal hold could not be lifted: {stays[canary.name]}"
        return _HELD

    def _hold(self, canary: Canary, status: str) -> None:
        self._canaries.call(
            "put_object_legal_hold",
            canary.name,
            VersionId=canary.version,
            LegalHold={"Status": status},
        )

    # --- Terms --------------------------------------------------------------------------------

    def _until(self, canary: Canary, seconds: int) -> Any:
        end = canary.until or self._canaries.now()
        return whole_second(end.plus_seconds(seconds))

    def _terms(self, mode: LockMode, until: Any) -> Mapping[str, Any]:
        return {"Mode": mode.value.upper(), "RetainUntilDate": until}

    def _retention(self, canary: Canary) -> Mapping[str, Any]:
        try:
            fields = self._canaries.call(
                "get_object_retention", canary.name, VersionId=canary.version
            )
        except RefusedError as exc:
            if exc.refusal.absent or exc.refusal.code in _NO_LOCK:
                return {}
            raise
        return dict(fields.get("Retention", {}))
