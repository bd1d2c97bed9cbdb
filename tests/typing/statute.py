"""The law engine as a caller uses it: read by the type checker, never run."""

from collections.abc import Mapping
from datetime import date
from typing import assert_type

import pyarrow as pa

from bwcstore import Digest, Instant
from bwcstore.statute import (
    Access,
    ActDecided,
    Agency,
    Assertion,
    Classification,
    Deadline,
    DeadlineStatus,
    Explanation,
    FactHistory,
    Facts,
    Ground,
    Hold,
    Law,
    Outcome,
    Pack,
    Question,
    Retention,
    RetentionRequest,
    RetentionStatus,
    Verification,
    access,
    classify,
    deadlines,
    explain,
    load_agency,
    load_pack,
    pack_ids,
    retention,
)
from bwcstore.statute.tables import classify_table, impact, retention_table


def law_of(day: date) -> Law:
    """Load what is shipped."""
    assert_type(pack_ids(), tuple[str, ...])
    pack: Pack = load_pack("us-mn")
    agency: Agency = load_agency("us-mn-becker", pack=pack)
    assert_type(pack.digest, Digest)
    return pack.law(agency, on=day)


def judge(law: Law, given: Mapping[str, object], day: date) -> bool:
    """Ask everything that can be asked of one recording."""
    facts: Facts = law.pack.read_facts(given)
    found: Classification = classify(facts, law=law, as_of=day)
    kept: Retention = retention(facts, law=law, as_of=day)
    asked: Access = access(facts, Question(actor="public"), law=law, as_of=day)
    owed: tuple[Deadline, ...] = deadlines(facts, law=law, as_of=day)
    words: Explanation = explain(facts, law=law, as_of=day)
    view: ActDecided = asked.view
    ground: Ground = found.ground
    assert_type(kept.disposal, date | None)
    assert_type(words.text(), str)
    return (
        kept.status is RetentionStatus.DUE
        and view.outcome is Outcome.ALLOW
        and ground.verified is Verification.TEXT
        and all(one.status is not DeadlineStatus.OVERDUE for one in owed)
    )


def given(day: date) -> Mapping[str, object]:
    """Say something of a recording."""
    request = RetentionRequest(
        id="R-1", received=day, days=180, answers={"by_subject": True, "written": True}
    )
    return {
        "retention_requests": [request],
        "holds": [Hold(id="H-1", kind="litigation", placed=day)],
    }


def known(law: Law, day: date, at: Instant) -> Facts:
    """Say what was known of a day at a moment."""
    history = FactHistory().added(
        Assertion(
            id="A-1",
            fact="deadly_force",
            value=False,
            since=day,
            recorded=at,
            by="nowak",
            basis="report 26-1042",
        )
    )
    return history.known(law.pack, zone=law.zone, on=day, at=at)


def tables(before: Law, after: Law, table: pa.Table, day: date) -> list[pa.Table]:
    """Judge a whole table."""
    return [
        classify_table(table, law=after, as_of=day),
        retention_table(table, law=after, as_of=day),
        impact(before, after, table, as_of=day),
    ]
