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
    ASSERTIONS_MAX,
    Assertable,
    Asserting,
    candidate,
    check_not_after_ingest,
    check_recording,
    check_together,
    recording_reads,
    require_present,
)
from bwcstore.custody._assertion import FactAssertion
from bwcstore.custody._authority import Permission, Verb
from bwcstore.custody._clock import moment
from bwcstore.custody._state import State
from bwcstore.errors import ErrorKind, IntegrityError, InvalidInputError, NotFoundError
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


@attrs.frozen(kw_only=True)
class Place:
    """Where an assertion goes: to a recording, to a request, or with neither to the agency.

    Attributes:
        object_id: the recording.
        request: the act of the request.
    """

    object_id: ObjectId | None = None
    request: ActId | None = None

    def __attrs_post_init__(self) -> None:
        if self.object_id is not None and self.request is not None:
            raise InvalidInputError(
                ErrorKind.ARGUMENT_INVALID, "a fact is about a recording or a request, not both"
            )

    @property
    def scope(self) -> ScopeId:
        """Its scope."""
        if self.object_id is not None:
            return ScopeId.object(self.object_id)
        return STORE_SCOPE if self.request is None else ScopeId.act(self.request)

    @property
    def about(self) -> Subject:
        """What a fact there is about."""
        if self.object_id is not None:
            return Subject.RECORDING
        return Subject.AGENCY if self.request is None else Subject.REQUEST

    def former(self, state: State) -> tuple[FactAssertion, ...]:
        """The assertions that are there.

        Raises:
            NotFoundError: there is no such object or request.
            RetentionError: the recording is destroyed, or being destroyed.
            IntegrityError: there are entries of a newer version.
        """
        if self.object_id is not None:
            require_present(state, self.object_id)
        return self.ever(state)

    def ever(self, state: State) -> tuple[FactAssertion, ...]:
        """The assertions that are there, also of a recording that is gone.

        Raises:
            NotFoundError: there is no such object or request.
            IntegrityError: the request has entries of a newer version.
        """
        if self.object_id is not None:
            if (found := state.object(self.object_id)) is None:
                raise NotFoundError(ErrorKind.OBJECT_UNKNOWN, f"no object {self.object_id}")
            # The day of the ingest is nothing that anybody asks here.
            return found.assertions(ingested_on=date.min)
        if self.request is not None:
            return require_request(state, self.request).facts
        return state.store.facts


def require_request(state: State, request: ActId) -> RequestState:
    """A request.

    Raises:
        NotFoundError: there is none of that id (`request-unknown`).
        IntegrityError: it has entries of a newer version (`scope-opaque`).
    """
    found = state.act(request)
    if not isinstance(found, RequestState):
        raise NotFoundError(ErrorKind.REQUEST_UNKNOWN, f"no request {request}")
    if found.opaque:
        raise IntegrityError(
            ErrorKind.SCOPE_OPAQUE,
            f"request {request} has entries of a newer version; this version only reads it",
        )
    return found


def assert_facts(
    acting: Acting, wanted: tuple[Assertable, ...], wording: Wording, *, place: Place
) -> tuple[str, ...]:
    """Assert facts, all of them or none; see `Session.assert_facts`."""
    wording.check()
    if not 1 <= len(wanted) <= ASSERTIONS_MAX:
        raise InvalidInputError(
            ErrorKind.ARGUMENT_INVALID, f"1 to {ASSERTIONS_MAX} facts at once, not {len(wanted)}"
        )
    services = acting.services
    private = wording.private()
    names = tuple(random_id(services.environment.entropy.take(16)) for _ in wanted)

    def plan(state: State, permission: Permission, now: Instant) -> Decision:
        made, reads = asserted(
            acting,
            state,
            permission,
            zip(wanted, names, strict=True),
            wording=wording,
            place=place,
            now=now,
        )
        drafts = tuple(
            acting.draft(
                permission,
                "fact.asserted",
                _body(one, wording),
                now=now,
                scope=place.scope,
                private=private,
            )
            for one in made
        )
        return Decision(drafts=drafts, reads=reads)

    acting.commit(Verb.ASSERT, plan, object_id=place.object_id)
    return names


def asserted(
    acting: Acting,
    state: State,
    permission: Permission,
    wanted: Iterable[tuple[Assertable, str]],
    *,
    wording: Wording,
    place: Place,
    now: Instant,
) -> tuple[tuple[FactAssertion, ...], frozenset[str]]:
    """The assertions that are to be made, checked, and the conflict keys that were read."""
    former = place.former(state)
    at = moment(state, now)
    by = Asserting(
        about=place.about,
        actor=permission.actor,
        basis=wording.basis,
        law=require_law(acting.services, state).now(at),
        at=at,
    )
    made: tuple[FactAssertion, ...] = ()
    for one, name in wanted:
        made = (*made, candidate(one, (*former, *made), by=by, assertion_id=name))
    if place.object_id is None:
        check_together(former, made, by=by)
        return made, frozenset({place.scope.text})
    found = require_present(state, place.object_id)
    check_recording(state, found, made, by=by)
    return made, recording_reads(state, found)


def _body(made: FactAssertion, wording: Wording) -> dict[str, Json]:
    body: dict[str, Json] = {
        "assertion": made.assertion_id,
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
    return body


def fact_of(acting: Acting, assertion_id: str, *, place: Place) -> str:
    """The fact that an assertion is about.

    Raises:
        NotFoundError: there is no such object, request or assertion.
        IntegrityError: the request has entries of a newer version.
    """
    acting.services.log.refresh()
    for one in acting.services.log.view(place.ever):
        if one.assertion_id == assertion_id:
            return one.fact
    raise NotFoundError(
        ErrorKind.ASSERTION_UNKNOWN, f"no assertion {assertion_id!r:.60} in {place.scope.text}"
    )


def add_tags(acting: Acting, object_id: ObjectId, values: dict[str, str | None]) -> None:
    """Add tags; see `Session.add_tags`."""
    given = {kind: value for kind, value in values.items() if value is not None}
    if not given:
        raise InvalidInputError(ErrorKind.ARGUMENT_INVALID, "a case, device or officer is needed")
    for kind, value in given.items():
        check_text(value, kind, length_max=1024)
    services = acting.services
    tags = {kind: services.tag(kind, value) for kind, value in sorted(given.items())}
    body: dict[str, Json] = {"tags": {kind: [str(tag)] for kind, tag in tags.items()}}
    private: dict[str, Json] = {"values": [f"{kind}: {given[kind]}" for kind in sorted(given)]}

    def plan(state: State, permission: Permission, now: Instant) -> Decision:
        found = require_present(state, object_id)
        if all(tag in found.tags.get(kind, ()) for kind, tag in tags.items()):
            return Decision()
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
        found = require_present(state, object_id)
        check_not_after_ingest(found, at)
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
        consents = require_present(state, object_id).keeping.consents
        for name in known:
            if name not in consents or consents[name].withdrawn:
                raise NotFoundError(ErrorKind.CONSENT_UNKNOWN, f"no consent {name} counts")
        draft = acting.draft(
            permission, kind, body, now=now, scope=ScopeId.object(object_id), private=private
        )
        return Decision(drafts=(draft,))

    acting.commit(Verb.CONSENT, plan, object_id=object_id)
