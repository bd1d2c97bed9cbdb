"""Facts, tags, clocks and consents: decided, and appended to the scope that they are about."""

from collections.abc import Iterable
from datetime import date
from typing import Final
from uuid import UUID

import attrs

from bwcstore._encoding import Json
from bwcstore._session._acting import Acting, lines_of
from bwcstore._session._actors import random_id
from bwcstore._session._law import require_law
from bwcstore._values import (
    STORE_SCOPE,
    ActId,
    Digest,
    Instant,
    ObjectId,
    ScopeId,
    check_text,
)
from bwcstore.custody._act_records import RequestState
from bwcstore.custody._asserting import (
    Assertable,
    candidate,
    check_present,
    check_recording,
    check_together,
)
from bwcstore.custody._authority import Permission, Verb
from bwcstore.custody._object_records import ObjectState
from bwcstore.custody._state import State
from bwcstore.errors import ErrorKind, InvalidInputError, NotFoundError
from bwcstore.ledger._custody_kinds import CORRECTION, FACT_BASES
from bwcstore.ledger._draft import Decision
from bwcstore.ledger._kind import BASES
from bwcstore.statute._facts import Subject

COVERS: Final = ("identity", "public")


@attrs.frozen(kw_only=True)
class Wording:
    """What goes with an assertion beside its fact.

    Attributes:
        basis: what it rests on: `report`, `document`, `system`, `observation`, `statement`.
        statement: words about it, sealed.
        document_sha256: the digest of the document it rests on.
    """

    basis: str = "observation"
    statement: str | None = None
    document_sha256: Digest | None = None

    def check(self) -> None:
        """Check the basis.

        Raises:
            InvalidInputError: it is none of the list.
        """
        if self.basis not in FACT_BASES:
            raise InvalidInputError(
                ErrorKind.ARGUMENT_INVALID,
                f"basis {self.basis!r:.40}: one of {', '.join(FACT_BASES)}",
            )

    def private(self) -> dict[str, Json]:
        """The sealed fields."""
        if self.statement is None:
            return {}
        return {"statement": lines_of(self.statement, "statement")}


def require_object(state: State, object_id: ObjectId) -> ObjectState:
    """An object that is there and not being destroyed.

    Raises:
        NotFoundError: there is no such object.
        RetentionError: it is destroyed, or being destroyed.
    """
    found = state.object(object_id)
    if found is None:
        raise NotFoundError(ErrorKind.OBJECT_UNKNOWN, f"no object {object_id}")
    check_present(found)
    return found


def _require_request(state: State, request: ActId) -> RequestState:
    found = state.act(request)
    if not isinstance(found, RequestState):
        raise NotFoundError(ErrorKind.REQUEST_UNKNOWN, f"no request {request}")
    return found


def assert_fact(
    acting: Acting,
    wanted: Assertable,
    wording: Wording,
    *,
    object_id: ObjectId | None,
    request: ActId | None,
) -> str:
    """Assert a fact; see `Session.assert_fact`."""
    wording.check()
    services = acting.services
    assertion_id = random_id(services.environment.entropy.take(16))
    scope = STORE_SCOPE
    if object_id is not None and request is not None:
        raise InvalidInputError(
            ErrorKind.ARGUMENT_INVALID, "a fact is about a recording or a request, not both"
        )
    if object_id is not None:
        scope = ScopeId.object(object_id)
    elif request is not None:
        scope = ScopeId.act(request)

    def plan(state: State, permission: Permission, now: Instant) -> Decision:
        found = None if object_id is None else require_object(state, object_id)
        if found is not None:
            about, former = Subject.RECORDING, found.keeping.facts
        elif request is not None:
            about, former = Subject.REQUEST, _require_request(state, request).facts
        else:
            about, former = Subject.AGENCY, state.store.facts
        law = require_law(services, state).now(now)
        made = candidate(
            wanted,
            former,
            about=about,
            law=law,
            actor=permission.actor,
            assertion_id=assertion_id,
            basis=wording.basis,
            at=now,
        )
        if found is not None:
            check_recording(found, state.store, made, law=law, at=now)
        else:
            check_together(former, made, law=law, at=now)
        body: dict[str, Json] = {
            "assertion": assertion_id,
            "fact": made.fact,
            "since": made.since.isoformat(),
            "basis": made.basis,
        }
        if made.value is not None:
            body["value"] = made.value
        if made.supersedes is not None:
            body["supersedes"] = made.supersedes
        if wording.document_sha256 is not None:
            body["document_sha256"] = str(wording.document_sha256)
        draft = acting.draft(
            permission, "fact.asserted", body, now=now, scope=scope, private=wording.private()
        )
        return Decision(drafts=(draft,))

    acting.commit(Verb.ASSERT, plan, object_id=object_id)
    return assertion_id


def retracted(fact: str, assertion_id: str, since: date | None = None) -> Assertable:
    """What takes an assertion back."""
    return Assertable(fact=fact, value=None, supersedes=assertion_id, since=since)


def fact_of(
    acting: Acting, assertion_id: str, *, object_id: ObjectId | None, request: ActId | None
) -> str:
    """The fact that an assertion of a scope is about.

    Raises:
        NotFoundError: there is no such object, request or assertion.
    """
    acting.services.log.refresh()
    state = acting.services.log.state
    if object_id is not None:
        former = require_object(state, object_id).keeping.facts
    elif request is not None:
        former = _require_request(state, request).facts
    else:
        former = state.store.facts
    for one in former:
        if one.assertion_id == assertion_id:
            return one.fact
    raise NotFoundError(ErrorKind.ASSERTION_UNKNOWN, f"no assertion {assertion_id!r:.60}")


def add_tags(acting: Acting, object_id: ObjectId, values: dict[str, str | None]) -> None:
    """Add tags; see `Session.add_tags`."""
    given = {kind: value for kind, value in values.items() if value is not None}
    if not given:
        raise InvalidInputError(ErrorKind.ARGUMENT_INVALID, "a case, device or officer is needed")
    for kind, value in given.items():
        check_text(value, kind, length_max=1024)
    services = acting.services
    body: dict[str, Json] = {
        "tags": {kind: [str(services.tag(kind, value))] for kind, value in sorted(given.items())}
    }
    private: dict[str, Json] = {"values": [f"{kind}: {given[kind]}" for kind in sorted(given)]}

    def plan(state: State, permission: Permission, now: Instant) -> Decision:
        require_object(state, object_id)
        draft = acting.draft(
            permission,
            "tags.added",
            body,
            now=now,
            scope=ScopeId.object(object_id),
            private=private,
        )
        return Decision(drafts=(draft,))

    acting.commit(Verb.CORRECT, plan, object_id=object_id)


def correct_time(
    acting: Acting, object_id: ObjectId, at: Instant, *, basis: str, statement: str
) -> str:
    """Claim another time; see `Session.correct_time`."""
    if basis == "ingest" or basis not in (*BASES, CORRECTION):
        raise InvalidInputError(
            ErrorKind.ARGUMENT_INVALID,
            f"basis {basis!r:.40}: one of camera-clock, container, dock, {CORRECTION}",
        )
    services = acting.services
    claim_id = random_id(services.environment.entropy.take(16))
    words = lines_of(statement, "statement")

    def plan(state: State, permission: Permission, now: Instant) -> Decision:
        found = require_object(state, object_id)
        if at.microseconds > found.ingested_at.microseconds:
            raise InvalidInputError(
                ErrorKind.ARGUMENT_INVALID,
                f"object {object_id} cannot be of {at}: it was ingested at {found.ingested_at}",
            )
        body: dict[str, Json] = {"claim": claim_id, "at": str(at), "basis": basis}
        draft = acting.draft(
            permission,
            "collected.claimed",
            body,
            now=now,
            scope=ScopeId.object(object_id),
            private={"statement": words},
        )
        return Decision(drafts=(draft,))

    acting.commit(Verb.CORRECT, plan, object_id=object_id)
    return claim_id


def record_consent(
    acting: Acting,
    object_id: ObjectId,
    *,
    covers: str,
    name: str | None,
    wording: Wording,
) -> str:
    """Record a consent; see `Session.record_consent`."""
    if covers not in COVERS:
        raise InvalidInputError(
            ErrorKind.ARGUMENT_INVALID, f"covers {covers!r:.40}: one of {', '.join(COVERS)}"
        )
    consent_id = random_id(acting.services.environment.entropy.take(16))
    private = wording.private()
    if name is not None:
        private["name"] = check_text(name, "name", length_max=256)
    body: dict[str, Json] = {"consent": consent_id, "covers": covers}
    if wording.document_sha256 is not None:
        body["document_sha256"] = str(wording.document_sha256)
    _append_consent(acting, object_id, "consent.recorded", body, private, known=())
    return consent_id


def withdraw_consent(acting: Acting, object_id: ObjectId, consent_id: str) -> None:
    """Take a consent back; see `Session.withdraw_consent`."""
    try:
        UUID(consent_id)
    except ValueError as exc:
        raise NotFoundError(ErrorKind.CONSENT_UNKNOWN, f"no consent {consent_id!r:.60}") from exc
    body: dict[str, Json] = {"consent": consent_id}
    _append_consent(acting, object_id, "consent.withdrawn", body, {}, known=(consent_id,))


def _append_consent(
    acting: Acting,
    object_id: ObjectId,
    kind: str,
    body: dict[str, Json],
    private: dict[str, Json],
    *,
    known: Iterable[str],
) -> None:
    def plan(state: State, permission: Permission, now: Instant) -> Decision:
        consents = require_object(state, object_id).keeping.consents
        for name in known:
            if name not in consents or consents[name].withdrawn:
                raise NotFoundError(ErrorKind.CONSENT_UNKNOWN, f"no consent {name} counts")
        draft = acting.draft(
            permission, kind, body, now=now, scope=ScopeId.object(object_id), private=private
        )
        return Decision(drafts=(draft,))

    acting.commit(Verb.CONSENT, plan, object_id=object_id)
