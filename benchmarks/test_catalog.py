"""How fast a catalog of a million recordings is opened, listed, and looked through for a plan.

Each is printed beside the least that it could take: reading the same files without checking them,
comparing the same columns with the same words, and the law's answers for a table of facts that is
at hand.
"""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.limits import peak_rise_bytes
from benchmarks.test_statute import AS_OF, EPOCH, LABELS, Draw, law
from bwcstore._values import ZERO_DIGEST, Instant, StoreId
from bwcstore.catalog._candidates import candidates
from bwcstore.catalog._files import read_tables, write_tables
from bwcstore.catalog._find import Criteria, find
from bwcstore.catalog._known import known_facts
from bwcstore.catalog._schema import CODED, MOMENT, SCHEMAS
from bwcstore.catalog._tables import TAGS, Position, StoreRow, Tables
from bwcstore.statute.tables import retention_table
from bwcstore.statute.tables._day_columns import Zone

RECORDINGS: Final = 1_000_000
NOON: Final = Instant.parse(f"{AS_OF}T18:00:00.000000Z")
KEY: Final = bytes(32)
PEOPLE: Final = tuple(f"{n:08x}-0000-4000-8000-000000000000" for n in range(40))
CASES: Final = tuple(f"{n:032x}" for n in range(20_000))
HOLDS: Final = 200
_FACTS: Final = {
    "source_kind": ('"worn"', '"worn"', '"squad"', '"drone"'),
    "discharge": ('"none"',),
    "force_result": ('"none"', '"none"', '"none"', '"no_injury"', '"substantial_bodily"'),
    "event_documented": ('"neither"', '"neither"', '"surroundings"', '"itself"'),
    "subjects_recorded": ("true", "true", "false"),
}


def _text(draw: Draw, words: tuple[str, ...], kind: Any = CODED) -> Any:
    which = pa.array(draw.chance.integers(0, len(words), draw.count, dtype=np.int32))
    made = pa.DictionaryArray.from_arrays(which, pa.array(words))
    return made if kind == CODED else made.cast(kind)


def _lists(values: Any, count: int, *, each: int) -> Any:
    offsets = np.minimum(np.arange(count + 1) * each, len(values)).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), values)


def _ids(prefix: int, count: int) -> Any:
    numbers = (np.arange(count) + prefix * 10**12).astype(np.int64)
    texts = pc.utf8_lpad(pa.array(numbers).cast(pa.string()), 32, "0")
    parts = [pc.utf8_slice_codeunits(texts, a, b) for a, b in ((0, 8), (8, 12), (12, 16), (16, 20))]
    return pc.binary_join_element_wise(*parts, pc.utf8_slice_codeunits(texts, 20, 32), "-")


def _table(name: str, given: dict[str, Any], count: int) -> Any:
    """A table of this schema; columns that are not given are null."""
    schema = SCHEMAS[name]
    columns = []
    for field in schema:
        array = given.get(field.name)
        if array is None:
            array = pa.nulls(count, pa.string() if field.type == CODED else field.type)
            array = array.dictionary_encode() if field.type == CODED else array
        columns.append(array.cast(field.type))
    return pa.Table.from_arrays(columns, schema=schema)


def _objects(count: int) -> Any:
    draw = Draw(count)
    zeros = pa.array(np.zeros(count, dtype=np.int64))
    moments = draw.moment()
    claims = pa.StructArray.from_arrays(
        [moments, _text(draw, ("dock",), pa.string())], ["at", "basis"]
    )
    labels = _lists(_text(draw, LABELS, pa.string()), count, each=1)
    hexes = pa.array(np.arange(count).astype(np.int64)).cast(pa.string())
    digests = _lists(pc.utf8_lpad(hexes, 32, "a"), count, each=1)
    given = {
        "object": _ids(1, count),
        "entry": pa.array(np.arange(count) * 6),
        "status": _text(draw, ("present",)),
        "ingested_at": moments,
        "ingested_by": _text(draw, PEOPLE),
        "collected_at": moments,
        "collected": _lists(claims, count, each=1),
        "labels": labels,
        "labels_ever": labels,
        "trigger": _text(draw, ("use-of-force", "detention")),
        **{kind: _lists(_text(draw, CASES, pa.string()), count, each=1) for kind in TAGS},
        "file": digests,
        "source": digests,
        "segments": pa.array(np.full(count, 9)),
        **dict.fromkeys(("accesses", "refusals", "bytes_released", "releases", "seq"), zeros),
        "opaque": pa.array(np.zeros(count, dtype=np.bool_)),
        "head": pa.array(np.full(count, b"h" * 32, dtype="S32"), pa.binary(32)),
        "head_entry": zeros,
    }
    return _table("objects", given, count)


def _facts(count: int) -> Any:
    names = tuple(_FACTS)
    draw = Draw(count * len(names))
    words = tuple(dict.fromkeys(word for values in _FACTS.values() for word in values))
    which = np.zeros((count, len(names)), dtype=np.int32)
    for number, values in enumerate(_FACTS.values()):
        codes = np.array([words.index(word) for word in values], dtype=np.int32)
        which[:, number] = codes[draw.chance.integers(0, len(codes), count)]
    said = np.tile(np.arange(len(names), dtype=np.int32), count)
    early = pa.array(np.full(draw.count, 15_000, dtype=np.int32)).cast(pa.date32())
    at = pa.array(np.full(draw.count, 15_001 * 86_400_000_000)).cast(MOMENT)
    given = {
        "row": pa.array(np.repeat(np.arange(count, dtype=np.int32), len(names))),
        "assertion": _ids(2, draw.count),
        "fact": pa.DictionaryArray.from_arrays(pa.array(said), pa.array(names)),
        "value": pa.DictionaryArray.from_arrays(pa.array(which.ravel()), pa.array(words)),
        "since": early,
        "at": at,
        "by": _text(draw, PEOPLE),
        "basis": _text(draw, ("report",)),
        "entry": pa.array(np.arange(draw.count)),
    }
    return _table("facts", given, draw.count)


def _held(count: int) -> tuple[Any, Any]:
    """Holds, half of them by query, and the recordings that they bind."""
    draw = Draw(HOLDS)
    queries = [
        f'{{"tag":{{"kind":"case","value":"{CASES[n]}"}}}}' if n % 2 else None for n in range(HOLDS)
    ]
    given = {
        "hold": _ids(3, HOLDS),
        "kind": _text(draw, ("litigation", "evidentiary")),
        "authority": _text(draw, ("court",)),
        "query": pa.array(queries, pa.string()),
        "placed_at": pa.array(np.full(HOLDS, 15_001 * 86_400_000_000)).cast(MOMENT),
    }
    rows = np.sort(draw.chance.integers(0, count, count // 200)).astype(np.int32)
    which = pa.array(draw.chance.integers(0, HOLDS, len(rows)))
    bound = {"row": pa.array(rows), "hold": given["hold"].take(which)}
    return _table("holds", given, HOLDS), _table("hold_objects", bound, len(rows))


def _requested(count: int) -> Any:
    number = count // 200
    draw = Draw(number)
    days = pa.array(np.full(number, (AS_OF - EPOCH).days - 20, dtype=np.int32)).cast(pa.date32())
    given = {
        "row": pa.array(np.sort(draw.chance.integers(0, count, number)).astype(np.int32)),
        "request": _ids(4, number),
        "kind": _text(draw, ("subject-copy", "public", "court-order")),
        "received": days,
        "outcome": draw.known(_text(draw, ("granted", "denied")), 0.5),
        "answered_on": days,
    }
    return _table("request_objects", given, number)


def tables(count: int) -> Tables:
    """The catalog of an agency that has kept so many recordings over the years."""
    holds, hold_objects = _held(count)
    stored = {name: schema.empty_table() for name, schema in SCHEMAS.items()}
    stored |= {
        "objects": _objects(count),
        "facts": _facts(count),
        "holds": holds,
        "hold_objects": hold_objects,
        "request_objects": _requested(count),
    }
    return Tables(
        position=Position(generation=0, size=count * 6, head=ZERO_DIGEST),
        store=StoreRow(seq=1, head=ZERO_DIGEST, opaque=False),
        stored=stored,
    )


STORE: Final = StoreId("44444444-4444-4444-8444-444444444444")
MEMORY: Final = """
import sys
sys.path.insert(0, {root!r})
from pathlib import Path
from benchmarks.test_catalog import KEY, LISTING, NOON, STORE, ZONE
from benchmarks.test_catalog import candidates, find, law, read_tables, tables

def prepare(arguments):
    global place, by
    place, by = Path(arguments[0]), law()
    # What is loaded and cached once is no part of what a catalog costs.
    small = tables(1_000)
    candidates(small, law=by, at=NOON)

def work():
    found = read_tables(place, store=STORE, key=KEY)
    candidates(found, law=by, at=NOON)
    find(found, LISTING, zone=ZONE)
"""
LISTING: Final = Criteria(
    label="training", status="present", held=False, collected_from=date(2025, 1, 1)
)
ZONE: Final = ZoneInfo("America/Chicago")


def _best(work: Callable[[], object], rounds: int) -> float:
    spent = []
    for _ in range(rounds):
        begun = time.perf_counter()
        work()
        spent.append(time.perf_counter() - begun)
    return min(spent)


def _compare(
    benchmark: BenchmarkFixture, ours: Callable[[], object], limit: Callable[[], object]
) -> None:
    rounds = 1 if benchmark.disabled else 3
    benchmark.pedantic(ours, rounds=rounds)  # type: ignore[no-untyped-call]
    taken, least = _best(ours, rounds), _best(limit, rounds)
    benchmark.extra_info.update(ours=taken, limit=least, ratio=least / taken)
    print(f"\nours {taken:.3f} s  limit {least:.3f} s  ratio {least / taken:.2f}")


@pytest.fixture(scope="module")
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cache of the catalog on disk."""
    disabled = request.config.getoption("benchmark_disable")
    found = tmp_path_factory.mktemp("catalog")
    write_tables(found, tables(500 if disabled else RECORDINGS), store=STORE, key=KEY)
    return found


@pytest.fixture(scope="module")
def kept(place: Path) -> Tables:
    """The catalog, open."""
    found = read_tables(place, store=STORE, key=KEY)
    assert found is not None
    return found


def _read(place: Path) -> int:
    """Every byte of the files, once."""
    return sum(len(path.read_bytes()) for path in place.iterdir())


def test_open(benchmark: BenchmarkFixture, place: Path) -> None:
    """Open the tables, every file authenticated; limit: read the same files."""
    _compare(benchmark, lambda: read_tables(place, store=STORE, key=KEY), lambda: _read(place))


def test_list(benchmark: BenchmarkFixture, kept: Tables) -> None:
    """Recordings with a label, made since a day, that nothing holds; limit: Arrow alone, with
    the moment of midnight in place of days, and no holds.
    """

    def bare() -> object:
        objects = kept.stored["objects"]
        midnight = pa.scalar(
            datetime(2025, 1, 1, 6, tzinfo=UTC), objects.schema.field("collected_at").type
        )
        labelled = pc.list_parent_indices(objects.column("labels")).filter(
            pc.equal(pc.list_flatten(objects.column("labels")), "training")
        )
        return objects.take(labelled).filter(
            (pc.field("collected_at") >= midnight)
            & (pc.field("status").cast(pa.string()) == "present")
        )

    _compare(benchmark, lambda: find(kept, LISTING, zone=ZONE), bare)


def test_find_by_tag(benchmark: BenchmarkFixture, kept: Tables) -> None:
    """The recordings of one case; limit: one comparison of a column of words."""
    words = pc.list_flatten(kept.stored["objects"].column("case"))
    criteria = Criteria(tags=(("case", CASES[7]),))

    _compare(benchmark, lambda: find(kept, criteria, zone=ZONE), lambda: pc.equal(words, CASES[7]))


def test_candidates(benchmark: BenchmarkFixture, kept: Tables) -> None:
    """What a plan has to look at; limit: the law alone, for a table of facts that is at hand."""
    by = law()
    known = known_facts(kept, law=by, zone=Zone(by.zone), on=AS_OF, at=NOON)
    facts = pa.table({"object": kept.stored["objects"].column("object"), **known.columns})

    _compare(
        benchmark,
        lambda: candidates(kept, law=by, at=NOON),
        lambda: retention_table(facts, law=by, as_of=AS_OF),
    )


def test_memory(benchmark: BenchmarkFixture, place: Path) -> None:
    """How much memory opening, a plan's candidates and a listing take at most together, with the
    pages of the files.
    """
    rise: list[int] = []
    program = MEMORY.format(root=str(Path(__file__).parents[1]))

    benchmark.pedantic(  # type: ignore[no-untyped-call]
        lambda: rise.append(peak_rise_bytes(program, str(place))), rounds=1
    )

    benchmark.extra_info.update(peak_rise_bytes=max(rise))
    print(f"\npeak memory rises by {max(rise) / 2**20:,.0f} MiB")
