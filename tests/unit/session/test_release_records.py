"""On which request, by whom, when and in which order something is shown or given to others."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import pytest

from bwcstore._encoding import Json
from bwcstore._values import Digest, ScopeId
from bwcstore.custody._authority import Role
from bwcstore.errors import (
    AlreadyExistsError,
    AuthorizationError,
    ConflictError,
    ErrorKind,
    InvalidInputError,
    NotFoundError,
    RetentionError,
)
from bwcstore.testing import World
from tests.unit.session.disclosure import (
    PLAN,
    SHARING,
    STOP,
    SUBJECT,
    TODAY,
    asked,
    begin_purge,
    give,
    kinds,
    recorded,
    refused,
    say,
    under_law,
)
from tests.unit.session.world import chief, create, recording, stream

SIGNED = Digest(bytes(range(32)))
INVESTIGATED: Mapping[str, Json] = {**STOP, "criminal_investigation": "active"}
AGENCIES = ("other_agency", "federal_agency", "prosecutor", "other_government")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"right": "public"}, "is of the kind subject-copy"),
        ({"recipient": "recorded_officer"}, "was made by recorded_individual"),
    ],
)
@pytest.mark.spec("REL-12")
def test_a_request_bears_only_what_it_asks_for(change: Mapping[str, object], why: str) -> None:
    """Another right, or somebody else: the request is no ground for it."""
    store = under_law(World())
    with chief(store) as session:
        clip = recorded(session)
        act = asked(
            session, clip, kind="subject-copy", requester="recorded_individual", facts=SUBJECT
        )
        refusal = refused(session, clip, request=act, **change)

    assert ErrorKind.REQUEST_STATE == refusal.kind
    assert why in refusal.message


@pytest.mark.parametrize("outcome", ["denied", "withdrawn"])
@pytest.mark.spec("REL-12")
def test_a_request_that_came_to_nothing_bears_nothing(outcome: str) -> None:
    """Denied or withdrawn: nothing is released on it."""
    store = under_law(World())
    with chief(store) as session:
        clip = recorded(session)
        act = asked(
            session,
            clip,
            kind="subject-copy",
            requester="recorded_individual",
            facts=SUBJECT,
            outcome=outcome,
        )
        refusal = refused(session, clip, request=act)

    assert (ErrorKind.REQUEST_STATE, f"request {act} was {outcome}") == (
        refusal.kind,
        refusal.message,
    )


@pytest.mark.spec("REL-12")
def test_a_request_about_another_recording_bears_nothing() -> None:
    """What it is not about, or what is no request at all, is refused."""
    store = under_law(World())
    with chief(store) as session:
        clip, other = recorded(session), recorded(session)
        act = asked(
            session, other, kind="subject-copy", requester="recorded_individual", facts=SUBJECT
        )
        refusal = refused(session, clip, request=act)
        unknown = refused(session, clip, request=PLAN)

    assert ErrorKind.REQUEST_STATE == refusal.kind
    assert isinstance(unknown, NotFoundError)
    assert ErrorKind.REQUEST_UNKNOWN == unknown.kind


@pytest.mark.spec("REL-16")
def test_no_other_right_goes_round_the_acknowledgement() -> None:
    """A share stays a share when it is called discretion."""
    store = under_law(World())
    with chief(store) as session:
        clip = recorded(session)
        act = asked(session, clip, kind="agency-share", requester="other_agency", facts=SHARING)
        refusal = refused(session, clip, right="discretion", recipient="other_agency", request=act)

    assert ErrorKind.ACKNOWLEDGEMENT_REQUIRED == refusal.kind


@pytest.mark.spec("REL-17")
def test_a_clock_that_is_behind_releases_nothing() -> None:
    """Two seconds are let pass, and not more."""
    world = World()
    store = under_law(world)
    with chief(store) as session:
        clip = recorded(session, {**STOP, "court_order": "none"})
        say(session, ScopeId.object(clip), {"presented_in_court_on": TODAY})
        right = store.last_at
        world.clock.set(right.plus_seconds(-3))
        with pytest.raises(ConflictError) as caught:
            give(session, clip, right="public", recipient="public")
        world.clock.set(right.plus_seconds(-2))
        give(session, clip, right="public", recipient="public")

    assert ErrorKind.CLOCK_BEHIND == caught.value.kind
    assert 1 == len(store.object(clip).keeping.releases)


@pytest.mark.spec("REL-18")
def test_a_file_is_written_after_release_and_access_were_recorded(tmp_path: Path) -> None:
    """First the release, then the access, then the bytes: those that were ingested."""
    store = under_law(World())
    target = tmp_path / "copy.mp4"
    with chief(store) as session:
        clip = recorded(session, {**STOP, "nonconsenting_subjects": False})
        act = asked(
            session, clip, kind="subject-copy", requester="recorded_individual", facts=SUBJECT
        )
        made = session.release(
            clip,
            right="subject",
            recipient="recorded_individual",
            mode="copy",
            request=act,
            target=target,
        )

    assert ["release.made", "object.accessed", "access.ended"] == kinds(store)[-3:]
    assert recording(9) == target.read_bytes()
    assert made.exported is not None
    assert hashlib.sha256(recording(9)).hexdigest() == str(made.exported.sha256)
    assert made.index == store.object(clip).keeping.releases[0].index


@pytest.mark.spec("REL-18")
def test_nothing_is_recorded_where_the_file_cannot_be_written(tmp_path: Path) -> None:
    """A taken name and a missing authorization are refused before the release is recorded."""
    store = under_law(World())
    target = tmp_path / "copy.mp4"
    target.write_bytes(b"")
    with chief(store) as session:
        clip = recorded(session, {**STOP, "nonconsenting_subjects": False})
        act = asked(
            session, clip, kind="subject-copy", requester="recorded_individual", facts=SUBJECT
        )
        taken = refused(session, clip, request=act, target=target)
    with chief(store, purpose="training") as session:
        barred = refused(session, clip, request=act, target=tmp_path / "other.mp4")

    assert isinstance(taken, AlreadyExistsError)
    assert isinstance(barred, AuthorizationError)
    assert "release.made" not in kinds(store)


@pytest.mark.spec("REL-9")
def test_releases_are_for_records_staff() -> None:
    """An officer releases nothing; the attempt is an entry."""
    store = under_law(World())
    with chief(store) as session:
        session.enrol("officer", roles=[Role.OFFICER])
        clip = recorded(session)
    with store.session(actor="officer", reason="a favour", purpose="investigation") as session:
        refusal = refused(session, clip)

    assert (AuthorizationError, ErrorKind.NOT_AUTHORIZED) == (type(refusal), refusal.kind)
    assert "access.refused" == kinds(store)[-1]


def test_who_received_what_can_be_listed() -> None:
    """With what was sealed: who they are, how they are reached, what was said."""
    store = under_law(World())
    with chief(store) as session:
        clip = recorded(session, {**STOP, "presented_in_court_on": TODAY})
        session.release(
            clip,
            right="public",
            recipient="public",
            mode="copy",
            name="The Daily Example",
            contact="desk@example.org",
            statement="handed over\non a disk",
        )
        (line,) = session.releases(clip)

    assert ("chief", "The Daily Example", "desk@example.org") == (
        line.login,
        line.name,
        line.contact,
    )
    assert ("handed over", "on a disk") == line.statement
    assert "public" == line.release.recipient


@pytest.mark.spec("REL-19")
def test_what_is_being_destroyed_is_not_released() -> None:
    """From the first entry of its destruction on; the attempt is an entry."""
    store = under_law(World())
    with chief(store) as session:
        clip = recorded(session)
        begin_purge(session, clip)
        refusal = refused(session, clip)

    assert (RetentionError, ErrorKind.PURGE_STARTED) == (type(refusal), refusal.kind)
    assert "access.refused" == kinds(store)[-1]


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"right": "charm"}, ErrorKind.ARGUMENT_INVALID),
        ({"mode": "lend"}, ErrorKind.ARGUMENT_INVALID),
        ({"recipient": "mayor"}, ErrorKind.ARGUMENT_INVALID),
        ({"purpose": "boredom"}, ErrorKind.PURPOSE_UNKNOWN),
        ({"name": "two\nlines"}, ErrorKind.TEXT_FORM),
    ],
)
def test_words_that_the_law_does_not_have_are_refused(
    change: Mapping[str, object], kind: ErrorKind
) -> None:
    """Rights, modes, recipients and purposes come from lists."""
    store = under_law(World())
    with chief(store) as session:
        clip = recorded(session)
        refusal = refused(session, clip, **change)

    assert isinstance(refusal, InvalidInputError)
    assert kind == refusal.kind


def test_without_a_law_nothing_is_released() -> None:
    """A store that has adopted none cannot say who may have what."""
    with chief(create(World())) as session:
        clip = session.ingest(stream(9)).object_id
        refusal = refused(session, clip)

    assert ErrorKind.LAW_NOT_ADOPTED == refusal.kind
