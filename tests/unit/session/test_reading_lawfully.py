"""Reading where a law was adopted: the written authorization, and the law besides."""

from collections.abc import Callable, Mapping
from pathlib import Path

import attrs
import pytest

from bwcstore._encoding import Json
from bwcstore._session._session import Session
from bwcstore._store import Store
from bwcstore._values import ObjectId, ScopeId
from bwcstore.custody._authority import Role
from bwcstore.custody._lawful import asks_as, check_purposes
from bwcstore.custody._records import Actor
from bwcstore.errors import BwcStoreError, ErrorKind
from bwcstore.statute import load_pack
from bwcstore.testing import World
from tests.unit.session.disclosure import STOP, begin_purge, recorded, say, under_law
from tests.unit.session.purging import town
from tests.unit.session.world import chief, create, stream

INVESTIGATED: Mapping[str, Json] = {**STOP, "criminal_investigation": "active"}
PROTECTED: Mapping[str, Json] = {
    **STOP,
    "discharge": "at_person_or_occupied_vehicle",
    "deadly_force": True,
    "event_documented": "itself",
    "undercover_officer": True,
}


def refusal(work: Callable[[], object]) -> BwcStoreError:
    """What it is refused with."""
    with pytest.raises(BwcStoreError) as caught:
        work()
    return caught.value


def admitted(store: Store, *roles: Role, purpose: str = "investigation") -> Session:
    """A session of somebody with these roles who is authorized in writing for the purpose."""
    with chief(store) as session:
        session.enrol("eve", roles=roles)
        session.authorize("eve", purposes=[purpose])
    return store.session(actor="eve", reason="work", purpose=purpose)


def outcome(work: Callable[[], object]) -> ErrorKind | str:
    """That it was done, or the code of the refusal."""
    try:
        work()
    except BwcStoreError as exc:
        return exc.kind
    return "done"


def clip_of(store: Store, facts: Mapping[str, Json] = STOP) -> ObjectId:
    """A recording with these facts."""
    with chief(store) as session:
        return recorded(session, facts)


@pytest.mark.spec("CUS-30")
def test_purposes_are_those_of_the_pack() -> None:
    """Neither authorized nor read for another one; the refusal to read is logged."""
    store = under_law(World())
    with chief(store) as session:
        granted = refusal(lambda: session.authorize("chief", purposes=["curiosity"]))
    before = create(World())
    with chief(before, purpose="curiosity") as session:
        old = session.ingest(stream(9)).object_id
        session.authorize("chief", purposes=["curiosity"])
        session.adopt_law("us-mn", Path(__file__).parents[2] / "simulation/agency.toml")
        read = refusal(lambda: session.read(old))
    codes = [
        entry.body["code"]
        for entry in before._services.log.entries()
        if entry.kind == "access.refused"
    ]

    assert ErrorKind.PURPOSE_UNKNOWN == granted.kind
    assert "supervisory_review" in granted.message
    assert (ErrorKind.PURPOSE_UNKNOWN, ["purpose-unknown"]) == (read.kind, codes)


@pytest.mark.spec("CUS-30")
def test_a_pack_without_purposes_takes_any() -> None:
    """Nothing is asked where nothing is declared."""
    check_purposes(["curiosity"], attrs.evolve(load_pack("us-mn"), purposes=()))


@pytest.mark.spec("CUS-31")
@pytest.mark.parametrize(
    ("roles", "names"),
    [
        ({Role.OFFICER}, ("agency_staff",)),
        ({Role.RECORDS, Role.CHIEF}, ("agency_staff",)),
        ({Role.SUPERVISOR}, ("supervisor",)),
        ({Role.SUPERVISOR, Role.OFFICER}, ("supervisor", "agency_staff")),
        ({Role.AUDITOR}, ("auditor",)),
        ({Role.VENDOR}, ("vendor",)),
        ({Role.PROSECUTOR}, ("prosecutor",)),
        ({Role.OTHER_AGENCY}, ("other_agency",)),
        ({Role.SUBJECT}, ("recorded_individual",)),
        ({Role.KIN}, ("next_of_kin",)),
        ({Role.PUBLIC}, ("public",)),
    ],
)
def test_what_the_pack_calls_an_actor(roles: set[Role], names: tuple[str, ...]) -> None:
    """By their roles, as far as the pack has a word for them."""
    actor = Actor(
        actor_id=None,  # type: ignore[arg-type]  # nobody asks
        roles=frozenset(role.value for role in roles),
        tag=None,  # type: ignore[arg-type]  # nobody asks
    )
    pack = load_pack("us-mn")
    few = attrs.evolve(
        pack, actors=tuple(term for term in pack.actors if term.id == "agency_staff")
    )
    staff = roles & {Role.OFFICER, Role.RECORDS, Role.CHIEF, Role.SUPERVISOR}

    assert set(names) == set(asks_as(actor, pack))
    assert (("agency_staff",) if staff else ()) == asks_as(actor, few)


@pytest.mark.spec("CUS-31", "CUS-32", "CUS-33")
@pytest.mark.parametrize(
    ("role", "purpose", "facts", "expected"),
    [
        (Role.OFFICER, "investigation", STOP, ("done", "done")),
        (Role.OFFICER, "investigation", INVESTIGATED, ("done", "done")),
        (Role.OFFICER, "investigation", {}, ("done", "done")),
        (Role.OFFICER, "personal", STOP, (ErrorKind.LAW_FORBIDS, ErrorKind.LAW_FORBIDS)),
        (Role.SUPERVISOR, "supervisory_review", STOP, ("done", "done")),
        (Role.PROSECUTOR, "prosecution", STOP, ("done", "done")),
        (Role.OTHER_AGENCY, "sharing", STOP, ("done", "done")),
        (Role.AUDITOR, "biennial_audit", STOP, ("done", ErrorKind.LAW_FORBIDS)),
        (Role.VENDOR, "service", STOP, ("done", "done")),
        (Role.SUBJECT, "personal", STOP, (ErrorKind.LAW_FORBIDS, ErrorKind.LAW_FORBIDS)),
        (Role.KIN, "personal", STOP, (ErrorKind.LAW_FORBIDS, ErrorKind.LAW_FORBIDS)),
        (Role.PUBLIC, "personal", STOP, (ErrorKind.LAW_FORBIDS, ErrorKind.LAW_FORBIDS)),
        (
            Role.PUBLIC,
            "personal",
            PROTECTED,
            (ErrorKind.REDACTION_REQUIRED, ErrorKind.REDACTION_REQUIRED),
        ),
        (Role.OFFICER, "investigation", PROTECTED, ("done", "done")),
        (
            Role.OFFICER,
            "investigation",
            {**STOP, "source_kind": "phone"},
            (ErrorKind.LAW_FORBIDS, ErrorKind.LAW_FORBIDS),
        ),
    ],
)
def test_who_may_view_and_who_may_copy(
    tmp_path: Path,
    role: Role,
    purpose: str,
    facts: Mapping[str, Json],
    expected: tuple[ErrorKind | str, ErrorKind | str],
) -> None:
    """With a written authorization: what the law of the pack makes of role, purpose and facts."""
    store = under_law(World())
    clip = clip_of(store, facts)
    with admitted(store, role, purpose=purpose) as session:
        found = (
            outcome(lambda: session.read(clip).close()),
            outcome(lambda: session.export(clip, tmp_path / "copy")),
        )

    assert expected == found


@pytest.mark.spec("CUS-33")
def test_a_refusal_cites_the_law_and_is_logged() -> None:
    """The rule that decided, what is not met, and where it stands; no byte leaves."""
    store = under_law(World())
    clip = clip_of(store)
    with admitted(store, Role.OFFICER, purpose="personal") as session:
        found = refusal(lambda: session.read(clip))
    entries = [*store._services.log.entries()]

    assert "personnel (Minn. Stat. 13.825, subd. 7(b); 13.05, subd. 5)" in found.message
    assert "law-enforcement-purpose (Minn. Stat. 13.825, subd. 7(b))" in found.message
    assert "written-authorization" not in found.message
    assert [("read", "law-forbids")] == [
        (entry.body["verb"], entry.body["code"])
        for entry in entries
        if entry.kind == "access.refused"
    ]
    assert not [entry for entry in entries if entry.kind == "object.accessed"]


@pytest.mark.spec("CUS-33")
def test_facts_that_contradict_each_other_let_nobody_in() -> None:
    """The law cannot be asked, so it does not say yes."""
    store = under_law(World())
    with chief(store) as session:
        clip = recorded(session, {"source_kind": "worn", "deadly_force": True})
        say(session, ScopeId.object(clip), {"deadly_force": False})
        found = refusal(lambda: session.read(clip))

    assert (ErrorKind.LAW_FORBIDS, True) == (found.kind, "cannot be asked" in found.message)


@pytest.mark.spec("CUS-34")
def test_a_redacted_copy_is_shown_where_the_recording_is_not() -> None:
    """What must be unrecognisable is so in the copy; the recording itself is refused."""
    store = under_law(World())
    clip = clip_of(store, PROTECTED)
    with chief(store) as session:
        blurred = session.derive(
            clip,
            stream(5),
            operation="redact",
            tool="blur",
            tool_version="1",
            redactions=["undercover-officer"],
        ).object_id
    with admitted(store, Role.PUBLIC, purpose="personal") as session:
        refused = refusal(lambda: session.read(clip))
        with session.read(blurred) as plain:
            shown = plain.read()

    assert (ErrorKind.REDACTION_REQUIRED, 5) == (refused.kind, len(shown))
    assert "undercover-officer (Minn. Stat. 13.825" in refused.message


@pytest.mark.spec("CUS-31")
def test_of_several_roles_the_most_favourable_counts() -> None:
    """Whoever is an officer and a member of the public reads as an officer."""
    store = under_law(World())
    clip = clip_of(store)
    with admitted(store, Role.PUBLIC, Role.OFFICER) as session, session.read(clip) as plain:
        found = plain.read()

    assert 9 == len(found)


@pytest.mark.spec("CUS-31")
def test_roles_that_the_pack_has_no_word_for_are_refused() -> None:
    """The small law knows neither prosecutors nor anybody outside."""
    store = town(World())
    (clip,) = (one.object_id for one in store.objects())
    with admitted(store, Role.PROSECUTOR) as session:
        found = refusal(lambda: session.read(clip))

    assert (ErrorKind.LAW_FORBIDS, True) == (found.kind, "names nobody" in found.message)


@pytest.mark.spec("CUS-35")
def test_what_is_being_destroyed_is_refused_before_the_law_is_asked() -> None:
    """With the code that says so, whatever the law would say."""
    store = under_law(World())
    clip = clip_of(store)
    with chief(store) as session:
        begin_purge(session, clip)
    with admitted(store, Role.PUBLIC, purpose="personal") as session:
        found = refusal(lambda: session.read(clip))

    assert ErrorKind.PURGE_STARTED == found.kind


@pytest.mark.spec("CUS-35")
def test_a_release_that_may_not_be_exported_is_not_recorded(tmp_path: Path) -> None:
    """Whoever gives out a file must be allowed to have it by the law, first."""
    store = under_law(World())
    clip = clip_of(store)
    with chief(store) as session:
        session.enrol("ann", roles=[Role.RECORDS])
        session.authorize("ann", purposes=["personal"])
    with store.session(actor="ann", reason="a favour", purpose="personal") as session:
        found = refusal(
            lambda: session.release(
                clip,
                right="subject",
                recipient="recorded_individual",
                mode="copy",
                target=tmp_path / "copy",
            )
        )

    assert (ErrorKind.LAW_FORBIDS, ()) == (found.kind, store.object(clip).keeping.releases)
