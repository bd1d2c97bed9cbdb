"""Who may do what: roles, written authorizations, signatures."""

from collections.abc import Mapping

import attrs
import pytest

from bwcstore._encoding import Json
from bwcstore._values import Instant, Tag
from bwcstore.custody._authority import (
    Permission,
    Role,
    Verb,
    check_signature_policy,
    decide,
)
from bwcstore.custody._records import StoreState
from bwcstore.custody._state import State
from bwcstore.errors import AuthorizationError, BwcStoreError, ErrorKind
from tests.unit.custody.entries import (
    CHIEF_TAG,
    CLERK,
    CLERK_TAG,
    CLIP,
    CREATED,
    ENROLLED,
    GRANT,
    GRANTED,
    NOW,
    OTHER,
    entry,
)


def store(*roles: Role) -> StoreState:
    """A store with a chief, a clerk of the given roles, and one authorization for the clerk."""
    state = State()
    clerk: Mapping[str, Json] = {
        "actor": CLERK.text,
        "roles": [role.value for role in roles],
        "tag": CLERK_TAG,
    }
    for index, (kind, body) in enumerate(
        (
            ("store.created", CREATED),
            ("actor.enrolled", ENROLLED),
            ("actor.enrolled", clerk),
            ("authorization.granted", GRANTED),
        )
    ):
        state.fold(entry(kind, body, seq=index, index=index))
    return state.store


def ask(
    state: StoreState,
    verb: Verb,
    *,
    tag: str = CLERK_TAG,
    purpose: str = "investigation",
    now: Instant = NOW,
    clip: object = CLIP,
) -> Permission | ErrorKind:
    """What `decide` answers: a permission, or the kind of its refusal."""
    try:
        return decide(
            state,
            verb,
            actor_tag=Tag(tag),
            now=now,
            purpose=purpose,
            object_id=clip,  # type: ignore[arg-type]  # None is asked, too
        )
    except BwcStoreError as exc:
        return exc.kind


def test_nobody_unknown_or_revoked_may_anything() -> None:
    """Every verb is closed to strangers and to those who were let go."""
    state = store(*Role)
    gone = attrs.evolve(state, actors={CLERK: attrs.evolve(state.actors[CLERK], revoked=True)})
    strangers = {ask(state, verb, tag="f" * 32) for verb in Verb}
    former = {ask(gone, verb) for verb in Verb}

    assert ({ErrorKind.ACTOR_UNKNOWN}, {ErrorKind.ACTOR_REVOKED}) == (strangers, former)


KEEPING = {
    Verb.ASSERT,
    Verb.CORRECT,
    Verb.HOLD,
    Verb.RELEASE_HOLD,
    Verb.REQUEST,
    Verb.ANSWER,
    Verb.CONSENT,
    Verb.DERIVE,
    Verb.RELEASE,
    Verb.PROPOSE_PURGE,
    Verb.APPROVE_PURGE,
    Verb.PURGE,
    Verb.CONFIRM_CLOCK,
    Verb.PROBE,
    Verb.SYNC_LOCKS,
}
LEADING = KEEPING | {Verb.ADOPT_LAW, Verb.SET_POLICY, Verb.ATTEST}
RECORDS = {Verb.INGEST, Verb.SHOW, Verb.LOG, Verb.AUDIT}


@pytest.mark.parametrize(
    ("role", "verbs"),
    [
        (Role.RESPONSIBLE_AUTHORITY, set(Verb) - {Verb.READ, Verb.EXPORT}),
        (Role.CHIEF, LEADING | {Verb.SHOW, Verb.LOG}),
        (Role.DESIGNEE, LEADING | RECORDS),
        (Role.RECORDS, KEEPING | RECORDS),
        (Role.SUPERVISOR, {Verb.INGEST, Verb.ASSERT, Verb.HOLD}),
        (Role.OFFICER, {Verb.INGEST, Verb.ASSERT}),
        (Role.IMPORTER, {Verb.INGEST, Verb.ASSERT}),
        (Role.PROSECUTOR, {Verb.HOLD}),
        (Role.AUDITOR, {Verb.SHOW, Verb.LOG, Verb.AUDIT}),
        *(
            (role, set())
            for role in (
                Role.READER,
                Role.VENDOR,
                Role.OTHER_AGENCY,
                Role.SUBJECT,
                Role.KIN,
                Role.PUBLIC,
            )
        ),
    ],
)
def test_a_role_opens_its_verbs_and_no_others(role: Role, verbs: set[Verb]) -> None:
    """Without an authorization (another purpose), roles alone decide; reading is in none."""
    state = store(role)
    allowed = {
        verb for verb in Verb if isinstance(ask(state, verb, purpose="curiosity"), Permission)
    }

    assert verbs == allowed


def test_reading_needs_an_authorization_in_force_for_the_purpose() -> None:
    """The right purpose, object and hour; and the permission names the authorization."""
    state = store(Role.READER)
    found = ask(state, Verb.READ)
    refused = [
        ask(state, Verb.READ, purpose="curiosity"),
        ask(state, Verb.READ, now=NOW.plus_seconds(-1)),
        ask(state, Verb.READ, now=NOW.plus_seconds(3600)),
        ask(state, Verb.READ, clip=None),
        ask(state, Verb.READ, tag=CHIEF_TAG),
    ]

    assert isinstance(found, Permission)
    assert GRANT == found.authorization_id
    assert [ErrorKind.NOT_AUTHORIZED] * 5 == refused


def test_an_authorization_for_one_object_opens_no_other() -> None:
    """Scope is the object that was authorized."""
    state = store(Role.READER)
    narrow = attrs.evolve(
        state, authorizations={GRANT: attrs.evolve(state.authorizations[GRANT], object_id=OTHER)}
    )

    assert ErrorKind.NOT_AUTHORIZED == ask(narrow, Verb.EXPORT)


@pytest.mark.spec("LED-4")
def test_an_opaque_store_is_only_read() -> None:
    """Entries of a newer version may limit rights in ways this version cannot see."""
    state = attrs.evolve(store(*Role), opaque=True)
    open_verbs = {verb for verb in Verb if isinstance(ask(state, verb), Permission)}

    assert {Verb.READ, Verb.EXPORT, Verb.SHOW, Verb.LOG, Verb.AUDIT} == open_verbs


def test_listed_kinds_must_be_signed_once_two_can_act() -> None:
    """One actor alone may assert; with two, the policy binds."""
    two = store()
    one = attrs.evolve(two, actors={})
    check_signature_policy(one, kind="authorization.granted", signed=False)
    check_signature_policy(two, kind="authorization.granted", signed=True)
    check_signature_policy(two, kind="actor.enrolled", signed=False)
    with pytest.raises(AuthorizationError) as caught:
        check_signature_policy(two, kind="authorization.granted", signed=False)

    assert ErrorKind.SIGNATURE_REQUIRED == caught.value.kind
