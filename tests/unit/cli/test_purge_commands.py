"""The commands that destroy: dry run, plan, approvals, run, certificate, and their exit codes."""

import hashlib
from datetime import date
from pathlib import Path
from typing import Final

import attrs
import pytest

from bwcstore._session._purge import PurgeStatus
from bwcstore._session._purge_run import PurgeRun
from bwcstore._values import ActId, ActorId, Digest, Instant, ObjectId
from bwcstore.cli._exit import Exit
from bwcstore.cli._purge_show import open_plans_code, run_code, status_code
from bwcstore.errors import ErrorKind
from bwcstore.purge._approval import Conditions, PlanPhase
from tests.unit.cli.office import Office, open_office

NUMBER: Final = "01a20a57-5c41-7b82-a8af-6bbd22d6b183"
OBJECT: Final = ObjectId(NUMBER)
NOON: Final = Instant.parse("2026-03-03T12:00:00.000000Z")
STATUS: Final = PurgeStatus(
    act=ActId(NUMBER),
    phase=PlanPhase.PROPOSED,
    plan_sha256=Digest(bytes(32)),
    as_of=date(2026, 3, 3),
    proposed_at=NOON,
    proposed_by=ActorId(NUMBER),
    approved_by=(),
    brakes=(),
    conditions=Conditions(approvals=1, not_before=NOON, not_after=NOON),
    objects_count=1,
    completed=(),
    begun=(),
    left=(OBJECT,),
    runs=0,
)
RUN: Final = PurgeRun(plan=ActId(NUMBER), completed=(OBJECT,), withheld={}, failed={}, epoch=0)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """A store with a recording that is due and one that nothing is known of."""
    return open_office(tmp_path)


@pytest.mark.parametrize(
    ("phase", "expected"),
    [
        (PlanPhase.PROPOSED, Exit.APPROVAL),
        (PlanPhase.STALE, Exit.APPROVAL),
        (PlanPhase.WAITING, Exit.WAITING),
        (PlanPhase.READY, Exit.UNFINISHED),
        (PlanPhase.DONE, Exit.OK),
        (PlanPhase.WITHDRAWN, Exit.OK),
    ],
)
def test_a_plan_has_a_code_for_each_phase(phase: PlanPhase, expected: Exit) -> None:
    """What is begun is to be finished, whatever the phase."""
    status = attrs.evolve(STATUS, phase=phase)

    assert expected == status_code(status)
    assert status_code(attrs.evolve(status, begun=(OBJECT,))) == Exit.UNFINISHED


def test_of_several_plans_the_most_urgent_decides() -> None:
    """What can be run goes before what must be approved, that before waiting; stale ones ask for
    nothing.
    """
    ready, proposed, waiting, stale, done = (
        attrs.evolve(STATUS, phase=phase)
        for phase in (
            PlanPhase.READY,
            PlanPhase.PROPOSED,
            PlanPhase.WAITING,
            PlanPhase.STALE,
            PlanPhase.DONE,
        )
    )

    assert open_plans_code([waiting, proposed, ready]) == Exit.UNFINISHED
    assert open_plans_code([waiting, proposed, stale]) == Exit.APPROVAL
    assert open_plans_code([done, waiting, stale]) == Exit.WAITING
    assert open_plans_code([done, stale]) == Exit.OK
    assert open_plans_code([attrs.evolve(stale, begun=(OBJECT,))]) == Exit.UNFINISHED
    assert open_plans_code([]) == Exit.OK


def test_a_run_tells_failure_before_withholding() -> None:
    """A run that destroyed everything ends with 0."""
    held = {OBJECT: ErrorKind.OBJECT_HELD}

    assert run_code(RUN) == Exit.OK
    assert run_code(attrs.evolve(RUN, withheld=held)) == Exit.WITHHELD
    assert run_code(attrs.evolve(RUN, withheld=held, failed=held)) == Exit.UNFINISHED


def test_a_dry_run_changes_nothing(office: Office) -> None:
    """A plan lists what is due and what is withheld, and appends nothing."""
    assert "due           0" in office.run("purge", "plan").out
    unknown = office.ingest("unknown.mp4", b"unknown")
    office.run("correct-time", unknown, "2025-01-10T10:00:00-06:00", "--statement", "x")
    withheld = office.run("purge", "plan", expected=Exit.WITHHELD).out
    due = office.due("due.mp4")
    before = office.run("log", "--json").out
    table = office.root / "due.csv"
    told = office.run("purge", "plan", "--csv", str(table), expected=Exit.APPROVAL).out
    found = office.run("purge", "plan", "--json", expected=Exit.APPROVAL).document

    assert "retention-unknown" in withheld
    assert due in told
    assert [due] == [one["object"] for one in found["due"]]
    assert [unknown] == [one["object"] for one in found["withheld"]]
    assert [f"{due},due", f"{unknown},retention-unknown"] == [
        ",".join(line.split(",")[:2]) for line in table.read_text().splitlines()[1:]
    ]
    assert before == office.run("log", "--json").out
    assert "purge" in office.run("purge", "--help").out


def test_a_plan_from_proposal_to_certificate(office: Office) -> None:
    """Nothing is destroyed before another actor has approved the digest; then it is, once."""
    due, held = office.due("due.mp4"), office.due("held.mp4")
    text = office.root / "plan.json"
    proposed = office.run("purge", "propose", "--write", str(text), "--json").document
    plan, digest = proposed["plan"], hashlib.sha256(text.read_bytes()).hexdigest()
    approve = ("purge", "approve", plan, "--digest")
    office.run("purge", "status", expected=Exit.APPROVAL)
    office.run("purge", "run", plan, expected=Exit.APPROVAL)
    assert "approver-proposed" in office.run(*approve, digest, expected=Exit.REFUSED).err
    altered = office.run(*approve, "0" * 64, actor="lee", expected=Exit.REFUSED)
    office.run(*approve, "abc", actor="lee", expected=Exit.INVALID_INPUT)
    office.run(*approve, digest, actor="lee")
    office.run(*approve, digest, actor="kim")
    office.run("purge", "status", plan, expected=Exit.UNFINISHED)
    office.run("hold", "place", "evidentiary", "--object", held)
    done = office.run("purge", "run", plan, "--json", expected=Exit.WITHHELD).document
    again = office.run("purge", "run", plan, expected=Exit.WITHHELD).out
    office.run("purge", "certificate", plan, "-o", str(office.root / "kept"))
    office.run("purge", "certificate", due, "-o", str(office.root / "kept"))
    office.run("purge", "certificate", held, "-o", "kept", expected=Exit.INVALID_INPUT)
    office.run("purge", "certificate", NUMBER, "-o", "kept", expected=Exit.NOT_FOUND)

    assert digest == proposed["plan_sha256"]
    assert "plan-altered" in altered.err
    assert ([due], {held: "object-held"}) == (done["completed"], done["withheld"])
    assert f"{held}  object-held" in again
    assert [f"{due}.certificate.json"] == [path.name for path in (office.root / "kept").iterdir()]
    assert "object-purged" in office.run("label", due, "training", expected=Exit.REFUSED).err


def test_certificates_are_kept_and_verified(office: Office) -> None:
    """A later certificate that says more gets a number; each verifies with the history."""
    due = office.due("due.mp4")
    folder, history = office.root / "kept", office.root / "history.json"
    plan = office.approved()
    office.run("purge", "run", plan)
    office.run("backups", "declare", "tape=both")
    office.run("erasure", "attest", "0", "--root", "replaced", expected=Exit.INVALID_INPUT)
    office.run("purge", "certificate", due, "-o", str(folder))
    office.run(
        "erasure", "attest", "0", "--root", "replaced", "--backup", "tape=older-epoch-removed"
    )
    kept = office.run(
        "purge", "certificate", due, "-o", str(folder), "--history", str(history), "--json"
    ).document["certificates"]
    key = office.run("doctor", "--json", expected=Exit.FINDINGS).document["verifier_key"]
    states = [
        office.run(
            "verify-certificate", str(path), "--vkey", key, "--history", str(history), "--json"
        ).document["state"]
        for path in sorted(folder.iterdir(), reverse=True)
    ]

    assert [{"object": due, "file": str(folder / f"{due}.2.certificate.json")}] == kept
    assert ["bytes-deleted", "erased"] == states


def test_nothing_due_proposes_nothing(office: Office) -> None:
    """Where nothing is due there is no plan, and the end is that of a dry run."""
    done = office.run("purge", "propose")
    machine = office.run("purge", "propose", "--json").document

    assert ("", "nothing is due") == (done.out, done.err.splitlines()[-1])
    assert machine == {"plan": None}
    assert [] == office.run("purge", "status", "--json").document["plans"]


def test_waiting_and_withdrawn_plans(office: Office) -> None:
    """An unusual plan wants one approval more, and waits; a withdrawn one is not run."""
    office.run("policy", "set", "--brake-days", "14", "--waiting-hours", "24")
    office.due("due.mp4")
    plan, digest = office.proposed()
    office.run("purge", "approve", plan, "--digest", digest, actor="lee")
    short = office.run("purge", "run", plan, expected=Exit.APPROVAL)
    office.run("purge", "approve", plan, "--digest", digest, actor="kim")
    office.run("purge", "run", plan, expected=Exit.WAITING)
    waiting = office.run("purge", "status", plan, expected=Exit.WAITING).out
    office.run("purge", "withdraw", plan)

    assert "1 of 2 approvals (brakes: changed, rules)" in short.err
    assert "unusual      changed, rules" in waiting
    assert "plan-state" in office.run("purge", "run", plan, expected=Exit.INVALID_INPUT).err
    assert "withdrawn" in office.run("purge", "status", plan).out


def test_another_law_makes_a_plan_stale(office: Office) -> None:
    """A plan that was approved under other law is not run."""
    office.due("due.mp4")
    plan = office.approved()
    office.run("law", "adopt", "--pack", "us-mn", "--agency", "us-mn-becker")
    done = office.run("purge", "run", plan, expected=Exit.APPROVAL)

    assert "plan-stale" in done.err
    office.run("purge", "status", plan, expected=Exit.APPROVAL)
    office.run("purge", "plan", expected=Exit.WITHHELD)


def test_what_should_be_gone_is_reported(office: Office) -> None:
    """A recording long past its day is listed, with what stands against it; exit code 1."""
    office.run("purge", "over-retained")
    due = office.due("due.mp4")
    told = office.run("purge", "over-retained", expected=Exit.FINDINGS).out
    found = office.run("purge", "over-retained", "--json", expected=Exit.FINDINGS).document

    assert f"{due}  disposal" in told
    assert [(due, None)] == [(one["object"], one["withheld"]) for one in found["over_retained"]]


def test_clock_steps_are_listed_and_confirmed_by_two(office: Office) -> None:
    """Where there is none, none can be confirmed."""
    assert office.run("clock", "list", "--json").document == {"steps": []}
    assert "entry" in office.run("clock", "list").out
    office.run("clock", "confirm", "3", expected=Exit.INVALID_INPUT)


@pytest.mark.parametrize(
    "arguments",
    [
        ("purge", "run", "x"),
        ("purge", "status", "x"),
        ("purge", "plan", "--as-of", "soon"),
        ("purge", "plan", "--as-of", "1999-01-01"),
        ("backups", "declare", "tape"),
        ("backups", "declare", "tape=everything"),
        ("erasure", "attest", "9", "--root", "replaced"),
    ],
)
def test_words_that_mean_nothing_are_refused(office: Office, arguments: tuple[str, ...]) -> None:
    """An id, a day or a pair that is none stops the command."""
    office.run(*arguments, expected=Exit.INVALID_INPUT)


def test_unknown_plans_are_not_found(office: Office) -> None:
    """Every verb on a plan that was never proposed says so."""
    office.run("purge", "run", NUMBER, expected=Exit.NOT_FOUND)
    office.run("purge", "withdraw", NUMBER, expected=Exit.NOT_FOUND)
    office.run("purge", "approve", NUMBER, "--digest", "0" * 64, expected=Exit.NOT_FOUND)
    office.run("purge", "status", NUMBER, expected=Exit.NOT_FOUND)
