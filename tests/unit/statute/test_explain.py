"""Explanations: every conclusion with its reasons, for people and for programs."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

import pytest

from bwcstore._encoding import encode
from bwcstore._values import Instant
from bwcstore.errors import ErrorKind, InvalidInputError
from bwcstore.statute._explain import Explanation, explain
from bwcstore.statute._explain_words import paragraph
from bwcstore.statute._facts import Hold, RetentionRequest
from bwcstore.statute._judgements import Question
from tests.unit.statute.small import facts, small_law

DAY: Final = date(2024, 6, 1)
MADE: Final = Instant.parse("2024-03-16T02:30:00.000000Z")  # 15 March in Chicago
KNOWN: Final[Mapping[str, object]] = {
    "collected_at": MADE,
    "force": "none",
    "investigation": "none",
    "minor_recorded": False,
}
REQUEST: Final = RetentionRequest(
    id="r1", received=date(2024, 5, 1), days=200, answers={"written": True}
)


def explained(
    changes: Mapping[str, object] = {},
    *,
    day: date = DAY,
    question: Question | None = None,
    law_changes: tuple[tuple[str, str], ...] = (),
) -> Explanation:
    """The explanation of a plain recording with some facts changed; None takes one away."""
    return explain(
        facts({**KNOWN, **changes}),
        law=small_law(day, *law_changes),
        as_of=day,
        question=question,
    )


def flat(explanation: Explanation) -> str:
    """The text with every line break and indent made one space."""
    return " ".join(explanation.text().split())


def test_dates_are_shown_with_their_arithmetic() -> None:
    """A period is added to a day in words, and the days after it likewise."""
    text = flat(explained())

    assert "statute: 2024-03-15 + 90 days (first day not counted) = 2024-06-13 s. 7(a)" in text
    assert "schedule: 2024-03-15 + 60 days (first day not counted) = 2024-05-14" in text
    assert "Last protected day: 2024-06-13" in text
    assert "Earliest destruction, plain: 2024-06-13 + 1 day = 2024-06-14" in text
    assert "2024-06-13, a Thursday, is no day of rest; + 1 day = 2024-06-14" in text
    assert "Disposal date: 2024-06-14 (the agency goes by the conservative day)" in text


def test_a_day_of_rest_and_grace_are_shown() -> None:
    """Where the end is rolled the next business day is named, and the days of grace are added."""
    text = flat(
        explained(
            {"collected_at": Instant.parse("2024-03-17T18:00:00.000000Z")},
            law_changes=(("grace_days = 0", "grace_days = 3"),),
        )
    )

    assert (
        "2024-06-15, a Saturday, is a day of rest; the next business day is 2024-06-17, a"
        " Monday; + 1 day + 3 days of grace = 2024-06-21"
    ) in text


@pytest.mark.spec("LAW-2")
def test_what_was_not_seen_is_marked() -> None:
    """Every rule has its citation and how well it is verified, and the conclusion says so too."""
    explanation = explained({"labels": ["evidence"], "investigation": "active"})
    text = flat(explanation)

    assert "s. 2 [rule secret-investigation; wording not seen, an authoritative source" in text
    assert "schedule, line 2 [rule evidence; NOT VERIFIED: no source was seen]" in text
    assert "This rests on provisions whose wording was not seen: s. 2." in text
    assert "s. 7(e) [rule case; wording seen] Until the case is closed." in text
    assert "Left open: What deadly means." in flat(explained({"force": "deadly"}))


@pytest.mark.spec("LAW-68")
@pytest.mark.parametrize(
    ("changes", "day", "law_changes", "expected"),
    [
        ({}, DAY, (), "must be kept through 2024-06-13. The agency may destroy it from 2024-06-14"),
        ({}, date(2024, 6, 14), (), "may destroy it since 2024-06-14, by schedule, line 1."),
        (
            {},
            date(2024, 6, 14),
            (("grace_days = 0", "grace_days = 3"),),
            "may destroy it from 2024-06-17 on, not before.",
        ),
        (
            {},
            DAY,
            (("confirmed = true\n", "confirmed = false\n"),),
            "After that day nothing gives the agency authority to destroy it.",
        ),
        (
            {},
            date(2024, 7, 1),
            (("confirmed = true\n", "confirmed = false\n"),),
            "protected through 2024-06-13. Nothing gives the agency authority to destroy it",
        ),
        ({"force": "deadly"}, DAY, (), "It is kept without limit of time"),
        ({"labels": ["evidence"]}, DAY, (), "It is kept until an event that has not come"),
        ({"force": None}, DAY, (), "until they are known it must not be destroyed."),
        (
            {"holds": [Hold(id="h7", kind="litigation", placed=DAY)]},
            DAY,
            (),
            (
                "It is held (h7): it must not be destroyed. Apart from the holds it is protected"
                " through 2024-06-13."
            ),
        ),
    ],
)
def test_the_conclusion_says_where_it_stands(
    changes: Mapping[str, object],
    day: date,
    law_changes: tuple[tuple[str, str], ...],
    expected: str,
) -> None:
    """Each status has its sentence at the top, with the day on which it turns."""
    text = flat(explained(changes, day=day, law_changes=law_changes))

    assert expected in text.partition("FACTS AS GIVEN")[0]


def test_nothing_that_keeps_it_is_said_so() -> None:
    """Without a floor and an entry, it is kept for want of authority, and this is explained."""
    law_changes = (('when = "always"', 'when = "force is some"'),)
    text = flat(explained({"investigation": "inactive"}, law_changes=law_changes))

    assert "Nothing keeps it, and nothing gives the agency authority to destroy it." in text
    assert "No floor of the statute and no entry of the schedule applies." in text
    assert "Authority to destroy: none" in text
    assert "force = deadly: last protected day without limit (indefinite)" not in text


def test_missing_facts_are_asked_for() -> None:
    """A fact that is missing is asked for in the words of the pack, with the answers it has."""
    explanation = explained({"force": None, "investigation": None})
    text = flat(explanation)

    assert ("force", "investigation") == explanation.missing
    assert "? Was force used? [force: one of none, some, deadly]" in text
    assert "Class secret, as long as facts are missing" in text
    assert "Not known: force, investigation. Of the classes that are possible" in text
    assert "(may apply: a fact is missing)" in text
    assert "NOT KNOWN; ASK" not in flat(explained())


@pytest.mark.spec("LAW-69")
def test_what_could_change_the_date_is_tried_out() -> None:
    """Each fact that could make the end later is tried with each of its answers, alone."""
    found = {(one.fact, one.value): (one.status, one.last_protected) for one in explained().what_if}

    assert ("protected", date(2025, 3, 15)) == found["force", "some"]
    assert ("indefinite", None) == found["force", "deadly"]
    assert ("protected", date(2025, 6, 1)) == found["complaint_on", "2024-06-01"]
    assert ("awaiting-event", None) == found["labels", "evidence"]
    assert ("force", "none") not in found
    assert "force = some: last protected day 2025-03-15 (protected)" in flat(explained())
    assert "labels = training" not in flat(explained())


def test_requests_and_ceilings_are_shown() -> None:
    """A request is added to the end so far; what is noted, and a ceiling, are told."""
    text = flat(explained({"keep_requests": [REQUEST], "labels": ["training"]}))

    assert "request r1: 2024-06-13 + 180 days (first day not counted) = 2024-12-10" in text
    assert "! r1: 200 days are asked for, 180 are granted by s. 10" in text
    assert "Ceiling: 2024-07-13, by s. 8" in text
    assert "keep_requests: request r1, received 2024-05-01, 200 days, written" in text


def test_facts_are_listed_as_given() -> None:
    """Facts are told in words, moments in the agency's zone, and what silence was taken for."""
    text = flat(explained({"holds": [Hold(id="h", kind="litigation", placed=DAY, released=DAY)]}))

    assert "collected_at: 2024-03-15 21:30:00-05:00" in text
    assert "minor_recorded: no" in text
    assert "holds: hold h (litigation), placed 2024-06-01, released 2024-06-01" in text
    assert "the pack takes as somebody_recorded: yes; complaint_on: never" in text
    assert "FACTS AS GIVEN none" in flat(explained(dict.fromkeys(KNOWN)))


def test_labels_that_do_not_fit_are_told() -> None:
    """A label that the facts belie is named with its provision; so is data on nobody."""
    text = flat(explained({"force": "some", "labels": ["training"], "somebody_recorded": False}))

    assert "The label training does not fit the facts: For training. (s. 21)" in text
    assert "It has no data on individuals." in text


@pytest.mark.parametrize(
    ("changes", "question", "expected"),
    [
        (
            {"authorized": True},
            Question(actor="officer", purpose="work"),
            (
                "WHO MAY SEE IT: officer, for work",
                "Viewing is allowed.",
                "A copy is for a person with authority to decide.",
                "may disclose all the same: all of it (s. 6; NOT VERIFIED: no source was seen)",
                "Duty: write it down",
            ),
        ),
        (
            {},
            Question(actor="officer"),
            ("Viewing is denied.", "Without which it is not allowed: s. 16 [rule in-writing;"),
        ),
        (
            {"force": "some", "minor_recorded": None},
            Question(actor="stranger"),
            (
                "A copy is allowed.",
                (
                    "must be made unrecognisable: faces and voices of minors"
                    " (may apply: a fact is missing) (s. 5; wording seen)"
                ),
            ),
        ),
    ],
)
def test_who_may_see_it_is_told(
    changes: Mapping[str, object], question: Question, expected: tuple[str, ...]
) -> None:
    """A question is answered for viewing and copying, with what is unmet and what is redacted."""
    text = flat(explained(changes, question=question))

    assert [] == [one for one in expected if one not in text]
    assert f"For actor {question.actor}: viewing is" in text


def test_without_a_question_nobody_is_told_of() -> None:
    """Access is told of where it is asked for, and an unknown actor is refused."""
    assert "WHO MAY SEE IT" not in explained().text()
    with pytest.raises(InvalidInputError) as caught:
        explained(question=Question(actor="nobody"))
    assert ErrorKind.ARGUMENT_INVALID == caught.value.kind


def test_what_is_owed_is_told() -> None:
    """A deadline has its day, how it was counted, what it became, and to whom it is owed."""
    text = flat(
        explained(
            {
                "force": "some",
                "complaint_on": date(2024, 5, 25),
                "requested_on": date(2024, 5, 24),
            },
            day=date(2024, 6, 9),
        )
    )

    assert "answer the request, to the requester: by 2024-06-07 (2024-05-24 + 10 days," in text
    assert "business days); overdue s. 11" in text
    assert (
        "publish it, to everybody: by 2024-06-08 (2024-05-25 + 14 days, first day not counted, or"
        " the later day before which it is not owed), which is a day of rest; by the law"
        " 2024-06-10; past-plain"
    ) in text
    assert "tell the family, to the family: at once, from 2024-05-25 on; owed" in text
    assert "to the council: 2 years from a day that is not known (last_audit_on); owed" in text


@pytest.mark.spec("LAW-5")
def test_the_end_says_by_what_it_was_judged() -> None:
    """Pack, agency file, their digests and the day of the law close the text; it is no advice."""
    explanation = explained()
    last = explanation.text().partition("-" * 80)[2]
    law = explanation.law

    assert f"Pack xx, sources looked at on 2026-01-01\n  SHA-256 {law.pack.digest}\n" in last
    assert f"SHA-256 {law.agency.digest}\n" in last
    assert "Law of 2024-06-01: the version since 2020-01-01, Act 2" in last
    assert "It is no legal advice" in last


@pytest.mark.parametrize("changes", [{}, dict.fromkeys(KNOWN), {"keep_requests": [REQUEST]}])
def test_the_text_fits_a_terminal(changes: Mapping[str, object]) -> None:
    """No line is longer than 80 columns, and the text ends with a line end."""
    text = explained(changes, question=Question(actor="officer")).text()

    assert [] == [line for line in text.splitlines() if len(line) > 80]
    assert text.endswith("\n")


def test_programs_get_the_same() -> None:
    """The JSON has a canonical encoding, dates as text, and every conclusion with its ground."""
    explanation = explained(
        {"keep_requests": [REQUEST], "labels": ["training"], "authorized": True, "force": None},
        question=Question(actor="officer", purpose="work"),
    )
    found: Any = json.loads(encode(explanation.json()))

    assert ("xx", str(explanation.law.pack.digest)) == (
        found["pack"]["id"],
        found["pack"]["digest"],
    )
    assert ("2024-06-01", "2024-06-01", False) == (
        found["as_of"],
        found["law"],
        found["legal_advice"],
    )
    assert ("2024-03-16T02:30:00.000000Z", ["training"], 200) == (
        found["facts"]["collected_at"],
        found["facts"]["labels"],
        found["facts"]["keep_requests"][0]["days"],
    )
    assert "s. 4" == found["classification"]["ground"]["cite"]
    assert ("undetermined", None) == (
        found["retention"]["status"],
        found["retention"]["last_protected"],
    )
    assert ("allow", "escalate") == tuple(
        found["access"][act]["outcome"] for act in ("view", "copy")
    )
    assert {"fact": "force", "question": "Was force used?"} in found["missing"]
    assert {"fact", "value", "status", "last_protected"} == set(found["what_if"][0])
    assert "audit" in {one["id"] for one in found["deadlines"]}
    assert explained().json()["access"] is None


def test_long_words_are_not_broken() -> None:
    """A word that is longer than a line stays whole: somebody may copy it."""
    word = "x" * 100

    assert ["  see", f"    {word}"] == list(paragraph(word, level=1, lead="see "))
