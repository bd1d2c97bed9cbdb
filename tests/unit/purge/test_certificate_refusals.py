"""Destructions that no certificate may be made of, and entries that none may lack or add."""

from collections.abc import Callable

import pytest

from bwcstore._encoding import Json
from bwcstore._values import STORE_SCOPE, ActId, ScopeId
from bwcstore.custody._authority import Role
from bwcstore.errors import ErrorKind, IntegrityError
from bwcstore.ledger._entry import Entry
from bwcstore.purge._certificate import verify_certificate
from bwcstore.purge._certificate_choice import choose
from bwcstore.purge._certificate_form import (
    FORMAT,
    Certificate,
    ProvenEntry,
    decode_certificate,
    encode_certificate,
)
from tests.unit.purge.destroyed import (
    CLIP,
    OTHER,
    PLAN,
    REQUEST,
    Ledger,
    Story,
    placed,
    plan_digest,
    started,
    tell,
)

ACT = ScopeId.act(PLAN)
SCOPE = ScopeId.object(CLIP)


def forged(ledger: Ledger, entries: list[Entry] | None = None) -> bytes:
    """A certificate made of a ledger's entries as they are, by somebody who checks nothing."""
    log = ledger.store._services.log
    chosen = entries or choose(
        recording=log.scope_entries(SCOPE),
        plan=log.scope_entries(ACT),
        store=log.scope_entries(STORE_SCOPE),
    )
    proofs = log.prove_entries(one.index for one in chosen)
    return encode_certificate(
        Certificate(
            statement={"format": FORMAT},
            entries=tuple(
                ProvenEntry(entry=one, hashes=proofs[one.index].hashes) for one in chosen
            ),
            checkpoints=(proofs[0].note,),
        )
    )


def refusal(ledger: Ledger, raw: bytes | None = None) -> str:
    """Why a certificate is refused when it is checked, and when it is to be made."""
    with pytest.raises(IntegrityError) as checked:
        verify_certificate(raw or forged(ledger), key=ledger.key)
    if raw is None:
        with pytest.raises(IntegrityError) as made:
            ledger.certificate()
        assert made.value.message == checked.value.message

    assert ErrorKind.CERTIFICATE_INVALID == checked.value.kind
    return checked.value.message


def until_plan(story: Story | None = None) -> Ledger:
    """A store with a recording that is due, and nothing planned."""
    return tell(story, stop="plan")


def propose(ledger: Ledger, *, by: str = "records", act: ActId = PLAN, digest: str = "") -> None:
    """Propose a plan."""
    named = digest or plan_digest()
    body: dict[str, Json] = {
        "plan_sha256": named, "plan_annex": named, "as_of": "2026-04-12", "objects_count": 2,
        "brakes": [],
    }  # fmt: skip
    ledger.write("plan.proposed", body, by=by, scope=ScopeId.act(act))


def approve(ledger: Ledger, *, by: str = "deputy", act: ActId = PLAN) -> int:
    """Approve it; the index of the approval."""
    body = {"plan_sha256": plan_digest()}
    return ledger.write("plan.approved", body, by=by, scope=ScopeId.act(act)).index


def destroy(ledger: Ledger, approvals: list[int], **other: Json) -> None:
    """Begin and complete the destruction; `other` are fields of its beginning."""
    body = {**started(approvals), **other}
    ledger.write("purge.started", body, by="runner", scope=SCOPE)
    ledger.write("purge.completed", completed(), by="runner", scope=SCOPE)


def completed(**other: Json) -> dict[str, Json]:
    """The open fields of the completing entry; `other` are some of them."""
    listed: list[Json] = [
        {"name": f"objects/{CLIP}/{number:08d}", "version": "only", "outcome": "deleted"}
        for number in range(2)
    ]
    body: dict[str, Json] = {
        "plan": str(PLAN), "versions": 2, "bytes": 5, "outcomes": listed, "epoch": 0,
        "replicas": ["memory-a"],
    }  # fmt: skip
    return {**body, **other}


@pytest.mark.spec("CRT-13")
def test_nobody_approves_what_they_proposed() -> None:
    """An approval by the proposer is none."""
    ledger = until_plan()
    propose(ledger, by="deputy")
    destroy(ledger, [approve(ledger, by="deputy")])

    assert "proposed the plan" in refusal(ledger)


@pytest.mark.spec("CRT-13")
def test_approvals_are_needed() -> None:
    """A destruction that nobody approved is not certified."""
    ledger = until_plan()
    propose(ledger)
    destroy(ledger, [])

    assert "approvals are needed" in refusal(ledger)


@pytest.mark.spec("CRT-13")
def test_one_approval_counts_once() -> None:
    """An approval that is named twice is one."""
    ledger = until_plan()
    propose(ledger)
    index = approve(ledger)
    destroy(ledger, [index, index])

    assert "approvals are needed, in order" in refusal(ledger)


@pytest.mark.spec("CRT-13")
def test_approvals_name_the_plan() -> None:
    """A destruction under another digest than was proposed and approved is not certified."""
    ledger = until_plan()
    propose(ledger)
    destroy(ledger, [approve(ledger)], plan_sha256="7" * 64)

    assert "another plan was proposed" in refusal(ledger)


@pytest.mark.spec("CRT-13")
def test_approvals_are_of_the_plan_of_the_destruction() -> None:
    """An approval under another act does not count."""
    ledger = until_plan()
    other = ActId(str(REQUEST))
    propose(ledger)
    propose(ledger, act=other)
    destroy(ledger, [approve(ledger, act=other)])

    assert "plan.approved, is missing" in refusal(ledger)


@pytest.mark.spec("CRT-13")
def test_a_withdrawn_plan_destroys_nothing() -> None:
    """A plan that was withdrawn before the destruction began gives no certificate."""
    ledger = until_plan()
    propose(ledger)
    index = approve(ledger)
    ledger.write("plan.withdrawn", {}, by="records", scope=ACT)
    destroy(ledger, [index])

    assert "withdrawn" in refusal(ledger)


@pytest.mark.spec("CRT-17")
def test_what_left_the_store_is_counted() -> None:
    """Exports, releases and derivatives are beyond the destruction; views are no copies."""
    ledger = until_plan()
    for mode in ("stream", "export", "export"):
        ledger.write("object.accessed", {"mode": mode, "purpose": "records"}, scope=SCOPE)
    ledger.write("derivative.made", {"derivative": str(OTHER)}, scope=SCOPE)
    release: dict[str, Json] = {
        "release": str(PLAN), "right": "public", "recipient": "public", "mode": "copy",
        "rule": "r", "redactions": [],
    }  # fmt: skip
    ledger.write("release.made", release, scope=SCOPE)
    propose(ledger)
    destroy(ledger, [approve(ledger)])

    assert {"derivatives": [str(OTHER)], "derived_from": None, "exports": 2, "releases": 1} == (
        ledger.verify().statement["copies"]
    )


@pytest.mark.spec("CRT-13")
def test_a_plan_may_be_withdrawn_afterwards() -> None:
    """What was destroyed before a plan was withdrawn is certified."""
    ledger = until_plan()
    propose(ledger)
    destroy(ledger, [approve(ledger)])
    ledger.write("plan.withdrawn", {}, by="records", scope=ACT)

    assert "plan.withdrawn" in [one.kind for one in ledger.verify().entries]


@pytest.mark.spec("CRT-13")
def test_whoever_approves_has_a_role_for_it() -> None:
    """An approval by a reader is none."""
    ledger = until_plan()
    ledger.enrol("guest", Role.READER, number=9)
    propose(ledger)
    destroy(ledger, [approve(ledger, by="guest")])

    assert "has no role for plan.approved" in refusal(ledger)


@pytest.mark.spec("CRT-13")
@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"last_protected": "2026-04-03"}, "to be destroyed"),
        ({"as_of": "2026-04-02"}, "to be destroyed"),
        ({"as_of": "2026-04-14"}, "had not come"),
        ({"pack_sha256": "9" * 64}, "another law"),
        ({"agency_sha256": "9" * 64}, "another law"),
        ({"authority": []}, "nothing lets it be destroyed"),
        ({"segments": 3}, "another number of segments"),
        (
            {"floors": [{"rule": "r", "cite": "s. 1", "end": "2026-04-03", "period": "91 days"}]},
            "keeps it through 2026-04-03",
        ),
        (
            {"floors": [{"rule": "r", "cite": "s. 1", "end": None, "period": "for ever"}]},
            "keeps it through no day",
        ),
    ],
)
def test_the_decision_must_hold_together(other: dict[str, Json], why: str) -> None:
    """Days, law, authority and segments of the decision fit what else is shown."""
    ledger = until_plan()
    propose(ledger)
    destroy(ledger, [approve(ledger)], **other)

    assert why in refusal(ledger)


@pytest.mark.spec("CRT-14")
def test_a_hold_that_was_not_released_is_seen() -> None:
    """The chain shows that a hold bound the recording; it must have been released before."""
    ledger = until_plan(Story(hold=False))
    hold = "0190163d-8694-4000-8000-0000000000f9"
    ledger.write("hold.placed", placed(hold, "litigation", objects_count=1))
    ledger.write("hold.bound", {"hold": hold}, scope=SCOPE)
    propose(ledger)
    destroy(ledger, [approve(ledger)])
    standing = refusal(ledger)
    ledger.write("hold.released", {"hold": hold}, by="deputy")

    assert f"hold {hold} bound it" in standing
    assert f"hold {hold} bound it" in refusal(ledger)


@pytest.mark.spec("CRT-14")
def test_a_request_that_was_not_answered_is_seen() -> None:
    """The chain shows that somebody had asked for the recording."""
    ledger = until_plan(Story(request=False))
    bound = {"request": str(REQUEST), "kind": "public", "received": "2026-01-02"}
    ledger.write("request.bound", {**bound, "answers": []}, scope=SCOPE)
    propose(ledger)
    destroy(ledger, [approve(ledger)])

    assert "was not answered" in refusal(ledger)


@pytest.mark.spec("CRT-15")
@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"versions": 1}, "2 versions are listed as deleted"),
        ({"outcomes": [], "versions": 0}, "0 outcomes cannot be those of 2 segments"),
        (
            {
                "outcomes": [
                    {"name": f"objects/{CLIP}/00000000", "version": one, "outcome": "deleted"}
                    for one in ("a", "b")
                ]
            },
            "nothing is said of what became of objects/",
        ),
        (
            {
                "outcomes": [
                    {"name": f"objects/{OTHER}/0000000{one}", "version": "a", "outcome": "deleted"}
                    for one in range(2)
                ]
            },
            "is no segment of the recording",
        ),
    ],
)
def test_outcomes_are_of_every_segment(other: dict[str, Json], why: str) -> None:
    """Each segment has an outcome, nothing else has, and the counts are right."""
    ledger = until_plan()
    propose(ledger)
    ledger.write("purge.started", started([approve(ledger)]), by="runner", scope=SCOPE)
    ledger.write("purge.completed", completed(**other), by="runner", scope=SCOPE)

    assert why in refusal(ledger)


@pytest.mark.spec("CRT-7", "CRT-9", "CRT-11")
def test_no_entry_can_be_left_out() -> None:
    """Whichever entry is taken out, with its proof, the rest is refused."""
    ledger = tell()
    whole = decode_certificate(ledger.certificate())
    for number in range(len(whole.entries)):
        left = whole.entries[:number] + whole.entries[number + 1 :]
        raw = encode_certificate(
            Certificate(statement=whole.statement, entries=left, checkpoints=whole.checkpoints)
        )

        refusal(ledger, raw)


@pytest.mark.spec("CRT-8")
def test_no_entry_can_be_added() -> None:
    """An entry of the same ledger without a reason to be there is refused, whatever it is."""
    ledger = tell()
    log = ledger.store._services.log
    whole = {one.entry.index for one in decode_certificate(ledger.certificate()).entries}
    others = [index for index in range(log.size) if index not in whole]
    for index in others:
        entries = [log.entry(one) for one in sorted({*whole, index})]

        refusal(ledger, forged(ledger, entries))
    assert len(others) > 2


@pytest.mark.spec("CRT-8")
def test_what_came_later_does_not_belong_there() -> None:
    """Lists of backups and people that came later have no reason to be in it."""
    ledger = tell()
    whole = [one.entry for one in decode_certificate(ledger.certificate()).entries]
    listed: dict[str, Json] = {"backups": []}
    late = ledger.write("backups.declared", listed, by="designee")
    with_list = forged(ledger, [*whole, late])
    ledger.enrol("guest", Role.READER, number=9)
    guest = ledger.store._services.log.entry(late.index + 1)

    assert "came later" in refusal(ledger, with_list)
    assert "did nothing" in refusal(ledger, forged(ledger, [*whole, guest]))


@pytest.mark.spec("CRT-11")
def test_the_chain_of_the_recording_is_whole() -> None:
    """A recording whose chain is shown from its second entry on is refused."""
    ledger = tell()
    whole = [one.entry for one in decode_certificate(ledger.certificate()).entries]
    wrong = [one for one in whole if one.kind != "object.ingested"]

    assert "begins with object.ingested" in refusal(ledger, forged(ledger, wrong))


def _signature(ledger: Ledger, change: Callable[[Ledger], None]) -> ErrorKind:
    change(ledger)
    propose(ledger)
    destroy(ledger, [approve(ledger)])
    with pytest.raises(IntegrityError) as refused:
        verify_certificate(forged(ledger), key=ledger.key)
    return refused.value.kind


@pytest.mark.spec("CRT-12")
def test_a_signature_is_by_the_enrolled_key() -> None:
    """Whoever signs with another key than they were last enrolled with is refused."""

    def another_key(ledger: Ledger) -> None:
        actor, signer = ledger.actors["deputy"]
        ledger.enrol("deputy", Role.RECORDS, number=8)
        ledger.actors["deputy"] = actor, signer

    assert ErrorKind.SIGNATURE_INVALID == _signature(until_plan(), another_key)


@pytest.mark.spec("CRT-12")
def test_a_key_that_was_replaced_is_good_for_what_it_signed() -> None:
    """Each signature is compared with the enrolment that was in force then."""
    ledger = until_plan()
    ledger.enrol("deputy", Role.RECORDS, number=8)
    propose(ledger)
    destroy(ledger, [approve(ledger)])
    enrolled = [one.kind for one in ledger.verify().entries].count("actor.enrolled")

    assert 6 == enrolled
