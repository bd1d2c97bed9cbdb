"""The commands about law, facts, holds, requests and releases: arguments in, results out."""

import hashlib
from pathlib import Path

import pytest

from bwcstore.cli._exit import Exit
from tests.unit.cli.office import Office, open_office

SHOWN = {
    "nonconsenting_subjects": "true",
    "other_law_restricts": "false",
    "undercover_officer": "false",
    "subjects_recorded": "true",
}
NOWHERE = "01a20a57-5c41-7b82-a8af-6bbd22d6b183"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """A store that the tests of this module share; each has recordings of its own."""
    return open_office(tmp_path_factory.mktemp("office"))


def test_law_is_told(office: Office) -> None:
    """What was adopted is told by digest, for people and for programs alike."""
    found = office.run("law", "status", "--json").document["law"]

    assert ("us-mn", "us-mn-example", "America/Chicago") == (
        found["pack"],
        found["agency"],
        found["zone"],
    )
    assert found["pack_sha256"] in office.run("law", "status").out


def test_no_law_is_told(tmp_path: Path) -> None:
    """A store without law says so, and what needs one is refused."""
    bare = Office(root=tmp_path)
    bare.run("init", "--quiet")

    assert bare.run("law", "status", "--json").document == {"law": None}
    assert "law-not-adopted" in bare.run("purge", "plan", expected=Exit.INVALID_INPUT).err


def test_policy_is_changed_in_part(office: Office) -> None:
    """What is given is set, and the rest stays; `none` empties a list."""
    before = office.run("policy", "show", "--json").document
    after = office.run(
        "policy", "set", "--plan-days", "9", "--dual-release", "none", "--json"
    ).document
    narrowed = office.run(
        "policy", "set", "--only", "plan.approved=chief,designee", "--json"
    ).document
    restored = office.run(
        "policy", "set", "--plan-days", "30", "--dual-release", "litigation", "--only", "none",
        "--json",
    ).document  # fmt: skip

    assert {**before, "plan_days": 9, "dual_release": []} == after
    assert {"plan.approved": ["chief", "designee"]} == narrowed["narrowed"]
    assert before == restored
    assert "plan days" in office.run("policy", "show").out


def test_facts_are_asserted_superseded_and_retracted(office: Office) -> None:
    """Each assertion stays in the list, with the one it stands in place of."""
    about = ("--object", office.ingest("facts.mp4", b"facts"))
    first = office.run("fact", "assert", "force_reported", "true", *about).text
    second = office.run(
        "fact", "assert", "force_reported", "false", "--supersedes", first, "--basis", "report",
        *about,
    ).text  # fmt: skip
    third = office.run("fact", "retract", second, *about, "--json").document["assertion"]
    listed = office.run("fact", "list", *about, "--json").document["facts"]

    assert [(first, True, None), (second, False, first), (third, None, second)] == [
        (one["assertion"], one["value"], one["supersedes"]) for one in listed
    ]
    assert "(taken back)" in office.run("fact", "list", *about).out


def test_a_fact_that_there_is_not_is_refused(office: Office) -> None:
    """An unknown fact, a wrong value and an unparsable day each have their code."""
    about = ("--object", office.ingest("refused.mp4", b"refused"))

    for arguments, kind in (
        (("weather", "fine"), "fact-unknown"),
        (("discharge", "sideways"), "fact-type"),
        (("discharge", "none", "--since", "yesterday"), "argument-invalid"),
    ):
        done = office.run("fact", "assert", *arguments, *about, expected=Exit.INVALID_INPUT)
        assert kind in done.err


def test_facts_of_the_agency(office: Office) -> None:
    """Without a recording or a request, a fact is the agency's."""
    assertion = office.run("fact", "assert", "program_start_on", "2024-01-02").text
    listed = office.run("fact", "list", "--json").document["facts"]

    assert [("program_start_on", "2024-01-02", assertion)] == [
        (one["fact"], one["value"], one["assertion"]) for one in listed
    ]


def test_labels_tags_times_and_consents(office: Office) -> None:
    """Each prints an id or nothing, and is refused for a recording that there is not."""
    found = office.ingest("several.mp4", b"several")
    office.run("label", found, "not_evidence", "training")
    office.run("tag", found, "--case", "26-1042")
    office.run("correct-time", found, "2025-03-04T05:06:07Z", "--statement", "clock was wrong")
    consent = office.run("consent", "record", found, "--covers", "identity").text
    office.run("consent", "withdraw", found, consent)

    assert tagged(office, found) == [found]
    office.run("label", NOWHERE, "training", expected=Exit.NOT_FOUND)
    office.run("consent", "withdraw", found, consent, expected=Exit.NOT_FOUND)
    assert (
        "argument-invalid"
        in office.run(
            "correct-time", found, "2025-03-04", "--statement", "x", expected=Exit.INVALID_INPUT
        ).err
    )


def tagged(office: Office, object_id: str) -> list[str]:
    """The object, if it can be held by its case."""
    hold = office.run("hold", "place", "evidentiary", "--case", "26-1042").text
    held = office.run("explain", object_id, "--json").out
    office.run("hold", "release", hold)
    return [object_id] if hold in held else []


def test_holds_are_placed_reviewed_and_released(office: Office) -> None:
    """A hold is listed with what it selects, in words, until it is released."""
    hold = office.run(
        "hold", "place", "evidentiary", "--case", "26-1", "--case", "26-2", "--from", "2026-01-01",
        "--review-on", "2098-05-01",
    ).text  # fmt: skip
    office.run("hold", "review", hold, "2099-09-01")
    shown = office.run("hold", "list").out
    released = office.run("hold", "release", hold).text
    listed = office.run("hold", "list", "--all", "--json").document["holds"]

    assert "(case: 26-1 or case: 26-2) and made: 2026-01-01.." in " ".join(shown.split())
    assert "2099-09-01" in shown
    assert "released" == released
    assert hold not in office.run("hold", "list").out
    assert [True] == [one["released_at"] is not None for one in listed if one["hold"] == hold]
    assert "hold-released" in office.run("hold", "release", hold, expected=Exit.INVALID_INPUT).err


def test_two_release_a_litigation_hold(office: Office) -> None:
    """The first is told that it still holds, and cannot be the second."""
    found = office.ingest("litigation.mp4", b"litigation")
    hold = office.run("hold", "place", "litigation", "--object", found).text
    first = office.run("hold", "release", hold)
    again = office.run("hold", "release", hold, expected=Exit.REFUSED)

    assert "proposed\n" == first.out
    assert "another actor" in first.err
    assert "second-actor-required" in again.err
    assert "released" == office.run("hold", "release", hold, actor="lee").text


def test_holds_that_hold_nothing_are_refused(office: Office) -> None:
    """Neither recordings nor a selection, an unknown kind, an impossible day: nothing is placed."""
    before = office.run("hold", "list", "--all", "--json").document
    for arguments in (
        ("evidentiary",),
        ("nonsense", "--case", "26-1"),
        ("evidentiary", "--from", "2026-02-30"),
        ("evidentiary", "--from", "2026-02-02", "--until", "2026-02-01"),
    ):
        office.run("hold", "place", *arguments, expected=Exit.INVALID_INPUT)

    office.run("hold", "place", "evidentiary", "--object", NOWHERE, expected=Exit.NOT_FOUND)
    assert before == office.run("hold", "list", "--all", "--json").document


def test_a_request_from_letter_to_close(office: Office) -> None:
    """A request is received, bound, owed, answered, told and closed."""
    first, second = (office.ingest(f"asked{n}.mp4", b"asked%d" % n) for n in range(2))
    request = office.run(
        "request", "receive", "subject-copy", "--requester", "recorded_individual", "--object",
        first, "--name", "A. Larsen", "--contact", "larsen@example.org",
    ).text  # fmt: skip
    office.run("request", "bind", request, second)
    office.run("fact", "assert", "requester_is_subject", "true", "--request", request)
    owed = office.run("duties", "--json").document["duties"]
    shown = office.run("request", "list").out
    early = office.run("request", "close", request, expected=Exit.INVALID_INPUT)
    office.run("request", "answer", request, "granted", "--object", first)
    office.run("request", "answer", request, "denied")
    office.run("request", "notice", request, second, "--notice", "denial", "--to", "A. Larsen")
    office.run("request", "close", request, "--outcome", "granted")
    listed = office.run("request", "list", "--all", "--json").document["requests"]
    found = next(one for one in listed if one["request"] == request)

    assert f"act/{request}" in {one["about"] for one in owed}
    assert f"{first}  not answered: held" in shown
    assert "A. Larsen, larsen@example.org" in shown
    assert "request-state" in early.err
    assert {first: "granted", second: "denied"} == found["objects"]
    assert ["requester_is_subject"] == [one["fact"] for one in found["facts"]]
    assert request not in office.run("request", "list").out


def test_a_request_to_retain_says_what_the_law_asks(office: Office) -> None:
    """Days and answers are asked for; a flag that is neither yes nor no is refused."""
    found = office.ingest("retain.mp4", b"retain")
    ask = ("request", "receive", "subject-retain", "--requester", "recorded_individual")
    about = ("--object", found, "--days", "180")
    answers = ("--answer", "by_subject=yes", "--answer", "written=yes")

    assert "request-incomplete" in office.run(*ask, *about, expected=Exit.INVALID_INPUT).err
    assert (
        "neither yes nor no"
        in office.run(*ask, *about, "--answer", "written=perhaps", expected=Exit.INVALID_INPUT).err
    )
    office.run(*ask, *about, *answers, "--answer", "evidentiary_purpose=no")


def test_duties_are_told_to_people(office: Office) -> None:
    """Each duty has its day or says that it has none, and what it is about."""
    found = office.ingest("duty.mp4", b"duty")
    office.run("hold", "place", "evidentiary", "--object", found, "--review-on", "2099-01-02")
    shown = office.run("duties").out

    assert "2099-01-02  owed        hold/" in shown


def test_a_derivative_and_its_release(office: Office) -> None:
    """A redacted copy is an object of its own; what must be redacted is refused unredacted."""
    parent = office.due("parent.mp4")
    for fact, value in SHOWN.items():
        office.run("fact", "assert", fact, value, "--object", parent)
    (office.root / "redacted.mp4").write_bytes(b"redacted")
    request = office.run(
        "request", "receive", "subject-copy", "--requester", "recorded_individual", "--object",
        parent,
    ).text  # fmt: skip
    office.run("fact", "assert", "requester_is_subject", "true", "--request", request)
    give = ("--right", "subject", "--to", "recorded_individual", "--request", request)
    made = office.run(
        "derive", parent, str(office.root / "redacted.mp4"), "--operation", "redact", "--tool",
        "blur", "--tool-version", "2.1", "--redaction", "others-in-copy", "--region",
        "1-2.5@0,0,10,10:bystander", "--json",
    ).document  # fmt: skip
    refused = office.run("release", parent, *give, expected=Exit.REFUSED)
    office.run("authorize", "rivera", "--for", "data_request")
    done = office.run(
        "release", made["object"], *give, "--export", str(office.root / "given.mp4"), "--purpose",
        "data_request", "--json",
    ).document  # fmt: skip
    listed = office.run("releases", made["object"], "--json").document["releases"]

    assert parent == made["parent"]
    assert "redaction-required" in refused.err
    assert b"redacted" == (office.root / "given.mp4").read_bytes()
    assert hashlib.sha256(b"redacted").hexdigest() == done["sha256"]
    assert ["others-in-copy"] == done["redactions"]
    assert [(done["release"], "recorded_individual", request)] == [
        (one["release"], one["recipient"], one["request"]) for one in listed
    ]
    assert "recorded_individual" in office.run("releases", made["object"]).out
    assert "13.825" in office.run("release", made["object"], *give).out


@pytest.mark.parametrize("region", ["1-2", "x-2:face", "3-1:face", "1-2@1,2,3:face", "1-2:"])
def test_regions_that_are_none_are_refused(office: Office, region: str) -> None:
    """A region that is none stops the command before anything is ingested."""
    found = office.ingest("regions.mp4", b"regions")
    done = office.run(
        "derive", found, str(office.root / "regions.mp4"), "--operation", "redact", "--tool", "x",
        "--tool-version", "1", "--region", region, expected=Exit.INVALID_INPUT,
    )  # fmt: skip

    assert "argument-invalid" in done.err


def test_explain_is_text_and_json(office: Office) -> None:
    """Both name the recording, and fit a terminal."""
    found = office.ingest("explain.mp4", b"explain")

    assert found in office.run("explain", found).out
    assert found in office.run("explain", found, "--json").out
    office.run("explain", NOWHERE, expected=Exit.NOT_FOUND)
