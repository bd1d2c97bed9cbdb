"""Facts, holds, requests and consents that link perfectly and still cannot be true."""

from collections.abc import Callable
from typing import Final

import pytest

from bwcstore._encoding import Json
from bwcstore._values import STORE_SCOPE, ActorId, ScopeId
from bwcstore.audit._roles import ANYBODY, ROLES
from bwcstore.custody._authority import ROLES_FOR, Verb
from bwcstore.errors import ErrorKind
from bwcstore.ledger._kinds import KINDS
from tests.unit.audit.purges import ANN, HOLD, POLICY, REQUEST, Town, uuid
from tests.unit.audit.stores import BOSS, bytes_of

E = ErrorKind
ACT = ScopeId.act(REQUEST)
OFFICER = ActorId("00000000-0000-4000-8000-0000000000ff")
VERBS = {
    "actor.enrolled": Verb.ENROL,
    "actor.revoked": Verb.ENROL,
    "authorization.granted": Verb.AUTHORIZE,
    "authorization.revoked": Verb.AUTHORIZE,
    "generation.closed": Verb.CLOSE_GENERATION,
    "keys.rotation_started": Verb.ROTATE_KEYS,
    "leftovers.discarded": Verb.DISCARD_LEFTOVERS,
    "object.ingested": Verb.INGEST,
    "audit.started": Verb.AUDIT,
    "law.adopted": Verb.ADOPT_LAW,
    "policy.set": Verb.SET_POLICY,
    "backups.declared": Verb.ATTEST,
    "erasure.attested": Verb.ATTEST,
    "fact.asserted": Verb.ASSERT,
    "tags.added": Verb.CORRECT,
    "collected.claimed": Verb.CORRECT,
    "hold.placed": Verb.HOLD,
    "hold.bound": Verb.HOLD,
    "hold.reviewed": Verb.HOLD,
    "hold.release_proposed": Verb.RELEASE_HOLD,
    "hold.released": Verb.RELEASE_HOLD,
    "request.received": Verb.REQUEST,
    "request.bound": Verb.REQUEST,
    "request.answered": Verb.ANSWER,
    "request.closed": Verb.ANSWER,
    "notice.sent": Verb.ANSWER,
    "consent.recorded": Verb.CONSENT,
    "consent.withdrawn": Verb.CONSENT,
    "derivative.made": Verb.DERIVE,
    "derived.from": Verb.DERIVE,
    "release.made": Verb.RELEASE,
    "clock.confirmed": Verb.CONFIRM_CLOCK,
    "plan.proposed": Verb.PROPOSE_PURGE,
    "plan.approved": Verb.APPROVE_PURGE,
    "plan.withdrawn": Verb.PROPOSE_PURGE,
    "purge.started": Verb.PURGE,
    "purge.completed": Verb.PURGE,
    "purge.failed": Verb.PURGE,
    "purge.run_ended": Verb.PURGE,
    "storage.probed": Verb.PROBE,
    "storage.attested": Verb.ATTEST,
    "object.locked": Verb.SYNC_LOCKS,
    "locks.synced": Verb.SYNC_LOCKS,
    "shadows.repaired": Verb.REPAIR,
}
ANY_ACTOR = {"generation.opened", "object.accessed", "state.committed"}


def codes(town: Town) -> list[ErrorKind]:
    """The codes of everything that is wrong."""
    town.close()
    return [finding.code for finding in town.audit().errors]


@pytest.mark.spec("AUD-12")
def test_roles_agree_with_those_of_the_verbs() -> None:
    """Each kind asks for the roles of the verb that writes it; no kind is left out."""
    asked = {kind: {role.value for role in ROLES_FOR[verb]} for kind, verb in VERBS.items()}

    assert {kind: set(roles) for kind, roles in ROLES.items()} == asked
    assert ROLES.keys() | ANYBODY | ANY_ACTOR == KINDS.keys()


def _officer(town: Town) -> None:
    town.enrol(OFFICER, "officer")


def _hold_by_officer(town: Town) -> None:
    _officer(town)
    body: dict[str, Json] = {
        "hold": HOLD, "kind": "litigation", "authority": "court", "objects_count": 0,
    }  # fmt: skip
    town.put(STORE_SCOPE, "hold.placed", body, by=OFFICER)


def _law_by_records(town: Town) -> None:
    town.put(STORE_SCOPE, "backups.declared", {"backups": []}, by=ANN)


def _narrowed(town: Town) -> None:
    narrowed: list[Json] = [{"kind": "hold.reviewed", "roles": ["chief"]}]
    town.put(STORE_SCOPE, "policy.set", {**POLICY, "narrowed": narrowed})
    town.hold()
    town.put(STORE_SCOPE, "hold.reviewed", {"hold": HOLD, "review_on": "2026-02-01"})


def _chief_fact(town: Town) -> None:
    town.assert_fact("chief_denial", "yes")


def _repeats_assertion(town: Town) -> None:
    town.assert_fact("force", "some", assertion=uuid(1))


def _supersedes_nothing(town: Town) -> None:
    town.assert_fact("force", "some", supersedes=uuid(99))


def _supersedes_another_fact(town: Town) -> None:
    town.assert_fact("force", "some", supersedes=uuid(2))


def _says_nothing(town: Town) -> None:
    body: dict[str, Json] = {
        "assertion": uuid(7), "fact": "force", "since": town.today, "basis": "report",
    }  # fmt: skip
    town.put(town.scope, "fact.asserted", body)


def _hold_twice(town: Town) -> None:
    town.hold()
    town.hold()


def _binds_no_hold(town: Town) -> None:
    town.bind()


def _binds_released_hold(town: Town) -> None:
    town.hold()
    town.release_hold()
    town.bind()


def _reviews_released_hold(town: Town) -> None:
    town.hold()
    town.release_hold()
    town.put(STORE_SCOPE, "hold.reviewed", {"hold": HOLD, "review_on": "2026-02-01"})


def _releases_no_hold(town: Town) -> None:
    town.put(STORE_SCOPE, "hold.released", {"hold": HOLD})


def _releases_alone(town: Town) -> None:
    town.hold()
    town.put(STORE_SCOPE, "hold.released", {"hold": HOLD})


def _releases_what_it_proposed(town: Town) -> None:
    town.hold()
    town.put(STORE_SCOPE, "hold.release_proposed", {"hold": HOLD})
    town.put(STORE_SCOPE, "hold.released", {"hold": HOLD})


def _receives_twice(town: Town) -> None:
    town.receive()
    town.receive()


def _binds_no_request(town: Town) -> None:
    town.bind_request()


def _binds_another_kind(town: Town) -> None:
    town.receive("public")
    town.bind_request()


def _binds_twice(town: Town) -> None:
    town.receive()
    town.bind_request()
    town.bind_request()


def _answers_nothing(town: Town) -> None:
    town.receive()
    town.answer()


def _answers_twice(town: Town) -> None:
    town.receive()
    town.bind_request()
    town.answer()
    town.answer("denied")


def _notifies_nobody(town: Town) -> None:
    body: dict[str, Json] = {"request": REQUEST.text, "notice": "grant", "on": town.today}
    town.put(town.scope, "notice.sent", body)


def _close(town: Town) -> None:
    town.put(ACT, "request.closed", {"outcome": "granted"})


def _closes_nothing(town: Town) -> None:
    _close(town)


def _closes_twice(town: Town) -> None:
    town.receive()
    _close(town)
    _close(town)


def _closes_while_pending(town: Town) -> None:
    town.receive()
    town.bind_request()
    _close(town)


def _binds_closed(town: Town) -> None:
    town.receive()
    _close(town)
    town.bind_request()


def _fact_of_no_request(town: Town) -> None:
    body: dict[str, Json] = {
        "assertion": uuid(8), "fact": "force", "value": True, "since": town.today,
        "basis": "report",
    }  # fmt: skip
    town.put(ACT, "fact.asserted", body)


def _consents_twice(town: Town) -> None:
    for _ in range(2):
        town.put(town.scope, "consent.recorded", {"consent": uuid(9), "covers": "public"})


def _withdraws_no_consent(town: Town) -> None:
    town.put(town.scope, "consent.withdrawn", {"consent": uuid(9)})


def _derive(town: Town, **changes: Json) -> None:
    body: dict[str, Json] = {
        "parent": str(town.clip),
        "parent_manifest_sha256": town.manifest_digest(town.clip),
        "operation": "redact",
        "tool": "blur",
        "tool_version": "1",
        "redactions": [],
        "regions_count": 0,
        "regions_sha256": "0" * 64,
    }
    child = ScopeId.object(town.ingest(bytes_of(20)))
    town.put(child, "derived.from", body | changes)
    if changes.get("operation") == "clip":
        town.put(child, "derived.from", body)


def _derived_of_nothing(town: Town) -> None:
    _derive(town, parent=uuid(5))


def _derived_of_another_manifest(town: Town) -> None:
    _derive(town, parent_manifest_sha256="1" * 64)


def _derived_twice(town: Town) -> None:
    _derive(town, operation="clip")


def _confirms_no_step(town: Town) -> None:
    town.put(STORE_SCOPE, "clock.confirmed", {"jump": 3})


def _attests_no_epoch(town: Town) -> None:
    town.put(STORE_SCOPE, "erasure.attested", {"epoch": 0, "root": "replaced", "backups": []})


def _rotation_by_records(town: Town) -> None:
    town.put(STORE_SCOPE, "keys.rotation_started", {"epoch": 0}, by=ANN)


IMPOSSIBLE: Final[list[tuple[Callable[[Town], None], ErrorKind]]] = [
    (_hold_by_officer, E.NOT_AUTHORIZED),
    (_law_by_records, E.NOT_AUTHORIZED),
    (_rotation_by_records, E.NOT_AUTHORIZED),
    (_narrowed, E.NOT_AUTHORIZED),
    (_chief_fact, E.CHIEF_REQUIRED),
    (_repeats_assertion, E.STATE_INVALID),
    (_supersedes_nothing, E.STATE_INVALID),
    (_supersedes_another_fact, E.STATE_INVALID),
    (_says_nothing, E.STATE_INVALID),
    (_hold_twice, E.STATE_INVALID),
    (_binds_no_hold, E.STATE_INVALID),
    (_binds_released_hold, E.STATE_INVALID),
    (_reviews_released_hold, E.STATE_INVALID),
    (_releases_no_hold, E.STATE_INVALID),
    (_releases_alone, E.SECOND_ACTOR_REQUIRED),
    (_releases_what_it_proposed, E.SECOND_ACTOR_REQUIRED),
    (_receives_twice, E.STATE_INVALID),
    (_binds_no_request, E.STATE_INVALID),
    (_binds_another_kind, E.STATE_INVALID),
    (_binds_twice, E.STATE_INVALID),
    (_answers_nothing, E.STATE_INVALID),
    (_answers_twice, E.STATE_INVALID),
    (_notifies_nobody, E.STATE_INVALID),
    (_closes_nothing, E.STATE_INVALID),
    (_closes_twice, E.STATE_INVALID),
    (_closes_while_pending, E.STATE_INVALID),
    (_binds_closed, E.STATE_INVALID),
    (_fact_of_no_request, E.STATE_INVALID),
    (_consents_twice, E.STATE_INVALID),
    (_withdraws_no_consent, E.STATE_INVALID),
    (_derived_of_nothing, E.STATE_INVALID),
    (_derived_of_another_manifest, E.STATE_INVALID),
    (_derived_twice, E.STATE_INVALID),
    (_confirms_no_step, E.STATE_INVALID),
    (_attests_no_epoch, E.STATE_INVALID),
]


@pytest.mark.spec("AUD-12")
@pytest.mark.parametrize(("spoil", "expected"), IMPOSSIBLE)
def test_impossible_entries(spoil: Callable[[Town], None], expected: ErrorKind) -> None:
    """An entry that cannot be true is the one thing that is wrong, and is named."""
    town = Town()
    spoil(town)

    assert [expected] == codes(town)


@pytest.mark.spec("AUD-12")
def test_everything_that_custody_does_is_possible() -> None:
    """A store in which everything was done as it should be has no findings."""
    town = Town()
    _officer(town)
    town.assert_fact("force", "some", by=OFFICER, supersedes=uuid(1))
    town.put(town.scope, "tags.added", {"tags": {"case": ["c" * 32]}})
    claim: dict[str, Json] = {"claim": uuid(4), "at": "2026-01-01T00:00:00.000000Z"}
    town.put(town.scope, "collected.claimed", {**claim, "basis": "correction"})
    town.hold()
    town.bind()
    town.put(STORE_SCOPE, "hold.reviewed", {"hold": HOLD, "review_on": "2026-02-01"})
    town.release_hold()
    town.receive()
    town.bind_request()
    town.answer()
    town.answer("withdrawn")
    _close(town)
    town.put(town.scope, "consent.recorded", {"consent": uuid(9), "covers": "public"})
    town.put(town.scope, "consent.withdrawn", {"consent": uuid(9)})
    _derive(town)
    town.enrol(BOSS, "chief")
    town.assert_fact("chief_denial", "yes")

    assert [] == codes(town)
