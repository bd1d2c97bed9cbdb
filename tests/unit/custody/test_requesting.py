"""Requests, decided from state alone."""

from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from types import MappingProxyType

import attrs
import pytest

from bwcstore._encoding import Json
from bwcstore._values import ActId, ObjectId, ScopeId, Tag
from bwcstore.custody._object_records import RequestBound
from bwcstore.custody._records import Actor
from bwcstore.custody._requesting import (
    advise,
    bound_to,
    check_denial,
    check_notice,
    check_requester,
    check_rule,
    day_of,
    ending,
    granting,
    open_request,
    require_request,
    to_answer,
    to_bind,
)
from bwcstore.custody._state import State
from bwcstore.errors import (
    AuthorizationError,
    BwcStoreError,
    ErrorKind,
    IntegrityError,
    InvalidInputError,
    RetentionError,
)
from bwcstore.statute._files._agency_file import read_agency
from bwcstore.statute._files._library import agency_text, pack_text
from bwcstore.statute._files._reading import read_pack
from bwcstore.statute._pack import Law
from tests.unit.custody.entries import CHIEF, CLIP, CREATED, ENROLLED, INGESTED, OTHER, entry
from tests.unit.session.asking import WANTED
from tests.unit.session.disclosure import AGENCY

ASKED = ActId("01900000-0000-7000-8000-00000000000a")
PLAN = ActId("01900000-0000-7000-8000-0000000000aa")
NO_REQUEST = ActId("01900000-0000-7000-8000-0000000000fe")
RECEIVED, TODAY = date(2026, 3, 1), date(2026, 3, 2)


@lru_cache(maxsize=2)
def law(on: date = TODAY) -> Law:
    """The law of a shipped pack on a day."""
    words, name = pack_text("us-mn")
    pack = read_pack(words, name=name)
    text, name = agency_text(AGENCY)
    return pack.law(read_agency(text, pack=pack, name=name), on=on)


class Desk:
    """A state with two recordings and a request, and what is appended to it."""

    def __init__(self, kind: str = "subject-copy") -> None:
        self.state = State()
        self.kind = kind
        self.add("store.created", CREATED)
        self.add("actor.enrolled", ENROLLED)
        for one in (CLIP, OTHER):
            self.add("object.ingested", INGESTED, scope=ScopeId.object(one))
        received: dict[str, Json] = {
            "kind": kind,
            "requester": "recorded_individual",
            "received": str(RECEIVED),
        }
        self.add("request.received", received, scope=ScopeId.act(ASKED))

    def add(self, kind: str, body: Mapping[str, Json], scope: ScopeId = ScopeId("store")) -> None:
        """One more entry."""
        head = self.state.head(scope)
        index = max((known.index for _, known in self.state.heads()), default=-1) + 1
        seq = 0 if head is None else head.seq + 1
        self.state.fold(entry(kind, body, scope=scope, seq=seq, index=index))

    def bind(self, *objects: ObjectId, days: int | None = None) -> None:
        """Bind the request."""
        body: dict[str, Json] = {
            "request": str(ASKED),
            "kind": self.kind,
            "received": str(RECEIVED),
            "answers": [],
        }
        if days is not None:
            body |= {"days": days, "answers": [{"flag": name, "value": True} for name in WANTED]}
        for one in objects:
            self.add("request.bound", body, ScopeId.object(one))

    def answer(self, outcome: str, *objects: ObjectId) -> None:
        """Answer it."""
        body: dict[str, Json] = {"request": str(ASKED), "outcome": outcome, "on": str(TODAY)}
        for one in objects:
            self.add("request.answered", body, ScopeId.object(one))


def actor(*roles: str) -> Actor:
    """Somebody with these roles."""
    return Actor(actor_id=CHIEF, roles=frozenset(roles), tag=Tag("0" * 32))


def bound(days: int | None = 180, **changes: bool) -> RequestBound:
    """A request to retain, as the law wants it asked unless the test says otherwise."""
    return RequestBound(
        request=ASKED,
        kind="subject-retain",
        received=RECEIVED,
        days=days,
        answers=MappingProxyType({**WANTED, **changes}),
    )


@pytest.mark.spec("REQ-4", "REQ-8")
def test_a_request_is_about_what_it_was_bound_to_in_a_branch_too() -> None:
    """The index follows branches of the state that are adopted, and those that are thrown away."""
    desk = Desk()
    desk.bind(CLIP)
    lost, kept = Desk(), desk.state.branch()
    lost.state = desk.state.branch()
    lost.bind(OTHER)

    assert (CLIP, OTHER) == lost.state.bound(ASKED)
    assert (CLIP,) == kept.bound(ASKED)

    desk.state, parent = kept, desk.state
    desk.bind(OTHER)
    parent.adopt(kept)

    assert [CLIP, OTHER] == [one.object_id for one in bound_to(parent, ASKED)]
    assert () == parent.bound(NO_REQUEST)


@pytest.mark.spec("REQ-4")
def test_only_what_it_is_not_about_already_is_bound() -> None:
    """Each once; what it is about already stays as it is."""
    desk = Desk()
    desk.bind(CLIP)

    assert [OTHER] == [
        one.object_id for one in to_bind(desk.state, ASKED, [CLIP, OTHER, OTHER, CLIP])
    ]


@pytest.mark.spec("REQ-5")
@pytest.mark.parametrize(
    ("before", "outcome", "possible"),
    [
        (None, "granted", True),
        (None, "denied", True),
        (None, "withdrawn", True),
        ("granted", "withdrawn", True),
        ("granted", "granted", False),
        ("granted", "denied", False),
        ("denied", "granted", False),
        ("denied", "withdrawn", False),
        ("withdrawn", "withdrawn", False),
        ("withdrawn", "granted", False),
    ],
)
def test_what_an_answer_can_become(before: str | None, outcome: str, *, possible: bool) -> None:
    """Pending becomes anything, granted withdrawn, and nothing else anything else."""
    desk = Desk()
    desk.bind(CLIP, OTHER)
    if before is not None:
        desk.answer(before, CLIP)
    both = outcome == "withdrawn" or before is None

    if possible:
        assert {CLIP} == set(to_answer(desk.state, ASKED, outcome, [CLIP]))
        assert (
            {CLIP, OTHER} if both else {OTHER} == set(to_answer(desk.state, ASKED, outcome, None))
        )
    else:
        with pytest.raises(InvalidInputError) as caught:
            to_answer(desk.state, ASKED, outcome, [CLIP])

        assert ErrorKind.REQUEST_STATE == caught.value.kind
        assert {OTHER} == set(to_answer(desk.state, ASKED, outcome, None))


@pytest.mark.spec("REQ-6")
def test_the_rule_that_grants_is_that_of_the_day() -> None:
    """In 2022 it was paragraph (c); now it is (d); the cap is told with the one that counts."""
    then, now = granting(bound(300), law(date(2022, 5, 2))), granting(bound(300), law())

    assert then is not None
    assert now is not None
    assert ("Minn. Stat. 13.825, subd. 3(c)", "Minn. Stat. 13.825, subd. 3(d)") == (
        then.cite,
        now.cite,
    )
    assert [then.cite] == [advice.cite for advice in advise(bound(300), then)]
    assert [(), ()] == [advise(bound(days), now) for days in (1, 180)]
    assert granting(attrs.evolve(bound(), kind="subject-copy"), law()) is None


@pytest.mark.spec("REQ-6")
@pytest.mark.parametrize("name", sorted(WANTED))
def test_a_request_that_lacks_what_the_law_asks_is_not_granted(name: str) -> None:
    """Each of the three is needed; so is a law that grants anything."""
    nothing = attrs.evolve(law().pack, extensions=())
    bare = Law(pack=nothing, agency=law().agency, on=TODAY)
    for asked, under in ((bound(**{name: False}), law()), (bound(), bare)):
        with pytest.raises(RetentionError, match="a hold may honour it") as caught:
            granting(asked, under)

        assert ErrorKind.LAW_FORBIDS == caught.value.kind


@pytest.mark.spec("REQ-7")
@pytest.mark.parametrize(
    ("kind", "outcome", "roles", "allowed"),
    [
        ("kin-inspection", "denied", ("records", "responsible-authority"), False),
        ("kin-inspection", "denied", ("chief",), True),
        ("kin-inspection", "granted", ("records",), True),
        ("kin-inspection", "withdrawn", ("records",), True),
        ("public", "denied", ("records",), True),
    ],
)
def test_who_denies(kind: str, outcome: str, roles: tuple[str, ...], *, allowed: bool) -> None:
    """Only the chief, and only where the denial is the chief's own."""
    if allowed:
        check_denial(kind, outcome, actor(*roles))
    else:
        with pytest.raises(AuthorizationError) as caught:
            check_denial(kind, outcome, actor(*roles))

        assert ErrorKind.CHIEF_REQUIRED == caught.value.kind


@pytest.mark.spec("REQ-8")
@pytest.mark.parametrize(
    ("answers", "said", "ended"),
    [
        (("granted", "denied"), None, "granted"),
        (("denied", "withdrawn"), None, "denied"),
        (("withdrawn", "withdrawn"), None, "withdrawn"),
        (("granted", "denied"), "denied", "denied"),
        (("granted", "granted"), "denied", None),
        (("granted", "granted"), "nothing-held", None),
        (("granted",), None, None),
        ((), None, "nothing-held"),
        ((), "withdrawn", "withdrawn"),
    ],
)
def test_how_a_request_ends(answers: tuple[str, ...], said: str | None, ended: str | None) -> None:
    """By one of its answers, by the best where none is said; not while one is pending."""
    desk = Desk()
    if answers:
        desk.bind(CLIP, OTHER)
    for one, outcome in zip((CLIP, OTHER), answers, strict=False):
        desk.answer(outcome, one)
    if ended is None:
        with pytest.raises(InvalidInputError) as caught:
            ending(desk.state, ASKED, said, actor("records"))

        assert ErrorKind.REQUEST_STATE == caught.value.kind
    else:
        assert ended == ending(desk.state, ASKED, said, actor("records"))


@pytest.mark.spec("REQ-9")
@pytest.mark.parametrize(
    ("kind", "outcome", "notice", "possible"),
    [
        ("subject-retain", "granted", "grant", True),
        ("subject-retain", "granted", "expiry", True),
        ("subject-copy", "granted", "expiry", False),
        ("subject-copy", "denied", "denial", True),
        ("subject-copy", "granted", "denial", False),
        ("subject-copy", "withdrawn", "grant", False),
        ("subject-copy", None, "grant", False),
    ],
)
def test_what_can_be_told(kind: str, outcome: str | None, notice: str, *, possible: bool) -> None:
    """What came to be, and the end of what was granted for a time."""
    desk = Desk(kind)
    desk.bind(CLIP, days=90 if kind == "subject-retain" else None)
    if outcome:
        desk.answer(outcome, CLIP)
    if possible:
        assert TODAY == check_notice(desk.state, ASKED, CLIP, notice, on=None, today=TODAY)
    else:
        with pytest.raises(InvalidInputError) as caught:
            check_notice(desk.state, ASKED, CLIP, notice, on=None, today=TODAY)

        assert ErrorKind.REQUEST_STATE == caught.value.kind


@pytest.mark.spec("REQ-5", "REQ-9")
@pytest.mark.parametrize(
    ("given", "found"),
    [
        (None, TODAY),
        (RECEIVED, RECEIVED),
        (date(2026, 2, 28), ErrorKind.ARGUMENT_INVALID),
        (date(2026, 3, 3), ErrorKind.FACT_FUTURE),
        ("2026-03-02", ErrorKind.ARGUMENT_INVALID),
        (datetime(2026, 3, 2), ErrorKind.ARGUMENT_INVALID),  # noqa: DTZ001 - wrong on purpose
    ],
)
def test_a_day_is_between_what_came_before_and_today(
    given: date | None, found: date | ErrorKind
) -> None:
    """Today where none is given; text and moments are no days."""
    if isinstance(found, ErrorKind):
        with pytest.raises(InvalidInputError) as caught:
            day_of(given, "answer", earliest=RECEIVED, today=TODAY)

        assert found == caught.value.kind
    else:
        assert found == day_of(given, "answer", earliest=RECEIVED, today=TODAY)


@pytest.mark.spec("REQ-1", "REQ-5")
def test_requesters_and_rules_are_those_of_the_pack() -> None:
    """Any rule of any table will do; what the pack does not have will not."""
    pack = law().pack
    check_requester("next_of_kin", pack)
    check_rule("others-in-copy", pack)
    check_rule(None, pack)
    for check, word in ((check_requester, "me"), (check_rule, "no-such-rule")):
        with pytest.raises(InvalidInputError) as caught:
            check(word, pack)

        assert ErrorKind.ARGUMENT_INVALID == caught.value.kind


def test_a_request_with_entries_of_a_newer_version_is_only_read() -> None:
    """Neither answered nor closed; an act that is no request is unknown."""
    desk = Desk()
    found = desk.state.act(ASKED)
    assert found is not None
    desk.state._acts[ASKED] = attrs.evolve(found, opaque=True)
    errors: list[BwcStoreError] = []
    for act in (ASKED, NO_REQUEST, PLAN):
        for require in (open_request, require_request):
            with pytest.raises(BwcStoreError) as caught:
                require(desk.state, act)
            errors.append(caught.value)

    assert [ErrorKind.SCOPE_OPAQUE] * 2 + [ErrorKind.REQUEST_UNKNOWN] * 4 == [
        one.kind for one in errors
    ]
    assert isinstance(errors[0], IntegrityError)
