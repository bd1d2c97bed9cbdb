"""Certificates of destruction: what they say, and what they follow from."""

import json
from typing import Any

import pytest

from bwcstore._values import ScopeId, StoreId
from bwcstore.errors import (
    BwcStoreError,
    ErrorKind,
    IntegrityError,
    InvalidInputError,
    NotFoundError,
)
from bwcstore.ledger._note import VerifierKey
from bwcstore.purge._certificate import verify_certificate
from bwcstore.purge._certificate_erasure import CertificateState
from bwcstore.purge._certificate_form import decode_certificate, encode_certificate
from tests.unit.purge.destroyed import (
    CLIP,
    OTHER,
    PACK,
    STORE,
    Ledger,
    Story,
    attested,
    begin,
    declared,
    ended,
    ingest,
    outcomes,
    plan_text,
    tell,
)


@pytest.fixture(scope="module")
def told() -> Ledger:
    """A recording that was destroyed and erased; read only."""
    return tell()


def kinds(ledger: Ledger) -> list[str]:
    """The kinds of the entries in a certificate, in order."""
    return [one.kind for one in ledger.verify().entries]


@pytest.mark.spec("CRT-1", "CRT-2", "CRT-3", "CRT-4")
def test_a_certificate_has_one_encoding(told: Ledger) -> None:
    """Canonical JSON and a line end; what is read and written again is the same."""
    raw = told.certificate()
    document = json.loads(raw)

    assert encode_certificate(decode_certificate(raw)) == raw
    assert ("bwcstore-certificate/1", str(STORE), str(CLIP)) == (
        document["format"],
        document["store"],
        document["object"],
    )
    assert [] == document["annexes"]
    assert 1 == len(document["checkpoints"])
    assert sorted(one["index"] for one in document["entries"]) == [
        one["index"] for one in document["entries"]
    ]


@pytest.mark.spec("CRT-6")
def test_the_number_is_that_of_the_completing_entry(told: Ledger) -> None:
    """A certificate is numbered by the entry that completes the destruction."""
    found = told.verify()

    completed = next(one for one in found.entries if one.kind == "purge.completed")
    assert completed.index == found.number == found.statement["number"]
    assert (STORE, CLIP) == (found.store, found.object_id)
    assert (True, True) == (found.with_history, found.with_plan)


@pytest.mark.spec("CRT-7", "CRT-9")
def test_the_entries_are_those_that_prove_it(told: Ledger) -> None:
    """Store, people, law, the chains of recording and plan, releases of holds, end of keys."""
    assert [
        "store.created",
        *["actor.enrolled"] * 5,
        "law.adopted",
        "backups.declared",
        "object.ingested",
        "hold.bound",
        "request.bound",
        "request.answered",
        "hold.released",
        "plan.proposed",
        "plan.approved",
        "plan.approved",
        "purge.started",
        "purge.failed",
        "purge.completed",
        "purge.run_ended",
        "keys.epoch_destroyed",
        "erasure.attested",
    ] == kinds(told)


@pytest.mark.spec("CRT-17")
def test_the_statement_says_why_and_by_whom(told: Ledger) -> None:
    """Decision, approvals and outcomes are those of the leaves."""
    statement: Any = told.verify().statement

    assert "2026-04-02" == statement["decision"]["last_protected"]
    assert ["s. 7(a)"] == [one["cite"] for one in statement["decision"]["floors"]]
    assert PACK == statement["decision"]["pack_sha256"] == statement["law"]["pack_sha256"]
    assert ["signed", "signed"] == [one["how"] for one in statement["approvals"]]
    assert [["records"], ["designee"]] == [one["roles"] for one in statement["approvals"]]
    assert 2 == len({one["by"] for one in statement["approvals"]})
    assert statement["proposal"]["by"] not in {one["by"] for one in statement["approvals"]}
    assert [one.to_json() for one in outcomes(2)] == statement["destruction"]["outcomes"]
    assert (2, 2000, 1) == tuple(
        statement["destruction"][name] for name in ("versions", "bytes", "failures")
    )
    assert {"derivatives": [], "derived_from": None, "exports": 0, "releases": 0} == (
        statement["copies"]
    )


@pytest.mark.spec("CRT-17")
def test_the_sanitization_record_is_complete(told: Ledger) -> None:
    """Every field that NIST SP 800-88 asks for has an answer."""
    record: Any = told.verify().statement["sanitization"]

    assert ("purge", ["cryptographic-erase", "deletion"]) == (
        record["method"],
        record["techniques"],
    )
    assert {"name": "bwcstore", "version": "0.1.0"} == record["tool"]
    assert [] == [name for name, value in record.items() if value in ("", None, {}, [])]
    assert ["mirror", "tape"] == [one["id"] for one in record["escrow"]]


def test_what_was_only_asserted_is_called_so() -> None:
    """Nobody's word is shown as a signature."""
    statement: Any = tell(Story(signing=False)).verify().statement

    assert ["asserted", "asserted"] == [one["how"] for one in statement["approvals"]]
    assert "asserted" == statement["decision"]["how"]


@pytest.mark.spec("CRT-16", "CRT-18")
@pytest.mark.parametrize(
    ("story", "why"),
    [
        (Story(epochs=0, root=None), "epoch"),
        (Story(root=None), "nothing was attested"),
        (Story(root="kept"), "root key of that epoch was kept"),
        (Story(kept={"tape": "kept"}), "backup tape"),
        (Story(kept={"mirror": "destroyed"}), "tape, which holds keys: not-attested"),
    ],
)
def test_erasure_is_not_claimed_too_early(story: Story, why: str) -> None:
    """Deleted bytes are called erased only when nothing that held the keys is left."""
    found = tell(story).verify()

    assert CertificateState.BYTES_DELETED == found.state
    assert "Cryptographic erasure is not claimed" in found.claim
    assert why in found.claim
    assert ("not-claimed", False) == (
        found.statement["sanitization"]["method"],  # type: ignore[index,call-overload]
        "cryptographically erased" in found.claim,
    )


@pytest.mark.spec("CRT-16")
@pytest.mark.parametrize(
    "story",
    [
        Story(),
        Story(root="medium-sanitized"),
        Story(epochs=3),
        Story(backups={}, kept={}),
        Story(kept={"tape": "older-epoch-removed"}),
    ],
)
def test_erasure_is_claimed_when_nothing_is_left(story: Story) -> None:
    """Evidence without keys may stay in a backup; a later epoch counts too."""
    found = tell(story).verify()

    assert CertificateState.ERASED == found.state
    assert found.claim.endswith("it is cryptographically erased.")


@pytest.mark.spec("CRT-16")
def test_a_backup_that_is_no_longer_listed_still_counts() -> None:
    """Leaving a backup out of the next list does not make it go away."""
    ledger = tell(Story(root=None))
    ledger.write("backups.declared", declared({}), by="designee")
    ledger.write("erasure.attested", attested("replaced", {}), by="designee")
    forgotten = ledger.verify()
    ledger.write("backups.declared", declared({"tape": "vault"}), by="designee")
    ledger.write("erasure.attested", attested("replaced", {"tape": "destroyed"}), by="designee")

    assert CertificateState.BYTES_DELETED == forgotten.state
    assert CertificateState.ERASED == ledger.verify().state


@pytest.mark.spec("CRT-16")
def test_every_replica_that_had_the_key_must_be_cleared() -> None:
    """An epoch that ended in one replica of two is not gone."""
    ledger = tell(Story(epochs=0, root=None))
    ledger.write("keys.epoch_destroyed", ended(0, "memory-a"), by="runner")
    ledger.write("erasure.attested", attested("replaced", {"tape": "destroyed"}), by="designee")

    assert "not destroyed in vault replica memory-b" in ledger.verify().claim


@pytest.mark.spec("CRT-4", "CRT-15", "CRT-24")
def test_many_outcomes_are_an_annex() -> None:
    """What the entry names by digest travels with the certificate, whole."""
    ledger = tell(Story(segments=70))
    document = json.loads(ledger.certificate())
    found: Any = ledger.verify().statement

    assert [one.to_json() for one in outcomes(70)] == found["destruction"]["outcomes"]
    assert 1 == len(document["annexes"])


@pytest.mark.spec("CRT-3", "CRT-10")
def test_entries_of_several_generations_are_proven() -> None:
    """Each generation brings its first entry and its own checkpoint."""
    ledger = tell(Story(generation=True))
    found = ledger.verify()

    assert [0, 1] == [one.generation for one in found.checkpoints]
    assert 1 == kinds(ledger).count("generation.opened")
    assert found.checkpoints[0].size < found.number


def test_a_certificate_can_be_made_again(told: Ledger) -> None:
    """While nothing is added, the certificate is the same bytes; an older one stays valid."""
    early = tell(Story(epochs=0, root=None))
    old = early.certificate()
    early.write("keys.rotation_started", {"epoch": 0}, by="runner")
    early.write("keys.epoch_destroyed", ended(), by="runner")

    assert told.certificate() == told.certificate()
    assert CertificateState.BYTES_DELETED == early.verify(old).state
    assert early.certificate() != old


@pytest.mark.spec("CRT-6")
def test_only_what_is_destroyed_has_a_certificate() -> None:
    """There is none of what is unknown, is there, or is being destroyed."""
    ledger = begin()
    with pytest.raises(NotFoundError) as unknown:
        ledger.certificate()
    ledger = tell(Story(epochs=0, root=None))
    ingest(ledger, object_id=OTHER)
    with pytest.raises(InvalidInputError) as there:
        ledger.certificate(OTHER)
    body = next(one.body for one in ledger.verify().entries if one.kind == "purge.started")
    ledger.write("purge.started", body, by="runner", scope=ScopeId.object(OTHER))
    with pytest.raises(InvalidInputError) as begun:
        ledger.certificate(OTHER)

    assert ErrorKind.OBJECT_UNKNOWN == unknown.value.kind
    assert ErrorKind.ARGUMENT_INVALID == there.value.kind
    assert ErrorKind.PURGE_UNFINISHED == begun.value.kind


@pytest.mark.spec("CRT-10")
def test_a_certificate_of_another_store_is_refused(told: Ledger) -> None:
    """The reader says which store and which key; another one is foreign."""
    other = VerifierKey(name=told.key.name, public_key=bytes(32))
    named = VerifierKey(name="bwc.example.net/log", public_key=told.key.public_key)
    raised = []
    for key, store in ((other, None), (named, None), (told.key, StoreId(str(OTHER)))):
        with pytest.raises(IntegrityError) as refused:
            verify_certificate(told.certificate(), key=key, expect_store=store)
        raised.append(refused.value.kind)

    assert [ErrorKind.CERTIFICATE_FOREIGN] * 3 == raised


@pytest.mark.spec("CRT-22")
def test_the_plan_must_name_the_recording(told: Ledger) -> None:
    """A plan that was not approved, or does not name it, is refused; that it names it is said."""
    raw = told.certificate()
    found = verify_certificate(raw, key=told.key, plan=plan_text())
    with pytest.raises(BwcStoreError) as altered:
        verify_certificate(raw, key=told.key, plan=plan_text([CLIP]))

    assert (True, False) == (found.with_plan, found.with_history)
    assert ErrorKind.CERTIFICATE_INVALID == altered.value.kind
