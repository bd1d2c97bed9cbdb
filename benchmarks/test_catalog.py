"""How fast a catalog of a million recordings is opened, listed, and looked through for a plan.

Each is printed beside the least that it could take: reading the same files without checking them,
comparing the same columns with the same words, and the law's answers for a table of facts that is
at hand.
"""

import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.limits import peak_rise_bytes
from benchmarks.test_statute import AS_OF, EPOCH, FLAGS, LABELS, Draw, law
from bwcstore._values import ZERO_DIGEST, Instant
from bwcstore.catalog._candidates import candidates
from bwcstore.catalog._files import read_tables, write_tables
from bwcstore.catalog._find import Criteria, find
from bwcstore.catalog._schema import CODED, MOMENT, SCHEMAS, TAGS, WORDS
from bwcstore.catalog._tables import Position, StoreRow, Tables
from bwcstore.statute import Law

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
