"""Somebody acting for a stated reason: decide, log, and log the refusals too.

Rules kept here (spec chapter `ordering`):

- no verb runs without an actor and a reason;
- a decision is made at the head at which it is committed, and a refusal at the head as it is;
- a refusal is durable before the caller is told; repeated ones within a minute share an entry
  (ORD-11).
"""

import math
import threading
from collections.abc import Callable, Mapping
from typing import Final

import attrs

from bwcstore._encoding import Json
from bwcstore._ports import Signer
from bwcstore._session._services import Services
from bwcstore._values import STORE_SCOPE, Instant, ObjectId, ScopeId, Tag, check_text
from bwcstore.custody._authority import (
    Permission,
    Verb,
    check_narrowing,
    check_signature_policy,
    decide,
)
from bwcstore.custody._records import NOBODY
from bwcstore.custody._state import State
from bwcstore.errors import (
    AuthorizationError,
    ConflictError,
    ErrorKind,
    InvalidInputError,
    NotFoundError,
    RetentionError,
)
from bwcstore.ledger._draft import Committed, Decision, Draft
from bwcstore.objects._manifest import record_key_id

REFUSAL_WINDOW_SECONDS: Final = 60.0
REASON_LINES_MAX: Final = 64

_REFUSALS: Final = (
    AuthorizationError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    RetentionError,
)

Plan = Callable[[State, Permission, Instant], Decision]


def lines_of(text: str, what: str) -> list[Json]:
    """Free text as the list of lines in which it is kept (ENC-6).

    Raises:
        InvalidInputError: it is blank, has control characters, or has more than 64 lines.
    """
    if not isinstance(text, str) or not text.strip():
        raise InvalidInputError(ErrorKind.REASON_REQUIRED, f"{what}: a text is needed")
    lines = text.strip("\n").split("\n")
    if len(lines) > REASON_LINES_MAX:
        raise InvalidInputError(
            ErrorKind.TOO_LARGE, f"{what}: {len(lines)} lines, at most {REASON_LINES_MAX}"
        )
    return [check_text(line, what) if line else "" for line in lines]


@attrs.frozen(kw_only=True)
class Attribution:
    """Who acts, why, for which purpose, and with which key they sign."""

    login: str
    actor_tag: Tag
    reason: list[Json]
    purpose: str
    signer: Signer | None


@attrs.define
class _Refusals:
    """Repeated refusals, counted until they are written."""

    since: float
    pending: int = 0


class Acting:
    """One actor at work in one store for one reason."""

    def __init__(self, services: Services, who: Attribution) -> None:
        self.services = services
        self.who = who
        self._refused: dict[tuple[Verb, str, ErrorKind], _Refusals] = {}
        self._lock = threading.Lock()

    def allow(self, verb: Verb, *, object_id: ObjectId | None = None) -> Permission:
        """Decide on the state as it is now, logging a refusal, without committing anything.

        Raises:
            AuthorizationError: no; appended as `access.refused`.
        """
        services = self.services
        while True:
            size = services.log.size
            try:
                return services.log.view(
                    lambda state: self._decide(
                        state, verb, services.environment.clock.now(), object_id
                    )
                )
            except AuthorizationError as refusal:
                if self._was_behind(size):
                    continue
                self._log_refusal(verb, refusal, object_id)
                raise

    def commit(self, verb: Verb, plan: Plan, *, object_id: ObjectId | None = None) -> Committed:
        """Decide at the head, append what `plan` drafts, and return it once it is durable.

        Raises:
            AuthorizationError: no; appended as `access.refused`.
            RetentionError: the law or a hold forbids it; appended likewise.
            BwcStoreError: what else `plan` raises, or what the ledger cannot do.
        """

        def decide_at_head(state: State, now: Instant) -> Decision:
            permission = self._decide(state, verb, now, object_id)
            decision = plan(state, permission, now)
            for draft in decision.drafts:
                check_narrowing(state.store, kind=draft.kind, actor=permission.actor)
                check_signature_policy(
                    state.store, kind=draft.kind, signed=self.who.signer is not None
                )
            return decision

        while True:
            size = self.services.log.size
            try:
                return self.services.append(decide_at_head)
            except _REFUSALS as refusal:
                if self._was_behind(size):
                    continue
                if isinstance(refusal, AuthorizationError | RetentionError):
                    self._log_refusal(verb, refusal, object_id)
                raise

    def _was_behind(self, size: int) -> bool:
        """Whether others had appended to what was decided on: then it is to be decided again."""
        log = self.services.log
        if log.read_only is not None or log.in_doubt:
            return False
        log.refresh()
        return log.size > size

    def refuse(self, verb: Verb, refusal: RetentionError, *, object_id: ObjectId) -> None:
        """Log that a verb over many objects passes one of them over, and go on.

        Raises:
            BwcStoreError: it could not be logged.
        """
        self._log_refusal(verb, refusal, object_id)

    def draft(
        self,
        permission: Permission,
        kind: str,
        body: Mapping[str, Json],
        *,
        now: Instant,
        scope: ScopeId = STORE_SCOPE,
        private: Mapping[str, Json] | None = None,
    ) -> Draft:
        """One entry of this actor, its reason sealed into it where the kind carries one."""
        sealed = {"reason": self.who.reason, **(private or {})}
        return self._draft(kind, body, scope=scope, by=permission, now=now, private=sealed)

    def bare_draft(
        self,
        permission: Permission,
        kind: str,
        body: Mapping[str, Json],
        *,
        now: Instant,
        scope: ScopeId = STORE_SCOPE,
    ) -> Draft:
        """One entry of this actor without a sealed part."""
        return self._draft(kind, body, scope=scope, by=permission, now=now, private=None)

    def _draft(
        self,
        kind: str,
        body: Mapping[str, Json],
        *,
        scope: ScopeId,
        by: Permission,
        now: Instant,
        private: Mapping[str, Json] | None,
    ) -> Draft:
        return Draft(
            scope=scope,
            kind=kind,
            by=by.actor.actor_id,
            body=body,
            private=private,
            record_key_id=self._record_key(scope, now) if private else None,
            signer=self.who.signer,
        )

    def _record_key(self, scope: ScopeId, now: Instant) -> str:
        object_id = scope.object_id
        return record_key_id(object_id) if object_id else self.services.year_key(now)

    def _decide(
        self, state: State, verb: Verb, now: Instant, object_id: ObjectId | None
    ) -> Permission:
        who = self.who
        permission = decide(
            state.store,
            verb,
            actor_tag=who.actor_tag,
            now=now,
            purpose=who.purpose,
            object_id=object_id,
        )
        if who.signer is not None and who.signer.public_key != permission.actor.public_key:
            raise AuthorizationError(
                ErrorKind.KEY_UNKNOWN,
                f"the signing key is not the one enrolled for actor {permission.actor.actor_id}",
            )
        return permission

    def _log_refusal(
        self,
        verb: Verb,
        refusal: AuthorizationError | RetentionError,
        object_id: ObjectId | None,
    ) -> None:
        state = self.services.log.state
        known = object_id is not None and state.object(object_id) is not None
        scope = ScopeId.object(object_id) if object_id is not None and known else STORE_SCOPE
        key = (verb, scope.text, refusal.kind)
        moment = self.services.environment.clock.monotonic()
        with self._lock:
            former = self._refused.get(key)
            if former is not None and moment - former.since < REFUSAL_WINDOW_SECONDS:
                former.pending += 1
                # Whoever forgets to close the session still closes the store.
                self.services.owing.add(self.close)
                return
            owed = former.pending if former else 0
            self._refused[key] = _Refusals(since=moment)
        try:
            self._append_refusal(verb, scope, refusal.kind, 1 + owed)
        except BaseException:
            self._owe({key: owed})
            raise

    def _owe(self, counts: Mapping[tuple[Verb, str, ErrorKind], int]) -> None:
        """Keep counts that could not be written; the next refusal or `close` writes them."""
        with self._lock:
            for key, count in counts.items():
                kept = self._refused.pop(key, None)
                owed = count + (kept.pending if kept else 0)
                if owed:
                    self._refused[key] = _Refusals(since=-math.inf, pending=owed)
                    self.services.owing.add(self.close)

    def _append_refusal(self, verb: Verb, scope: ScopeId, kind: ErrorKind, count: int) -> None:
        def plan(state: State, now: Instant) -> Decision:
            actor = state.store.actor_tagged(self.who.actor_tag)
            private: dict[str, Json] = {"reason": self.who.reason}
            if actor is None:
                private["claimed"] = self.who.login
            draft = Draft(
                scope=scope,
                kind="access.refused",
                by=actor.actor_id if actor else NOBODY,
                body={"verb": verb.value, "code": kind.value, "count": count},
                private=private,
                record_key_id=self._record_key(scope, now),
                signer=None,
            )
            return Decision(drafts=(draft,))

        self.services.append(plan)

    def close_generation(self) -> int:
        """Close the ledger's generation and open the next; return its number.

        Raises:
            AuthorizationError: no; appended as `access.refused`.
            BwcStoreError: what the ledger cannot do.
        """
        verb = Verb.CLOSE_GENERATION
        self.services.settle()
        by = self.allow(verb).actor.actor_id
        try:
            return self.services.log.roll(by, permit=self._may_close)
        except AuthorizationError as refusal:
            self._log_refusal(verb, refusal, None)
            raise

    def _may_close(self, state: State, now: Instant) -> Permission:
        permission = self._decide(state, Verb.CLOSE_GENERATION, now, None)
        for kind in ("generation.closed", "generation.opened"):
            check_narrowing(state.store, kind=kind, actor=permission.actor)
        return permission

    def close(self) -> None:
        """Write the refusals that were only counted so far.

        Raises:
            StorageError: they could not be written.
        """
        with self._lock:
            pending = [(key, kept.pending) for key, kept in self._refused.items() if kept.pending]
            self._refused.clear()
            self.services.owing.discard(self.close)
        while pending:
            (verb, scope, kind), count = pending[-1]
            try:
                self._append_refusal(verb, ScopeId(scope), kind, count)
            except BaseException:
                self._owe(dict(pending))
                raise
            pending.pop()


def attribution(
    services: Services, *, actor: str, reason: str, purpose: str, signer: Signer | None
) -> Attribution:
    """Check and bundle who acts and why.

    Raises:
        InvalidInputError: the actor, reason or purpose is blank or malformed.
    """
    check_text(actor, "actor", length_max=256)
    check_text(purpose, "purpose", length_max=64)
    return Attribution(
        login=actor,
        actor_tag=services.tag("actor", actor),
        reason=lines_of(reason, "reason"),
        purpose=purpose,
        signer=signer,
    )
