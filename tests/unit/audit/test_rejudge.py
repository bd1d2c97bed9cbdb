"""Every destruction judged once more: by the law, the facts and the holds of its moment."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from bwcstore._encoding import Json
from bwcstore._values import STORE_SCOPE, ScopeId
from bwcstore.audit._findings import Severity
from bwcstore.errors import ErrorKind
from tests.unit.audit.purges import (
    DAY,
    HOLD,
    REQUEST,
    Town,
    uuid,
)
from tests.unit.audit.stores import batch, bytes_of, codes, found_as
from tests.unit.audit.test_purges import due, wrong
from tests.unit.statute.small import AGENCY

E = ErrorKind


def why(town: Town) -> str:
    """What the one finding says that a destruction is not proven."""
    town.close()
    (finding,) = town.audit().errors
    assert E.PURGE_UNPROVEN is finding.code
    assert "AUD-34" == finding.clause
    assert str(town.clip) == finding.object
    return finding.message


def _go(town: Town, **more: Json) -> None:
    town.propose()
    town.start([town.approve()], **more)


@pytest.mark.spec("AUD-34")
def test_a_destruction_without_law() -> None:
    """Where no law was adopted nothing shows that a recording might be destroyed."""
    town = Town(law=False)
    town.wait()
    _go(town)

    assert "no law was adopted" in why(town)


@pytest.mark.spec("AUD-34")
def test_a_destruction_too_early() -> None:
    """What is not due on the day of the judgement is not proven, whatever is stated."""
    town = Town()
    town.wait(90)
    _go(town)

    assert "protected" in why(town)


@pytest.mark.spec("AUD-34")
@pytest.mark.parametrize("days", [-1, 10])
def test_a_destruction_for_another_day(days: int) -> None:
    """A judgement of another day than that on which it was decided is none."""
    town = Town()
    town.wait(90)
    _go(town, as_of=str(date.fromisoformat(town.today) + timedelta(days=days)))

    assert "decided on" in why(town)


def _held_by_binding(town: Town) -> None:
    town.hold("other-kind", objects=1)
    town.bind()


def _held_by_label(town: Town) -> None:
    said = town.assert_fact("labels", ["training"])
    town.assert_fact("labels", [], supersedes=said)
    town.hold(query={"any": [{"label": "training"}, {"label": "none"}]})


def _held_by_tag(town: Town) -> None:
    town.put(town.scope, "tags.added", {"tags": {"case": ["c" * 32]}})
    town.hold(query={"all": [{"tag": {"kind": "case", "value": "c" * 32}}]})


def _held_by_day(town: Town) -> None:
    claim: dict[str, Json] = {
        "claim": uuid(4), "at": "2026-01-01T12:00:00.000000Z", "basis": "correction",
    }  # fmt: skip
    town.put(town.scope, "collected.claimed", claim)
    town.hold(query={"collected": {"from": "2026-01-01", "until": "2026-01-01"}})


def _held_by_request(town: Town) -> None:
    town.receive()
    town.bind_request()


@pytest.mark.spec("AUD-34")
@pytest.mark.parametrize(
    ("hold", "by"),
    [
        (_held_by_binding, HOLD),
        (_held_by_label, HOLD),
        (_held_by_tag, HOLD),
        (_held_by_day, HOLD),
        (_held_by_request, REQUEST.text),
    ],
)
def test_a_destruction_of_what_was_held(hold: Callable[[Town], None], by: str) -> None:
    """Every hold that binds or selects, and every request without an answer, is found."""
    town = due()
    hold(town)
    _go(town)

    assert f"held by {by}" in why(town)


@pytest.mark.spec("AUD-34")
def test_holds_that_hold_nothing() -> None:
    """A released hold and an answered request do not hold, and selections select what they say."""
    town = Town()
    _held_by_binding(town)
    town.put(STORE_SCOPE, "hold.released", {"hold": HOLD})
    other: dict[str, Json] = {
        "hold": uuid(12), "kind": "litigation", "authority": "court", "objects_count": 0,
    }  # fmt: skip
    never: list[Json] = [
        {"tag": {"kind": "case", "value": "d" * 32}},
        {"collected": {"from": "2030-01-01", "until": None}},
        {"label": "never-given"},
    ]
    town.put(STORE_SCOPE, "hold.placed", {**other, "query": {"any": never}})
    _held_by_request(town)
    town.answer("denied")
    town.wait()
    _go(town)

    assert [] == wrong(town)


@pytest.mark.spec("AUD-34")
@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"last_protected": "2026-01-01"}, "last_protected is stated"),
        ({"disposal": "2026-01-01"}, "disposal is stated"),
        ({"authority": []}, "authority"),
        ({"authority": [{"rule": "evidence", "cite": "schedule, line 2"}]}, "authority"),
        ({"pack_sha256": "3" * 64}, "another law"),
        ({"agency_sha256": "3" * 64}, "another law"),
    ],
)
def test_a_judgement_that_does_not_repeat(said: dict[str, Json], expected: str) -> None:
    """Dates, authority and law are those that come out when it is judged once more."""
    town = due()
    _go(town, **said)

    assert expected in why(town)


@pytest.mark.spec("AUD-34")
@pytest.mark.parametrize(
    ("fact", "value", "expected"),
    [
        ("force", "deadly", "it was"),
        ("no_such_fact", "yes", "no fact"),
        ("labels", ["no-such-label"], "cannot be asked"),
        ("collected_at", "later", "cannot be asked"),
    ],
)
def test_facts_count(fact: str, value: Json, expected: str) -> None:
    """A fact that keeps the recording, or that the pack cannot take, undoes the proof."""
    town = due()
    town.assert_fact(fact, value)
    _go(town)

    assert expected in why(town)


@pytest.mark.spec("AUD-34")
def test_a_later_claim_of_when_it_was_made() -> None:
    """The latest plausible claim counts; one that cannot be true does not."""
    for days, plausible in ((0.003, True), (50, False)):
        town = Town()
        at = town.world.clock.now().plus_seconds(days * DAY)
        claim: dict[str, Json] = {"claim": uuid(4), "at": str(at), "basis": "camera-clock"}
        town.put(town.scope, "collected.claimed", claim)
        town.wait()
        _go(town)

        assert [] == wrong(town), plausible


@pytest.mark.spec("AUD-34")
def test_what_was_made_of_a_recording_has_its_facts() -> None:
    """A derivative is judged with the assertions and the holds of what it was made of."""
    town = Town()
    body: dict[str, Json] = {
        "parent": str(town.clip), "parent_manifest_sha256": town.manifest_digest(town.clip),
        "operation": "clip", "tool": "cut", "tool_version": "1", "redactions": [],
        "regions_count": 0, "regions_sha256": "0" * 64,
    }  # fmt: skip
    child = town.ingest(bytes_of(50))
    town.put(ScopeId.object(child), "derived.from", body)
    parent, town.clip = town.clip, child
    town.wait()
    _go(town)
    free = wrong(town)
    held = Town()
    body["parent"], body["parent_manifest_sha256"] = (
        str(held.clip),
        held.manifest_digest(held.clip),
    )
    held.hold(objects=1)
    held.bind()
    held.clip = held.ingest(bytes_of(50))
    held.put(held.scope, "derived.from", body)
    held.wait()
    _go(held)

    assert parent != child
    assert [] == free
    assert f"held by {HOLD}" in why(held)


@pytest.mark.spec("AUD-34")
@pytest.mark.parametrize(
    ("text", "entry", "expected"),
    [
        ({"objects": [{"object": uuid(77)}]}, {}, {E.PURGE_UNPROVEN}),
        ({}, {"objects_count": 2}, {E.PLAN_ALTERED, E.PURGE_UNPROVEN}),
        ({"store": uuid(1)}, {}, {E.PLAN_ALTERED, E.PURGE_UNPROVEN}),
        ({"as_of": "2026-01-01"}, {}, {E.PLAN_ALTERED, E.PURGE_UNPROVEN}),
        ({"format": "bwcstore-plan/2"}, {}, {E.PLAN_ALTERED, E.PURGE_UNPROVEN}),
        ({"objects": [3]}, {}, {E.PLAN_ALTERED, E.PURGE_UNPROVEN}),
        ({"objects": {}}, {}, {E.PLAN_ALTERED, E.PURGE_UNPROVEN}),
    ],
)
def test_plans_that_say_something_else(
    text: dict[str, Json], entry: dict[str, Json], expected: set[ErrorKind]
) -> None:
    """A plan is of this store and this day, and names as many recordings as its entry, and this."""
    town = due()
    town.propose(entry, text=text)
    town.start([town.approve()])
    town.close()

    assert expected == codes(town.audit())


@pytest.mark.spec("AUD-34")
@pytest.mark.parametrize(
    "change",
    [
        {"pack_sha256": "3" * 64},
        {"zone": "America/Denver"},
    ],
)
def test_a_law_that_says_something_else(change: dict[str, Json]) -> None:
    """An entry that adopts another law than its annexes say proves nothing."""
    town = Town(law=False)
    town.adopt(change)
    town.wait()
    _go(town, **{name: value for name, value in change.items() if name != "zone"})

    assert "another thing" in why(town)


@pytest.mark.spec("AUD-34")
def test_a_law_that_is_none() -> None:
    """Annexes of the right digests that are no law do not end the audit."""
    town = Town(law=False)
    town.adopt({"pack_annex": town.annex(b"\xff\xfe no law")})
    town.wait()
    _go(town)

    assert "cannot be read" in why(town)


@pytest.mark.spec("AUD-34")
def test_a_law_that_came_later() -> None:
    """The law of the moment counts, and not one that was adopted after the destruction."""
    town = due()
    _go(town)
    town.adopt(agency_text=AGENCY.replace("grace_days = 0", "grace_days = 300"))

    assert [] == wrong(town)


@pytest.mark.spec("AUD-34")
@pytest.mark.spec("AUD-3")
def test_behind_a_gap_nothing_is_certain() -> None:
    """Where entries are missing a destruction that cannot be proven is a warning."""
    town = due()
    town.assert_fact("force", "deadly")
    _go(town)
    town.close()
    del town.contents[batch(4)]

    findings = found_as(town.audit(), E.PURGE_UNPROVEN)

    assert [Severity.WARNING] == [one.severity for one in findings]
