"""May this recording be shown or given to this person, by this right, with these redactions?

Rules kept here (spec chapter `releases`):

- the law decides, from what the ledger says of the recording and of the request (REL-10, REL-11);
- what it makes unrecognisable or withholds is so in the object that is released; what it wants
  recognisable is (REL-13 to REL-15);
- whoever receives a recording as an agency has acknowledged its duties (REL-16);
- a clock that is behind the ledger releases nothing (REL-17).
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

import attrs

from bwcstore._values import ActId, Instant, ObjectId
from bwcstore.custody._act_records import RequestState
from bwcstore.custody._clock import check_not_behind, moment
from bwcstore.custody._derived import as_law_sees, lineage, redacted
from bwcstore.custody._deriving import check_there
from bwcstore.custody._knowledge import asserted_facts, recording_facts
from bwcstore.custody._object_records import ObjectState
from bwcstore.custody._state import State
from bwcstore.errors import (
    ErrorKind,
    IntegrityError,
    InvalidInputError,
    NotFoundError,
    RetentionError,
)
from bwcstore.ledger._custody_kinds import REQUEST_KINDS, RIGHTS
from bwcstore.statute._access import access
from bwcstore.statute._civil import local_date
from bwcstore.statute._facts import Facts, Subject, Value
from bwcstore.statute._judgements import Access, ActDecided, Ground, OverlayApplied, Question
from bwcstore.statute._pack import Law
from bwcstore.statute._rules import Act, Outcome

COURT_ORDER: Final = "court-order"
DISCRETION: Final = "discretion"
ACKNOWLEDGED: Final = frozenset({"agency-share", "prosecution"})
REQUESTS_FOR: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "subject": frozenset({"subject-view", "subject-copy"}),
        "public": frozenset({"public", "subject-public"}),
        "kin": frozenset({"kin-inspection"}),
        "agency-share": frozenset({"agency-share"}),
        "prosecution": frozenset({"agency-share"}),
        COURT_ORDER: frozenset({COURT_ORDER}),
        DISCRETION: frozenset(REQUEST_KINDS),
    }
)
_VIEWED_ONLY: Final = frozenset({"subject-view", "kin-inspection"})
_REQUESTER: Final = "requester"
_REQUESTED_ON: Final = "requested_on"


@attrs.frozen(kw_only=True)
class Wish:
    """A release as it is asked for.

    Attributes:
        object_id: what is to be shown or given.
        right: by what right; one of `RIGHTS`.
        recipient: to whom, as the pack names actors.
        mode: shown or given.
        purpose: what for, as the pack names purposes; None where nothing is said.
        request: the act of the request that it answers.
        redactions: overlays that the caller takes to be carried out in the object.
        acknowledged: the receiver has acknowledged its duties.
    """

    object_id: ObjectId
    right: str
    recipient: str
    mode: Act
    purpose: str | None = None
    request: ActId | None = None
    redactions: frozenset[str] = frozenset()
    acknowledged: bool = False

    def __attrs_post_init__(self) -> None:
        if self.right not in RIGHTS:
            raise InvalidInputError(
                ErrorKind.ARGUMENT_INVALID,
                f"right {self.right!r:.40}: one of {', '.join(RIGHTS)}",
            )


@attrs.frozen(kw_only=True)
class Granted:
    """A release that the law lets pass.

    Attributes:
        ground: the rule that decided, with its citation.
        redactions: the overlays that were carried out in the object, sorted.
        recognisable: what has to stay recognisable, and did as far as the ledger says.
        withheld: what a court's order decides on and the law would withhold.
        duties: what the agency must do besides, in words.
    """

    ground: Ground
    redactions: tuple[str, ...]
    recognisable: tuple[OverlayApplied, ...]
    withheld: tuple[OverlayApplied, ...]
    duties: tuple[str, ...]


def decide_release(state: State, wish: Wish, *, law: Law, now: Instant) -> Granted:
    """Decide whether a recording may be shown or given.

    Args:
        state: what the ledger implies.
        wish: what is asked for.
        law: the law of the day.
        now: this machine's clock.

    Raises:
        NotFoundError: there is no such object (`object-unknown`) or request
            (`request-unknown`).
        ConflictError: the clock is behind the ledger (`clock-behind`).
        RetentionError: no; the kind says why: `law-forbids` with the citation,
            `redaction-required`, `acknowledgement-required`, `request-state`, `purge-started`,
            `object-purged`.
        InvalidInputError: the pack has no such recipient (`argument-invalid`) or purpose
            (`purpose-unknown`).
        IntegrityError: the object or the request has entries of a newer version
            (`scope-opaque`).
    """
    check_not_behind(state, now)
    at = moment(state, now)
    found = state.object(wish.object_id)
    if found is None:
        raise NotFoundError(ErrorKind.OBJECT_UNKNOWN, f"no object {wish.object_id}")
    # The law would be asked with what every object of the line says.
    check_there(as_law_sees(state, found))
    request = _fitting_request(state, found, wish)
    shared = wish.right in ACKNOWLEDGED or (request is not None and request.kind in ACKNOWLEDGED)
    if shared and not wish.acknowledged:
        raise RetentionError(
            ErrorKind.ACKNOWLEDGEMENT_REQUIRED,
            f"object {wish.object_id}: sharing it needs what the receiver signed of its duties",
        )
    known = _access(state, found, request, wish, law=law, at=at)
    decided = known.copy if wish.mode is Act.COPY else known.view
    ground = _ground(decided, known, wish)
    made = redacted(state, found)
    _check_redactions(decided, made, wish)
    return Granted(
        ground=ground,
        redactions=tuple(sorted(made)),
        recognisable=decided.never_redact,
        withheld=tuple(one for one in decided.withhold if one.ground.rule not in made),
        duties=known.duties,
    )


def release_reads(state: State, wish: Wish) -> frozenset[str]:
    """The conflict keys that deciding a release reads (LED-31)."""
    keys = {"store", f"object/{wish.object_id}"}
    if (found := state.object(wish.object_id)) is not None:
        keys.update(f"object/{one.object_id}" for one in lineage(state, found))
    if wish.request is not None:
        keys.add(f"act/{wish.request}")
    return frozenset(keys)


def _fitting_request(state: State, found: ObjectState, wish: Wish) -> RequestState | None:
    """The request that a release answers, if it rests on one (REL-12)."""
    if wish.request is None:
        if wish.right == COURT_ORDER:
            raise RetentionError(
                ErrorKind.REQUEST_STATE,
                f"object {wish.object_id}: a release by a court's order names the request with it",
            )
        return None
    request = state.act(wish.request)
    if not isinstance(request, RequestState):
        raise NotFoundError(ErrorKind.REQUEST_UNKNOWN, f"no request {wish.request}")
    if request.opaque:
        raise IntegrityError(
            ErrorKind.SCOPE_OPAQUE,
            f"request {wish.request} has entries of a newer version; this version only reads it",
        )
    about = next(
        (
            one.keeping.requests[wish.request]
            for one in lineage(state, found)
            if wish.request in one.keeping.requests
        ),
        None,
    )
    why = None
    if about is None:
        why = f"is not about object {wish.object_id} or what that was made of"
    elif ended := {about.outcome, request.outcome} & {"denied", "withdrawn"}:
        why = f"was {' and '.join(sorted(str(one) for one in ended))}"
    elif request.kind not in REQUESTS_FOR[wish.right]:
        why = f"is of the kind {request.kind}, which the right {wish.right} does not rest on"
    elif wish.mode is Act.COPY and request.kind in _VIEWED_ONLY:
        why = f"is of the kind {request.kind} and asks for no copy"
    elif request.requester != wish.recipient:
        why = f"was made by {request.requester}, not by {wish.recipient}"
    if why is not None:
        raise RetentionError(ErrorKind.REQUEST_STATE, f"request {wish.request} {why}")
    return request


def _access(
    state: State,
    found: ObjectState,
    request: RequestState | None,
    wish: Wish,
    *,
    law: Law,
    at: Instant,
) -> Access:
    pack = law.pack
    if wish.recipient not in {term.id for term in pack.actors}:
        raise InvalidInputError(
            ErrorKind.ARGUMENT_INVALID,
            f"recipient {wish.recipient!r:.60}: pack {pack.id} has no such actor",
        )
    if wish.purpose is not None and wish.purpose not in {term.id for term in pack.purposes}:
        raise InvalidInputError(
            ErrorKind.PURPOSE_UNKNOWN,
            f"purpose {wish.purpose!r:.60}: pack {pack.id} has no such purpose",
        )
    question = Question(actor=wish.recipient, purpose=wish.purpose)
    try:
        facts = release_facts(state, found, request, law=law, at=at)
        return access(facts, question, law=law, as_of=local_date(at, law.zone))
    except InvalidInputError as exc:
        # Facts that nobody can take, or that contradict each other, favour nobody (REL-11).
        raise RetentionError(
            ErrorKind.LAW_FORBIDS,
            f"object {wish.object_id}: the law cannot be asked with its facts: {exc.message}",
        ) from exc


def release_facts(
    state: State, found: ObjectState, request: RequestState | None, *, law: Law, at: Instant
) -> Facts:
    """What the law is asked with about a release (REL-11).

    Each fact is taken from the scope of what it is about, so that what was said of one request is
    not taken for another.

    Raises:
        InvalidInputError: an assertion is none that the pack can take, or two contradict each
            other.
    """
    pack, zone = law.pack, law.zone
    on = local_date(at, zone)
    recording = recording_facts(as_law_sees(state, found), state.store, law=law, at=at)
    agency = asserted_facts(state.store.facts, pack=pack, zone=zone, on=on, at=at)
    asked: dict[str, Value] = {}
    if request is not None:
        said = asserted_facts(request.facts, pack=pack, zone=zone, on=on, at=at)
        asked = {_REQUESTER: request.requester, _REQUESTED_ON: request.received, **said.values}
    by_subject: Mapping[Subject, Mapping[str, Value]] = {
        Subject.RECORDING: recording.values,
        Subject.REQUEST: asked,
        Subject.AGENCY: agency.values,
    }
    return Facts(
        {
            spec.name: by_subject[spec.about][spec.name]
            for spec in pack.facts
            if spec.name in by_subject[spec.about]
        }
    )


def _ground(decided: ActDecided, known: Access, wish: Wish) -> Ground:
    """The rule that lets a release pass (REL-10)."""
    if decided.outcome is Outcome.ALLOW:
        return decided.ground
    if wish.right == DISCRETION and decided.may_disclose:
        return decided.may_disclose[0].ground
    if wish.right == COURT_ORDER and decided.outcome is Outcome.ESCALATE:
        return decided.ground
    what = "is left to a person" if decided.outcome is Outcome.ESCALATE else "is not allowed"
    says = [f"{decided.act} by {wish.recipient} {what}: {_cited((decided.ground,))}"]
    if decided.unmet:
        says.append(f"not met: {_cited(decided.unmet)}")
    if known.missing:
        says.append(f"not known: {', '.join(known.missing)}")
    raise RetentionError(ErrorKind.LAW_FORBIDS, f"object {wish.object_id}: {'; '.join(says)}")


def _check_redactions(decided: ActDecided, made: frozenset[str], wish: Wish) -> None:
    hidden = [one.ground for one in decided.never_redact if one.ground.rule in made]
    if hidden:
        raise RetentionError(
            ErrorKind.LAW_FORBIDS,
            f"object {wish.object_id}: it makes unrecognisable what has to stay recognisable: "
            f"{_cited(hidden)}",
        )
    kept_back = [one.ground for one in decided.withhold if one.ground.rule not in made]
    if kept_back and wish.right != COURT_ORDER:
        raise RetentionError(
            ErrorKind.LAW_FORBIDS,
            f"object {wish.object_id}: it has what {wish.recipient} does not get as a "
            f"{decided.act}: {_due(kept_back)}",
        )
    owed = [one.ground for one in decided.must_redact if one.ground.rule not in made]
    if owed:
        raise RetentionError(
            ErrorKind.REDACTION_REQUIRED,
            f"object {wish.object_id}: not made unrecognisable for {wish.recipient}: {_due(owed)}",
        )
    if claimed := sorted(wish.redactions - made):
        raise RetentionError(
            ErrorKind.REDACTION_REQUIRED,
            f"object {wish.object_id}: {', '.join(claimed)} were not carried out in it",
        )


def _cited(grounds: Iterable[Ground]) -> str:
    return ", ".join(f"{one.rule} ({one.cite})" for one in grounds)


def _due(grounds: Iterable[Ground]) -> str:
    return ", ".join(
        f"{one.rule} ({one.cite}{'' if one.certain else '; facts are missing, so it may apply'})"
        for one in grounds
    )
