"""Two evaluators, one law: for the same facts a table says what one recording's judgement says."""

import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any, Final

import attrs
import pytest
from hypothesis import Phase, event, given, settings
from hypothesis import strategies as st

from bwcstore._values import Digest
from bwcstore.statute import Agency, FactSpec, FactType, Hold, Law, Pack, RetentionRequest, Subject
from bwcstore.statute._civil import Period
from bwcstore.statute._condition import (
    Always,
    Compare,
    Condition,
    Flag,
    Happened,
    Has,
    Moment,
    OneOf,
    Order,
)
from bwcstore.statute._files._library import agency_ids, load_agency, load_pack, pack_ids
from bwcstore.statute._rules import ScheduleEntry, Verification
from bwcstore.statute.tables._tables import classify_table, retention_table
from tests.unit.statute.small import small_pack
from tests.unit.statute.tabled import arrow_table, classified, retained

ROWS: Final = 40
ZONES: Final = ("America/Chicago", "America/St_Johns", "Pacific/Apia", "Europe/Berlin")
DAYS_OF_JUDGEMENT: Final = (
    date(2024, 3, 11),
    date(2024, 2, 29),
    date(2026, 11, 2),
    date(2031, 12, 31),
)
# Changes of the offset, one of them a minute after midnight; a day that Samoa left out; leap days.
EDGES: Final = (
    datetime(2024, 3, 10, 8, 0, tzinfo=UTC),
    datetime(2024, 11, 3, 7, 0, tzinfo=UTC),
    datetime(2006, 10, 29, 2, 31, tzinfo=UTC),
    datetime(2011, 12, 30, 10, 0, tzinfo=UTC),
    datetime(2024, 2, 29, 6, 0, tzinfo=UTC),
    datetime(2023, 12, 31, 6, 0, tzinfo=UTC),
    datetime(1970, 1, 1, 0, 0, tzinfo=UTC),
)
# Periods of the packs: what begins so long before the day of the judgement ends on it.
LENGTHS: Final = (60, 90, 120, 180, 365, 366, 730, 731, 1095, 1096)
DATES: Final = (date(2020, 2, 29), date(2023, 11, 10), date(2024, 1, 31), date(1999, 12, 31))


def days(latest: date) -> st.SearchStrategy[date]:
    """Dates shortly before the latest one, long before it, and that one."""
    near = st.integers(-800, 0).map(lambda shift: latest + timedelta(days=shift))
    edge = st.sampled_from(LENGTHS).map(lambda length: latest - timedelta(days=length))
    return near | edge | edge | st.sampled_from(DATES) | st.just(latest)


def moments(latest: date) -> st.SearchStrategy[datetime]:
    """Moments around changes of the offset, and around midnight in some zone."""
    noon = days(latest).map(lambda day: datetime(day.year, day.month, day.day, 17, tzinfo=UTC))
    shift = st.sampled_from((-3600, -60, 0, 59, 60, 3599, 7200)) | st.integers(-90_000, 90_000)
    moved = st.builds(
        lambda moment, by: moment + timedelta(seconds=by), noon | st.sampled_from(EDGES), shift
    )
    found = noon | moved
    # Early enough to lie in the future nowhere, unless that is wanted.
    last = datetime(latest.year, latest.month, latest.day, tzinfo=UTC) - timedelta(hours=15)
    return found.map(lambda moment: min(max(moment, EDGES[-1]), last))


def requests(spec: FactSpec, latest: date) -> st.SearchStrategy[RetentionRequest]:
    """A request, mostly one that can be accepted."""
    answer = st.sampled_from((True, True, True, False))
    return days(latest).flatmap(
        lambda received: st.builds(
            RetentionRequest,
            id=st.sampled_from(("r1", "r2", "r3", "ä")),
            received=st.just(received),
            days=st.sampled_from((1, 90, 180, 181, 36_500)),
            withdrawn=st.none() | _ends(received),
            answers=st.fixed_dictionaries(dict.fromkeys(spec.codes, answer)),
        )
    )


def holds(spec: FactSpec, latest: date) -> st.SearchStrategy[Hold]:
    """A hold, released or not."""
    return days(latest).flatmap(
        lambda placed: st.builds(
            Hold,
            id=st.sampled_from(("h1", "h2", "h3")),
            kind=st.sampled_from(spec.codes),
            placed=st.just(placed),
            released=st.none() | _ends(placed),
        )
    )


def _ends(begun: date) -> st.SearchStrategy[date]:
    """Days on which it may end: seldom one before it began."""
    shift = st.sampled_from((0, 1, -1)) | st.integers(0, 900) | st.integers(0, 900)
    return shift.map(lambda shift: begun + timedelta(days=shift))


def values(spec: FactSpec, as_of: date, latest: date) -> st.SearchStrategy[Any]:
    """Any value of a fact, or None: it is not given."""
    found: st.SearchStrategy[Any]
    match spec.type:
        case FactType.FLAG:
            found = st.booleans()
        case FactType.CODE:
            found = st.sampled_from(spec.codes)
        case FactType.CODES:
            found = st.frozensets(st.sampled_from(spec.codes), max_size=3)
        case FactType.DATE:
            found = days(as_of + timedelta(days=400) if spec.ahead else latest)
        case FactType.INSTANT:
            found = moments(latest)
        case FactType.REQUESTS:
            found = st.lists(requests(spec, latest), max_size=3, unique_by=lambda one: one.id)
        case FactType.HOLDS:
            found = st.lists(holds(spec, latest), max_size=2, unique_by=lambda one: one.id)
    if spec.type is FactType.DATE:
        # Of many dates some pair would contradict each other in nearly every row.
        found = found | st.none() | st.none()
    return found | found | found | found | st.none()


def _entry(name: str, **more: Any) -> ScheduleEntry:
    return ScheduleEntry(
        id=name,
        cite="schedule",
        verified=Verification.TEXT,
        says="An entry.",
        effective_from=date.min,
        authority="panel",
        **more,
    )


def schedule(pack: Pack) -> tuple[ScheduleEntry, ...]:
    """A schedule in which every sort of entry occurs, over whatever facts the pack has."""
    own = [spec for spec in pack.facts if spec.about is Subject.RECORDING]
    first = {spec.type: spec for spec in reversed(own)}
    start = first[FactType.INSTANT].name
    kept, years = Period.parse("60 days"), Period.parse("3 years")
    found = [_entry("all", when=Always(), period=kept, start=start, confirmed=True)]
    for kind, spec in first.items():
        name = spec.name
        match kind:
            case FactType.FLAG:
                when: Condition = Flag(name)
                found.append(_entry(name, when=when, period=years, start=start, confirmed=True))
            case FactType.CODE:
                found.append(
                    _entry(name, when=OneOf(name, frozenset({spec.codes[-1]})), permanent=True)
                )
            case FactType.CODES:
                found.append(
                    _entry(name, when=Has(name, None), period=kept, start=start, confirmed=True)
                )
            case FactType.DATE:
                when = Compare(Moment(name, kept), Order.FROM, Moment(start))
                found.append(_entry(name, when=Happened(name), period=kept, start=name))
                found.append(_entry("late", when=when, period=Period.parse("1 month"), start=start))
            case _:
                pass
    return tuple(found)


def _agency(pack: Pack, draw: Callable[[st.SearchStrategy[Any]], Any]) -> Agency:
    shipped = [one for one in _shipped() if one.pack == pack.id]
    entries = draw(st.booleans())
    made = Agency(
        id="made",
        pack=pack.id,
        title="Made",
        digest=Digest(bytes(32)),
        zone=draw(st.sampled_from(ZONES)),
        chief="chief",
        responsible_authority="clerk",
        roll_floors=draw(st.booleans()),
        grace_days=draw(st.sampled_from((0, 7, 900))),
        schedule=schedule(pack) if entries else schedule(pack)[1:],
        choices={one.id: draw(st.sampled_from(one.options)) for one in pack.choices},
    )
    found: Agency = draw(st.sampled_from([made, made, *shipped]))
    return found


@cache
def _shipped() -> list[Agency]:
    return [load_agency(name) for name in agency_ids()]


@cache
def _pack(name: str) -> Pack:
    return small_pack() if name == "small" else load_pack(name)


@attrs.frozen(kw_only=True, eq=False)
class Batch:
    """Facts of some recordings, and what to judge them by."""

    law: Law = attrs.field(repr=False)
    as_of: date
    names: list[str] = attrs.field(repr=False)
    rows: list[dict[str, Any]] = attrs.field(repr=False)


@st.composite
def batches(draw: st.DrawFn, name: str) -> Batch:
    """A law, a day, the names of columns, and rows.

    A few values of each fact are drawn, and rows are put together from them: rows that were drawn
    value by value would be few. In most batches nothing lies in the future: a row of which any
    fact does is judged no further.
    """
    pack = _pack(name)
    as_of = draw(st.sampled_from(DAYS_OF_JUDGEMENT))
    on = draw(st.sampled_from([as_of, *(one.effective for one in pack.versions)]))
    law = pack.law(_agency(pack, draw), on=on)
    latest = as_of + timedelta(days=draw(st.sampled_from((0, 0, 0, 2))))
    pools = {
        spec.name: draw(st.lists(values(spec, as_of, latest), min_size=1, max_size=4))
        for spec in pack.facts
    }
    left_out = draw(st.sets(st.sampled_from(sorted(pools)), max_size=6))
    chance = random.Random(draw(st.integers(0, 2**32)))
    names = [name for name in pools if name not in left_out]
    chance.shuffle(names)
    gap = draw(st.sampled_from((0.0, 0.2, 0.9)))
    rows = [
        {name: None if chance.random() < gap else chance.choice(pools[name]) for name in names}
        for _ in range(ROWS)
    ]
    return Batch(law=law, as_of=as_of, names=names, rows=rows)


@pytest.mark.spec(
    *(f"LAW-{number}" for number in (11, 21, 22, 23, 30, 33, 34, 50, 51, 52)),
    *(f"LAW-{number}" for number in (60, 61, 62, 63, 64, 65, 66, 67, 68)),
)
@pytest.mark.parametrize("name", [*pack_ids(), "small"])
# A batch has many rows: to make it smaller would say less than the first row that differs.
@settings(phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(st.data())
def test_tables_say_what_judgements_say(name: str, data: st.DataObject) -> None:
    """For each row, every column is what the judgement of that recording alone says."""
    batch = data.draw(batches(name))
    law, as_of, names, rows = batch.law, batch.as_of, batch.names, batch.rows
    facts = [law.pack.read_facts({name: row[name] for name in names}) for row in rows]

    table = arrow_table(law, rows, names)
    classes = classify_table(table, law=law, as_of=as_of).drop_columns("object").to_pylist()
    kept = retention_table(table, law=law, as_of=as_of).drop_columns("object").to_pylist()

    for status, count in Counter(row["status"] for row in kept if not row["problem"]).items():
        event(f"{name} {status}", count)
    event(f"{name} problems", sum(row["problem"] is not None for row in kept))
    for one, found, row in zip(facts, classes, rows, strict=True):
        assert classified(one, law, as_of) == found, row
    for one, found, row in zip(facts, kept, rows, strict=True):
        assert retained(one, law, as_of) == found, row
