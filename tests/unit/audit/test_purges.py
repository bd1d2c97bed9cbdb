"""Destruction: what an audit counts, what it proves once more, and what it refuses to believe."""

import hashlib
from collections.abc import Callable
from typing import Final

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
    PLAN,
    POLICY,
    Town,
    purged,
    uuid,
)
from tests.unit.audit.stores import BOSS, bytes_of, codes, found_as, manifest

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
        town.propose(plan)
        by = (ANN, BOB, BOSS_TOO)
        town.start([town.approve(one) for one in by[:given]])

        assert ([] if given == needed else [E.PLAN_NOT_APPROVED]) == wrong(town)


def _waits(town: Town) -> None:
    town.propose({"brakes": ["changed"]})
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


IMPOSSIBLE: Final[list[tuple[Callable[[Town], None], ErrorKind]]] = [
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
]


@pytest.mark.spec("AUD-12")
@pytest.mark.spec("AUD-32")
@pytest.mark.spec("AUD-33")
@pytest.mark.parametrize(("spoil", "expected"), IMPOSSIBLE)
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


@pytest.mark.spec("AUD-36")
def test_annexes() -> None:
    """A missing annex and an altered one are errors; one that nobody names is a note."""
    town = due()
    town.propose()
    town.start([town.approve()])
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
