"""Destruction: what an audit counts, what it proves once more, and what it refuses to believe."""

import hashlib
from collections.abc import Callable
from datetime import date, timedelta

import pytest

from bwcstore import _layout
from bwcstore._encoding import Json
from bwcstore._ports import StoredVersion
from bwcstore._values import STORE_SCOPE, ActId, ActorId, Digest, ScopeId
from bwcstore.audit._findings import Severity
from bwcstore.audit._run import audit_store
from bwcstore.errors import ErrorKind
from bwcstore.objects._manifest import content_key_id
from bwcstore.testing import MemoryBackend
from tests.unit.audit.purges import (
    ANN,
    BOB,
    DAY,
    HOLD,
    PLAN,
    POLICY,
    REQUEST,
    Town,
    purged,
    uuid,
)
from tests.unit.audit.stores import BOSS, batch, bytes_of, codes, found_as, manifest
from tests.unit.statute.small import AGENCY

E = ErrorKind
BOSS_TOO = ActorId("00000000-0000-4000-8000-0000000b0552")
ACT = ScopeId.act(PLAN)


class Versioned(MemoryBackend):
    """Storage that keeps an older version of one name.

    Attributes:
        kept: the name.
    """

    kept = ""

    def versions(self, name: str) -> tuple[StoredVersion, ...]:
        """See `Backend.versions`."""
        old = StoredVersion(name=name, version_id="1", length_bytes=132)
        marker = StoredVersion(name=name, version_id="2", length_bytes=0, marker=True)
        return (marker, old) if name == self.kept else super().versions(name)


def due(**options: object) -> Town:
    """A town whose recording is due."""
    town = Town(**options)  # type: ignore[arg-type]  # passed through
    town.wait()
    return town


def wrong(town: Town) -> list[ErrorKind]:
    """The codes of everything that is wrong, without keys."""
    town.close()
    return [finding.code for finding in town.audit().errors]


def why(town: Town) -> str:
    """What the one finding says that a destruction is not proven."""
    town.close()
    (finding,) = town.audit().errors
    assert E.PURGE_UNPROVEN is finding.code
    assert "AUD-34" == finding.clause
    assert str(town.clip) == finding.object
    return finding.message


@pytest.mark.spec("AUD-37")
@pytest.mark.spec("AUD-34")
def test_a_lawful_destruction_is_in_order() -> None:
    """What was lawfully destroyed is counted as purged, and nothing is wrong, with keys or not."""
    town = purged()
    town.ingest(bytes_of(30))
    town.close()

    for report in (town.audit(), town.audit_keyed()):
        assert set() == codes(report)
        assert report.complete
        done = report.coverage
        assert (2, 1, 0, 1, 0) == (
            done.objects,
            done.objects_present,
            done.objects_purging,
            done.objects_purged,
            done.objects_missing,
        )


@pytest.mark.spec("AUD-37")
def test_a_begun_destruction_is_a_warning() -> None:
    """Of what is being destroyed segments and keys may be gone, and the rest is still checked."""
    town = due()
    town.propose()
    town.start([town.approve()])
    town.close()
    name = _layout.segment(town.clip, 0)
    before = town.audit_keyed()
    raw = town.contents[name]
    town.contents[name] = raw[:-1] + bytes([raw[-1] ^ 1])
    changed = town.audit()
    town.destroy()

    for report in (before, town.audit(), town.audit_keyed()):
        assert set() == codes(report)
        (warning,) = found_as(report, E.PURGE_UNFINISHED)
        assert Severity.WARNING is warning.severity
        assert [] == found_as(report, E.KEY_ABSENT)
        assert 1 == report.coverage.objects_purging
    assert {E.CHUNK_DIGEST} == codes(changed)


@pytest.mark.spec("AUD-37")
def test_bytes_of_what_was_destroyed() -> None:
    """A segment that is there again is named once, whatever its bytes are."""
    town = purged()
    town.close()
    town.contents[_layout.segment(town.clip, 0)] = b"back again"

    (finding,) = town.audit().errors

    assert (E.PURGED_BYTES_PRESENT, str(town.clip)) == (finding.code, finding.object)


@pytest.mark.spec("AUD-37")
def test_versions_of_what_was_destroyed() -> None:
    """A stored version that a listing does not show is found where the storage keeps versions."""
    town = purged()
    town.close()
    storage = Versioned(dict(town.contents))
    storage.kept = _layout.segment(town.clip, 0)

    (finding,) = audit_store(storage).errors

    assert E.PURGED_BYTES_PRESENT is finding.code


@pytest.mark.spec("AUD-37")
def test_the_manifest_of_what_was_destroyed_stays() -> None:
    """Losing the record of a destroyed recording is an error."""
    town = purged()
    town.close()
    del town.contents[manifest(town, town.clip)]

    assert {E.MANIFEST_MISSING} == codes(town.audit())


@pytest.mark.spec("AUD-37")
def test_what_is_missing_was_not_destroyed() -> None:
    """A recording that is gone without an entry that says so is missing, and not purged."""
    town = Town()
    town.close()
    del town.contents[_layout.segment(town.clip, 0)]

    report = town.audit()

    assert {E.SEGMENT_MISSING} == codes(report)
    assert (1, 0, 1) == (
        report.coverage.objects_present,
        report.coverage.objects_purged,
        report.coverage.objects_missing,
    )


@pytest.mark.spec("AUD-38")
def test_the_key_of_what_was_destroyed() -> None:
    """A content key that the vault still has is an error of an audit with keys."""
    town = purged()
    town.close()
    town.world.keys.put({content_key_id(town.clip): bytes(32)})

    assert set() == codes(town.audit())
    assert {E.NOT_DESTROYED} == codes(town.audit_keyed())


def _approved_by_proposer(town: Town) -> list[int]:
    return [town.approve(BOSS)]


def _approved_twice(town: Town) -> list[int]:
    return [town.approve(), town.approve()][:1]


def _approved_another(town: Town) -> list[int]:
    return [town.approve(BOB), town.approve(digest="1" * 64)][:1]


@pytest.mark.spec("AUD-32")
@pytest.mark.parametrize(
    ("approve", "expected"),
    [
        (_approved_by_proposer, [E.APPROVER_PROPOSED, E.PLAN_NOT_APPROVED]),
        (_approved_twice, [E.APPROVED_ALREADY]),
        (_approved_another, [E.PLAN_ALTERED]),
        (lambda _: [], [E.PLAN_NOT_APPROVED]),
        (lambda town: [town.approve() - 1], [E.PLAN_NOT_APPROVED]),
    ],
)
def test_approvals_that_do_not_count(
    approve: Callable[[Town], list[int]], expected: list[ErrorKind]
) -> None:
    """Whoever proposed does not approve, nobody twice, and nothing but this plan."""
    town = due()
    town.propose()
    town.start(approve(town))

    assert sorted(expected) == sorted(wrong(town))


@pytest.mark.spec("AUD-32")
@pytest.mark.parametrize(
    ("policy", "plan", "needed"),
    [
        ({}, {}, 1),
        ({"approvals": 2}, {}, 2),
        ({"large_objects": 0}, {}, 2),
        ({"waiting_hours": 0}, {"brakes": ["volume"]}, 2),
        ({"waiting_hours": 0, "large_objects": 0}, {"brakes": ["volume"]}, 3),
    ],
)
def test_how_many_must_approve(policy: dict[str, Json], plan: dict[str, Json], needed: int) -> None:
    """A large plan and one with brakes need one approval more each."""
    for given in (needed - 1, needed):
        town = due(policy={**POLICY, **policy})
        town.enrol(BOSS_TOO, "chief")
        town.propose(**plan)
        by = (ANN, BOB, BOSS_TOO)
        town.start([town.approve(one) for one in by[:given]])

        assert ([] if given == needed else [E.PLAN_NOT_APPROVED]) == wrong(town)


def _waits(town: Town) -> None:
    town.propose(brakes=["changed"])
    town.start([town.approve(), town.approve(BOB)])


def _stale(town: Town) -> None:
    town.propose()
    approvals = [town.approve()]
    town.wait(31)
    town.start(approvals)


def _withdrawn(town: Town) -> None:
    town.propose()
    approvals = [town.approve()]
    town.put(ACT, "plan.withdrawn", {})
    town.start(approvals)


def _another_digest(town: Town) -> None:
    town.propose()
    town.start([town.approve()], plan_sha256="2" * 64)


def _approves_withdrawn(town: Town) -> None:
    town.propose()
    town.put(ACT, "plan.withdrawn", {})
    town.approve()


def _starts_twice(town: Town) -> None:
    town.propose()
    approvals = [town.approve()]
    town.start(approvals)
    town.start(approvals)


def _other_segments(town: Town) -> None:
    town.propose()
    town.start([town.approve()], segments=2)


def _completes_nothing(town: Town) -> None:
    town.propose()
    town.complete()


def _completes_under_another(town: Town) -> None:
    town.propose()
    town.start([town.approve()])
    town.complete(plan=uuid(3))


def _bound_too_late(town: Town) -> None:
    town.hold()
    town.propose()
    town.start([town.approve()])
    town.bind()


def _ends_more(town: Town) -> None:
    town.propose()
    town.put(ACT, "purge.run_ended", {"completed": 1, "withheld": 0, "failed": 0})


def _approves_nothing(town: Town) -> None:
    town.approve(digest="1" * 64)


def _step(town: Town) -> None:
    """Propose after a day and a half, where more than a day must be confirmed."""
    town.append(town.refusal())
    town.put(STORE_SCOPE, "policy.set", {**POLICY, "clock_hours": 24})
    town.wait(1.5)
    town.propose()


def _unconfirmed(town: Town) -> None:
    _step(town)
    town.start([town.approve()])


@pytest.mark.spec("AUD-12")
@pytest.mark.spec("AUD-32")
@pytest.mark.spec("AUD-33")
@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (_waits, E.PLAN_WAITING),
        (_stale, E.PLAN_STALE),
        (_withdrawn, E.PLAN_STATE),
        (_another_digest, E.PLAN_ALTERED),
        (_approves_withdrawn, E.PLAN_STATE),
        (_starts_twice, E.STATE_INVALID),
        (_other_segments, E.STATE_INVALID),
        (_completes_nothing, E.STATE_INVALID),
        (_completes_under_another, E.STATE_INVALID),
        (_bound_too_late, E.STATE_INVALID),
        (_ends_more, E.STATE_INVALID),
        (_approves_nothing, E.STATE_INVALID),
        (_unconfirmed, E.CLOCK_UNCONFIRMED),
    ],
)
def test_impossible_destructions(spoil: Callable[[Town], None], expected: ErrorKind) -> None:
    """What cannot have been done as the rules say is the one thing that is wrong."""
    town = due()
    spoil(town)

    assert [expected] == wrong(town)


@pytest.mark.spec("AUD-32")
def test_a_plan_that_nobody_proposed() -> None:
    """A destruction under no plan is not excused by anything."""
    town = due()
    town.start([], plan=ActId(uuid(3)).text)

    assert [E.PLAN_UNKNOWN] == wrong(town)


@pytest.mark.spec("AUD-33")
def test_a_step_of_the_clock_that_two_confirmed() -> None:
    """A step that two actors vouch for is no obstacle; one actor twice is one."""
    for by in ((ANN, BOB), (ANN, ANN)):
        town = due()
        _step(town)
        jump = town.log.size - 1
        for one in by:
            town.put(STORE_SCOPE, "clock.confirmed", {"jump": jump}, by=one)
        town.start([town.approve()])

        assert ([] if len(set(by)) == 2 else [E.CLOCK_UNCONFIRMED]) == wrong(town)


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
def test_a_destruction_for_a_day_to_come() -> None:
    """A judgement of a day that had not come when it was decided is none."""
    town = Town()
    town.wait(90)
    _go(town, as_of=str(date.fromisoformat(town.today) + timedelta(days=10)))

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
    town.propose(text=text, **entry)
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
    town.adopt(**change)
    town.wait()
    _go(town, **{name: value for name, value in change.items() if name != "zone"})

    assert "another thing" in why(town)


@pytest.mark.spec("AUD-34")
def test_a_law_that_is_none() -> None:
    """Annexes of the right digests that are no law do not end the audit."""
    town = Town(law=False)
    town.adopt(pack_annex=town.annex(b"\xff\xfe no law"))
    town.wait()
    _go(town)

    assert "cannot be read" in why(town)


@pytest.mark.spec("AUD-34")
def test_a_law_that_came_later() -> None:
    """The law of the moment counts, and not one that was adopted after the destruction."""
    town = due()
    _go(town)
    town.adopt(AGENCY.replace("grace_days = 0", "grace_days = 300"))

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


@pytest.mark.spec("AUD-36")
def test_annexes() -> None:
    """A missing annex and an altered one are errors; one that nobody names is a note."""
    town = due()
    _go(town)
    town.close()
    plan = _layout.annex(_sha256(town.plan_text))
    raw = town.contents.pop(plan)
    missing = town.audit()
    town.contents[plan] = raw + b" "
    altered = town.audit()
    town.contents[plan] = raw
    town.annex(b"nobody's")
    orphan = town.audit()

    assert {E.ANNEX_MISSING, E.PURGE_UNPROVEN} == codes(missing)
    assert {E.ANNEX_DIGEST, E.PURGE_UNPROVEN} == codes(altered)
    assert 1 == len(found_as(altered, E.ANNEX_DIGEST))
    assert set() == codes(orphan)
    (note,) = found_as(orphan, E.ANNEX_ORPHAN)
    assert Severity.NOTE is note.severity
    assert (1, 8) == (
        orphan.coverage.unreferenced_names,
        orphan.coverage.unreferenced_bytes,
    )


def _sha256(data: bytes) -> Digest:
    return Digest(hashlib.sha256(data).digest())
