"""Entries that link perfectly and still cannot be true."""

from collections.abc import Callable

import pytest

from bwcstore._encoding import Json
from bwcstore._values import STORE_SCOPE, ActId, ActorId, ObjectId, ScopeId
from bwcstore.audit._findings import Severity
from bwcstore.audit._report import Report
from bwcstore.errors import ErrorKind
from bwcstore.ledger._entry import Entry
from bwcstore.objects._parts import SourceName
from bwcstore.storage._signer import StoredSigner
from tests.unit.audit.stores import BOSS, GRANT, READER, Shop, bytes_of

STRANGER = ActorId("00000000-0000-4000-8000-0000000057a4")
OBJECT = ObjectId("019b7ca9-0000-7000-8000-000000000000")
ACT = ScopeId.act(ActId("00000000-0000-7000-8000-00000000ac70"))
SIGNER = StoredSigner(bytes(range(32)))


def codes(report: Report) -> list[ErrorKind]:
    """The codes of everything that is wrong."""
    return [finding.code for finding in report.errors]


def _revoke(shop: Shop) -> None:
    shop.put(STORE_SCOPE, "actor.revoked", {"actor": str(READER)})


def _unknown_actor(shop: Shop) -> None:
    shop.put(STORE_SCOPE, "keys.rotation_started", {"epoch": 0}, by=STRANGER)


def _revoked_actor(shop: Shop) -> None:
    shop.enrol()
    _revoke(shop)
    shop.put(ACT, "audit.started", {}, by=READER)


def _wrong_role(shop: Shop) -> None:
    shop.enrol()
    shop.put(STORE_SCOPE, "actor.revoked", {"actor": str(BOSS)}, by=READER)


def _revokes_nobody(shop: Shop) -> None:
    _revoke(shop)


def _revokes_nothing(shop: Shop) -> None:
    shop.put(STORE_SCOPE, "authorization.revoked", {"authorization": GRANT})


def _grants_twice(shop: Shop) -> None:
    shop.grant()
    shop.grant()


def _no_authorization(shop: Shop) -> None:
    shop.enrol()
    shop.access(shop.ingest(bytes_of(10)))


def _other_purpose(shop: Shop) -> None:
    shop.enrol()
    shop.grant()
    shop.access(shop.ingest(bytes_of(10)), purpose="curiosity")


def _other_reader(shop: Shop) -> None:
    shop.enrol()
    shop.grant()
    shop.access(shop.ingest(bytes_of(10)), by=BOSS)


def _withdrawn(shop: Shop) -> None:
    shop.enrol()
    shop.grant()
    shop.put(STORE_SCOPE, "authorization.revoked", {"authorization": GRANT})
    shop.access(shop.ingest(bytes_of(10)))


def _access_to_nothing(shop: Shop) -> None:
    shop.enrol()
    shop.grant()
    shop.access(OBJECT)


def _end_without_begin(shop: Shop) -> None:
    shop.end_access(shop.ingest(bytes_of(10)), 1)


def _twice_ingested(shop: Shop) -> None:
    object_id, written = shop.write(bytes_of(10))
    shop.admit(object_id, written)
    shop.admit(object_id, written)


def _same_source(shop: Shop) -> None:
    for length in (10, 20):
        shop.ingest(bytes_of(length), SourceName(scope="camera", id="7"))


def _discards_the_living(shop: Shop) -> None:
    object_id = shop.ingest(bytes_of(10))
    shop.put(STORE_SCOPE, "leftovers.discarded", _discarded(object_id))


def _revives_the_discarded(shop: Shop) -> None:
    object_id, written = shop.write(bytes_of(10))
    shop.put(STORE_SCOPE, "leftovers.discarded", _discarded(object_id))
    shop.admit(object_id, written)


def _discarded(object_id: ObjectId) -> dict[str, Json]:
    return {"objects": [str(object_id)], "names_count": 2, "names_sha256": "0" * 64}


def _epoch_unannounced(shop: Shop) -> None:
    body: dict[str, Json] = {"epoch": 0, "opened": 1, "keys": 3, "replicas": []}
    shop.put(STORE_SCOPE, "keys.epoch_destroyed", body)


def _audit_ends_before_it_starts(shop: Shop) -> None:
    shop.put(ACT, "audit.ended", {"objects": 0, "bytes": 0, "findings": 0})


def _audit_starts_twice(shop: Shop) -> None:
    for _ in range(2):
        shop.put(ACT, "audit.started", {})


def _unsigned(shop: Shop) -> None:
    shop.enrol()
    shop.grant()


def _signed_with_another_key(shop: Shop) -> None:
    shop.enrol(key=bytes(32))
    shop.put(ACT, "access.refused", dict(shop.refusal().body), by=READER, signer=SIGNER)


E = ErrorKind


@pytest.mark.spec("AUD-12")
@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (_unknown_actor, E.ACTOR_UNKNOWN),
        (_revoked_actor, E.ACTOR_REVOKED),
        (_wrong_role, E.NOT_AUTHORIZED),
        (_revokes_nobody, E.STATE_INVALID),
        (_revokes_nothing, E.STATE_INVALID),
        (_grants_twice, E.STATE_INVALID),
        (_no_authorization, E.NOT_AUTHORIZED),
        (_other_purpose, E.NOT_AUTHORIZED),
        (_other_reader, E.NOT_AUTHORIZED),
        (_withdrawn, E.NOT_AUTHORIZED),
        (_access_to_nothing, E.STATE_INVALID),
        (_end_without_begin, E.STATE_INVALID),
        (_twice_ingested, E.STATE_INVALID),
        (_same_source, E.DUPLICATE_SOURCE),
        (_discards_the_living, E.STATE_INVALID),
        (_revives_the_discarded, E.STATE_INVALID),
        (_epoch_unannounced, E.STATE_INVALID),
        (_audit_ends_before_it_starts, E.STATE_INVALID),
        (_audit_starts_twice, E.STATE_INVALID),
    ],
)
def test_impossible_entries(spoil: Callable[[Shop], None], expected: ErrorKind) -> None:
    """An entry that cannot be true is the one thing that is wrong, and is named."""
    shop = Shop()
    spoil(shop)
    shop.close()

    report = shop.audit()

    assert [expected] == codes(report)
    assert report.errors[0].entry is not None


@pytest.mark.spec("AUD-10")
@pytest.mark.parametrize(
    ("spoil", "expected"),
    [(_unsigned, E.SIGNATURE_REQUIRED), (_signed_with_another_key, E.KEY_UNKNOWN)],
)
def test_signatures_that_do_not_bind(spoil: Callable[[Shop], None], expected: ErrorKind) -> None:
    """A signature that the policy asks for is there, and by the enrolled key."""
    shop = Shop(signed_kinds=("authorization.granted",))
    spoil(shop)
    shop.close()

    assert [expected] == codes(shop.audit())


@pytest.mark.spec("AUD-10")
def test_signature_over_something_else() -> None:
    """A signature that was changed is named."""
    shop = Shop()
    shop.enrol(key=SIGNER.public_key)
    committed = shop.put(ACT, "access.refused", dict(shop.refusal().body), by=READER, signer=SIGNER)
    shop.close()
    clean = shop.audit()
    signature = _signature(committed.entries[0])
    name = "ledger/0/batch/000000000002"
    shop.contents[name] = shop.contents[name].replace(
        signature.hex().encode(), bytes(64).hex().encode()
    )

    assert clean.ok
    assert ErrorKind.SIGNATURE_INVALID in codes(shop.audit())


def _signature(entry: Entry) -> bytes:
    assert entry.auth.signature is not None
    return entry.auth.signature


@pytest.mark.spec("AUD-13")
@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (b'"kind":"keys.rotation_started"', b'"kind":"keys.rotation_dreamed"', E.STORE_OPAQUE),
        (b'"kind":"audit.started"', b'"kind":"audit.dreamed"', E.SCOPE_OPAQUE),
    ],
)
def test_unknown_kinds_are_notes(old: bytes, new: bytes, expected: ErrorKind) -> None:
    """An entry of a kind that is not known makes its scope opaque, and is not an error of form."""
    shop = Shop()
    shop.put(STORE_SCOPE, "keys.rotation_started", {"epoch": 0})
    shop.put(ACT, "audit.started", {})
    for name, raw in list(shop.contents.items()):
        shop.contents[name] = raw.replace(old, new)

    report = shop.audit()

    (note,) = [finding for finding in report.findings if finding.code is expected]
    assert Severity.NOTE is note.severity
    assert not {E.ENTRY_INVALID, E.FIELD_INVALID} & set(codes(report))
