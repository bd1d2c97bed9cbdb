"""How fast the law is applied to a million recordings, beside one at a time and a bare pass.

Prints recordings per second for class and retention together; the same one recording at a time;
and, as the limit, a pass over the same columns that does nothing but look at every value once for
each test of the conditions.
"""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import attrs
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.limits import peak_rise_bytes
from bwcstore.errors import InvalidInputError
from bwcstore.statute import (
    Hold,
    Law,
    RetentionRequest,
    _condition,
    classify,
    load_agency,
    load_pack,
    retention,
)
from bwcstore.statute._civil import Period
from bwcstore.statute.tables import classify_table, retention_table

RECORDINGS: Final = 1_000_000
SAMPLE: Final = 2_000
AS_OF: Final = date(2026, 11, 20)
DAYS_BACK: Final = 5 * 365
EPOCH: Final = date(1970, 1, 1)


def law() -> Law:
    """A shipped pack, for an agency that keeps nothing for ever and has confirmed its schedule."""
    pack = load_pack("us-mn")
    agency = load_agency("us-mn-becker", pack=pack)
    confirmed = tuple(
        attrs.evolve(
            entry,
            confirmed=True,
            authority="for this benchmark",
            permanent=False,
            period=entry.period or Period.parse("3 years"),
            start=entry.start or "collected_at",
        )
        for entry in agency.schedule
    )
    return pack.law(attrs.evolve(agency, schedule=confirmed), on=AS_OF)


class Draw:
    """Columns of facts that follow from a seed."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.chance = np.random.default_rng(13_825)
        self.back = self.chance.integers(3, DAYS_BACK, count)

    def known(self, array: Any, share: float) -> Any:
        """The same, given for a share of the rows."""
        return pc.if_else(
            pa.array(self.chance.random(self.count) < share), array, pa.scalar(None, array.type)
        )

    def flag(self, share: float) -> Any:
        """A flag that is true for a share."""
        return pa.array(self.chance.random(self.count) < share)

    def code(self, shares: Mapping[str, float]) -> Any:
        """A code with these shares, as the catalogue of an agency keeps it."""
        which = self.chance.choice(len(shares), self.count, p=list(shares.values()))
        return pa.DictionaryArray.from_arrays(pa.array(which.astype(np.int8)), list(shares))

    def moment(self) -> Any:
        """When each was recorded."""
        begun = datetime(AS_OF.year, AS_OF.month, AS_OF.day, tzinfo=UTC)
        seconds = int(begun.timestamp()) - self.back * 86_400
        micros = (seconds + self.chance.integers(0, 86_400, self.count)) * 1_000_000
        return pa.array(micros).cast(pa.timestamp("us", tz="UTC"))

    def day(self, share: float, shift: int) -> Any:
        """A date up to so many days after the recording, for a share of the rows."""
        after = self.chance.integers(0, shift + 1, self.count)
        days = (AS_OF - EPOCH).days - self.back + np.minimum(after, self.back - 2)
        return self.known(pa.array(days.astype(np.int32)).cast(pa.date32()), share)

    def lists(self, share: float, elements: Callable[[npt.NDArray[np.int64]], Any]) -> Any:
        """Lists of one or two elements for a share of the rows, and empty ones."""
        lengths = (self.chance.random(self.count) < share) * self.chance.integers(1, 3, self.count)
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
        rows = np.repeat(np.arange(self.count), lengths)
        return pa.ListArray.from_arrays(pa.array(offsets), elements(rows))


def facts(count: int) -> Any:
    """What a police department might know of its recordings: most are routine, some are not."""
    draw = Draw(count)
    subjects = draw.flag(0.97)
    both = pc.and_
    columns = {
        "object": pa.array(np.arange(count)).cast(pa.string()),
        "collected_at": draw.moment(),
        "source_kind": draw.code({"worn": 0.97, "squad": 0.02, "drone": 0.01}),
        "incident_date": draw.day(1.0, 0),
        "discharge": draw.known(draw.code({"none": 0.998, "animal_other": 0.002}), 0.99),
        "force_result": draw.code({"none": 0.97, "no_injury": 0.02, "substantial_bodily": 0.01}),
        "event_documented": draw.code({"neither": 0.97, "surroundings": 0.02, "itself": 0.01}),
        "deadly_force": draw.flag(0.0005),
        "death_by_force": draw.flag(0),
        "force_reported": draw.known(draw.flag(0.03), 0.98),
        "complaint_date": draw.day(0.01, 60),
        "adversarial_encounter": draw.known(draw.flag(0.05), 0.98),
        "property_seized": draw.flag(0.03),
        "criminal_investigation": draw.known(
            draw.code({"none": 0.7, "active": 0.1, "inactive": 0.2}), 0.98
        ),
        "investigating_agency": draw.code({"own": 0.97, "other": 0.03}),
        "case_kind": draw.code({"misdemeanor": 0.6, "felony": 0.1, "civil_or_other": 0.3}),
        "subjects_recorded": subjects,
        "nonconsenting_subjects": both(subjects, draw.flag(0.6)),
        "minor_subject": both(subjects, draw.known(draw.flag(0.05), 0.97)),
        "undercover_officer": both(subjects, draw.flag(0.001)),
        "other_law_restricts": draw.flag(0.1),
        "flags": draw.lists(0.02, lambda rows: _codes(draw, len(rows), FLAGS)),
        "labels": draw.lists(0.95, lambda rows: _codes(draw, len(rows), LABELS)),
        "public_requested_on": draw.day(0.001, 300),
        "discipline_basis": draw.known(draw.flag(0.001), 0.99),
        "presented_in_court_on": draw.day(0.002, 400),
        "retention_requests": draw.lists(0.005, lambda rows: _requests(draw, rows)),
        "holds": draw.lists(0.01, lambda rows: _holds(draw, rows)),
    }
    return pa.table(columns)


FLAGS: Final = ("juvenile_witness", "protected_victim_or_witness", "undercover")
LABELS: Final = ("evidence_criminal", "evidence_other", "training", "not_evidence")


def _codes(draw: Draw, count: int, codes: tuple[str, ...]) -> Any:
    return pa.array(codes).take(pa.array(draw.chance.integers(0, len(codes), count)))


def _days_after(draw: Draw, rows: npt.NDArray[np.int64], most: int) -> Any:
    after = np.minimum(draw.chance.integers(0, most, len(rows)), draw.back[rows] - 2)
    days = (AS_OF - EPOCH).days - draw.back[rows] + after
    return pa.array(days.astype(np.int32)).cast(pa.date32())


def _ids(rows: npt.NDArray[np.int64]) -> Any:
    return pa.array(np.arange(len(rows))).cast(pa.string())


def _requests(draw: Draw, rows: npt.NDArray[np.int64]) -> Any:
    yes = pa.array(np.ones(len(rows), dtype=np.bool_))
    columns = [_ids(rows), _days_after(draw, rows, 90), pa.array(np.full(len(rows), 180)), yes]
    names = ["id", "received", "days", "by_subject", "written", "evidentiary_purpose"]
    return pa.StructArray.from_arrays([*columns, yes, yes], names)


def _holds(draw: Draw, rows: npt.NDArray[np.int64]) -> Any:
    kinds = _codes(draw, len(rows), ("litigation", "evidentiary"))
    columns = [_ids(rows), kinds, _days_after(draw, rows, 200)]
    return pa.StructArray.from_arrays(columns, ["id", "kind", "placed"])


def judge(table: Any, by: Law) -> tuple[Any, Any]:
    """Class and retention of every recording."""
    return classify_table(table, law=by, as_of=AS_OF), retention_table(table, law=by, as_of=AS_OF)


def one_by_one(table: Any, by: Law) -> None:
    """The same, one recording at a time; facts are checked as a caller's are."""
    for row in table.to_pylist():
        del row["object"]
        for name, make in (("retention_requests", _request), ("holds", _hold)):
            row[name] = [make(one) for one in row[name]]
        found = by.pack.read_facts(row)
        try:
            classify(found, law=by, as_of=AS_OF)
            retention(found, law=by, as_of=AS_OF)
        except InvalidInputError:
            pass


def _request(one: dict[str, Any]) -> RetentionRequest:
    given = {name: one.pop(name) for name in ("id", "received", "days")}
    return RetentionRequest(**given, answers=one)


def _hold(one: dict[str, Any]) -> Hold:
    return Hold(**one)


def asked(by: Law) -> int:
    """How many tests the conditions of class and retention have together."""
    conditions = [
        by.pack.individuals_when,
        *(rule.when for rule in by.contradictions),
        *(rule.when for rule in by.classification),
        *(rule.when for rule in by.overlays),
        *(rule.when for rule in by.floors),
        *(rule.when for rule in by.schedule),
        *(rule.when for rule in by.ceilings),
        *(rule.expects for rule in by.labels),
    ]
    return sum(1 for condition in conditions for _ in _condition.tests(condition))


def bare_pass(table: Any, count: int) -> None:
    """Read every column into memory, then compare and combine so many columns of numbers."""
    for column in table.columns:
        pc.is_valid(column)
    numbers = np.arange(table.num_rows, dtype=np.int32)
    holds = np.ones(table.num_rows, dtype=np.bool_)
    for number in range(count):
        holds &= numbers != number


MEMORY: Final = """
import sys
sys.path.insert(0, {root!r})
from benchmarks.test_statute import facts, judge, law

def prepare(arguments):
    global table, by
    # What is loaded and cached once is no part of what a table costs.
    by = law()
    judge(facts(100), by)
    table = facts(int(arguments[0]))

def work():
    judge(table, by)
"""


def _best(work: Callable[[], object], rounds: int) -> float:
    spent = []
    for _ in range(rounds):
        begun = time.perf_counter()
        work()
        spent.append(time.perf_counter() - begun)
    return min(spent)


@pytest.fixture(scope="module")
def by() -> Law:
    """The law of the day."""
    return law()


def test_class_and_retention_of_a_table(benchmark: BenchmarkFixture, by: Law) -> None:
    """A million recordings at once; limit: a bare pass over as much data."""
    count, rounds = (500, 1) if benchmark.disabled else (RECORDINGS, 3)
    table = facts(count)
    limit = count / _best(lambda: bare_pass(table, 2 * asked(by)), rounds)

    benchmark.pedantic(lambda: judge(table, by), rounds=rounds)  # type: ignore[no-untyped-call]
    ours = count / _best(lambda: judge(table, by), rounds)

    sample = table.slice(0, min(count, SAMPLE))
    alone = sample.num_rows / _best(lambda: one_by_one(sample, by), 1)
    benchmark.extra_info.update(
        ours=ours, limit=limit, ratio=ours / limit, one_by_one=alone, by_one_by_one=ours / alone
    )
    print(
        f"\nours {ours:,.0f}/s  limit {limit:,.0f}/s  ratio {ours / limit:.2f}"
        f"  one by one {alone:,.0f}/s  {ours / alone:,.0f} times that"
    )


def test_memory_of_a_table(benchmark: BenchmarkFixture) -> None:
    """How much memory the answers for a million recordings take at most, the answers included."""
    count = 500 if benchmark.disabled else RECORDINGS
    rise: list[int] = []
    program = MEMORY.format(root=str(Path(__file__).parents[1]))

    benchmark.pedantic(  # type: ignore[no-untyped-call]
        lambda: rise.append(peak_rise_bytes(program, str(count))), rounds=1
    )

    benchmark.extra_info.update(peak_rise_bytes=max(rise))
    print(f"\npeak memory rises by {max(rise) / 2**20:,.0f} MiB")
