"""The history of a store: what it shows that a certificate alone does not."""

import json
from typing import Any

import pytest

from bwcstore._encoding import Json
from bwcstore._values import ScopeId
from bwcstore.custody._authority import Role
from bwcstore.errors import BwcStoreError, ErrorKind
from bwcstore.purge._certificate import make_certificate, verify_certificate
from bwcstore.purge._certificate_form import ProvenEntry
from tests.unit.purge.destroyed import (
    CASE,
    CLIP,
    PLAN,
    QUERY,
    Ledger,
    Story,
    begin,
    declared,
    placed,
    started,
    tell,
)
from tests.unit.purge.test_certificate_refusals import approve, completed, destroy, propose

LIMITS: dict[str, Json] = {
    "approvals": 1, "large_objects": 100, "brake_multiple": 3, "brake_objects": 25,
    "brake_days": 14, "waiting_hours": 24, "plan_days": 30, "clock_hours": 744,
    "dual_release": [], "narrowed": [],
}  # fmt: skip


def refusal(ledger: Ledger, history: bytes | None = None) -> str:
    """Why a history shows that a certificate must not be; alone, that is valid."""
    raw = ledger.certificate()
    verify_certificate(raw, key=ledger.key)
    given = ledger.store.store_history() if history is None else history
    with pytest.raises(BwcStoreError) as refused:
        verify_certificate(raw, key=ledger.key, history=given)

    assert ErrorKind.CERTIFICATE_INVALID == refused.value.kind
    return refused.value.message


def due(story: Story | None = None) -> Ledger:
    """A store with a recording that is due, and nothing planned."""
    return tell(story, stop="plan")


def proposed_and_destroyed(ledger: Ledger) -> Ledger:
    """The same after a plan with one approval."""
    propose(ledger)
    destroy(ledger, [approve(ledger)])
    return ledger


@pytest.mark.spec("CRT-21")
def test_a_standing_hold_by_query_is_seen() -> None:
    """A hold that selects the recording, and is not released, forbids it."""
    why = refusal(proposed_and_destroyed(due(Story(query="standing"))))

    assert f"evidentiary {QUERY} held it" in why


@pytest.mark.spec("CRT-21")
def test_a_hold_that_was_released_too_late_is_seen() -> None:
    """What counts is the moment when the destruction began."""
    ledger = proposed_and_destroyed(due(Story(query="standing")))
    ledger.write("hold.released", {"hold": QUERY}, by="deputy")

    assert f"evidentiary {QUERY} held it" in refusal(ledger)


def test_a_hold_on_something_else_does_not_matter() -> None:
    """A hold by query that does not select the recording forbids nothing."""
    ledger = due()
    term: dict[str, Json] = {"tag": {"kind": "case", "value": CASE[:-1] + "d"}}
    hold = "0190163d-8694-4000-8000-0000000000fa"
    ledger.write("hold.placed", {**placed(hold, "x"), "query": term})

    assert proposed_and_destroyed(ledger).verify().with_history


@pytest.mark.spec("CRT-19")
def test_a_history_is_a_chain_without_a_gap() -> None:
    """A history that lacks an entry, repeats one or is another store's is refused."""
    ledger = tell()
    document: Any = json.loads(ledger.store.store_history())
    whole = document["entries"]
    for entries in (whole[1:], whole[:3] + whole[4:], [*whole[:3], *whole[2:]], []):
        raw = json.dumps(
            {**document, "entries": entries}, sort_keys=True, separators=(",", ":")
        ).encode()

        refusal(ledger, raw)
    named = json.dumps(
        {**document, "store": str(CLIP)}, sort_keys=True, separators=(",", ":")
    ).encode()
    assert "not that of the store" in refusal(ledger, named)


@pytest.mark.spec("CRT-20")
def test_a_history_is_that_of_the_certificate() -> None:
    """The heads that the certificate names are those of the history."""
    ledger = tell()
    other = tell(Story(signing=False)).store.store_history()

    assert "is not that of the certificate" in refusal(ledger, other)


@pytest.mark.spec("CRT-20")
def test_a_history_reaches_the_decision() -> None:
    """One that ends before the destruction was decided shows nothing; a longer one is good."""
    ledger = tell()
    found = ledger.verify()
    begun = next(one for one in found.entries if one.kind == "purge.started")
    short = ledger.store.store_history(until=begun.index)
    last = next(one for one in reversed(found.entries) if one.kind == "hold.released").index
    ledger.enrol("guest", Role.READER, number=9)

    assert ledger.verify(ledger.certificate()).with_history
    assert verify_certificate(ledger.certificate(), key=ledger.key, history=short).with_history
    early = ledger.store.store_history(until=last)
    assert "the history ends before" in refusal(ledger, early)


@pytest.mark.spec("CRT-21")
def test_as_many_approve_as_the_policy_asks() -> None:
    """One approval is too few where the policy asks for two."""
    ledger = due()
    ledger.write("policy.set", {**LIMITS, "approvals": 2}, by="designee")

    assert "1 of 2 approvals" in refusal(proposed_and_destroyed(ledger))


@pytest.mark.spec("CRT-21")
def test_a_plan_is_run_in_its_time() -> None:
    """One that was run after it had gone stale is not certified with a history."""
    ledger = due()
    ledger.write("policy.set", {**LIMITS, "plan_days": 1}, by="designee")
    propose(ledger)
    index = approve(ledger)
    ledger.world.clock.advance(2 * 86_400)
    destroy(ledger, [index])

    assert "the plan could be run from" in refusal(ledger)


@pytest.mark.spec("CRT-21")
def test_whoever_was_revoked_approves_nothing() -> None:
    """An approval by somebody who might not act any more is none."""
    ledger = due()
    actor, _ = ledger.actors["deputy"]
    ledger.write("actor.revoked", {"actor": str(actor)}, by="designee")

    assert "might not act any more" in refusal(proposed_and_destroyed(ledger))


@pytest.mark.spec("CRT-21")
def test_who_may_approve_is_narrowed() -> None:
    """Where the policy leaves approvals to others, those of clerks are none."""
    ledger = due()
    narrowed: list[Json] = [{"kind": "plan.approved", "roles": ["chief"]}]
    ledger.write("policy.set", {**LIMITS, "narrowed": narrowed}, by="designee")

    assert "did not leave" in refusal(proposed_and_destroyed(ledger))


@pytest.mark.spec("CRT-21")
def test_the_last_list_of_backups_counts() -> None:
    """A list that is left out, and the last of which is not there, is seen."""
    ledger = due()
    ledger.write("backups.declared", declared({"tape": "both", "safe": "vault"}), by="designee")
    proposed_and_destroyed(ledger)
    document: Any = json.loads(ledger.certificate())

    assert ["safe", "tape"] == [one["id"] for one in document["backups"]]
    assert ledger.verify().with_history


@pytest.mark.spec("CRT-21")
def test_a_later_enrolment_counts() -> None:
    """A certificate that shows an enrolment which had been replaced is refused with a history."""
    ledger = due(Story(signing=False))
    ledger.enrol("deputy", Role.RECORDS, number=2, signing=False)
    proposed_and_destroyed(ledger)
    concealed = _without_last_enrolment(ledger)
    verify_certificate(concealed, key=ledger.key)
    with pytest.raises(BwcStoreError) as refused:
        verify_certificate(concealed, key=ledger.key, history=ledger.store.store_history())

    assert "anew" in refused.value.message


def _without_last_enrolment(ledger: Ledger) -> bytes:
    """The certificate with the enrolment before the last of the deputy in place of the last."""
    log = ledger.store._services.log
    actor = str(ledger.actors["deputy"][0])
    enrolled = [
        one.index
        for one in log.entries()
        if one.kind == "actor.enrolled" and one.body["actor"] == actor
    ]
    chosen = {one.index for one in ledger.verify().entries} - {enrolled[1]} | {enrolled[0]}
    proofs = log.prove_entries(chosen)
    return make_certificate(
        [
            ProvenEntry(entry=log.entry(index), hashes=proofs[index].hashes)
            for index in sorted(chosen)
        ],
        checkpoints=[proofs[0].note],
    )


@pytest.mark.spec("CRT-21")
def test_signatures_are_asked_for_where_the_store_does() -> None:
    """A store that wants approvals signed has none that are only asserted."""
    ledger = due(Story(signing=False))
    signed = begin(signed_kinds=frozenset({"plan.approved"}))

    assert proposed_and_destroyed(ledger).verify().with_history
    assert "had to be signed" in refusal(
        proposed_and_destroyed(tell(Story(signing=False), stop="plan", ledger=signed))
    )


def test_the_story_ends_where_it_says() -> None:
    """What the tests above build on: nothing is planned yet, and then it is completed."""
    ledger = due()
    scope = ScopeId.act(PLAN)
    before = ledger.store._services.log.scope_entries(scope)
    propose(ledger)
    ledger.write(
        "purge.started", started([approve(ledger)]), by="runner", scope=ScopeId.object(CLIP)
    )
    ledger.write("purge.completed", completed(), by="runner", scope=ScopeId.object(CLIP))

    assert () == before
    assert ledger.verify().number == ledger.store.size - 1
