"""The catalog of an open store: taken from its cache, brought to the head, kept for the next time.

Rules kept here (spec chapter `state`):

- a cache that does not belong to the ledger, or is damaged, is made anew, and nobody notices but
  by the time it takes (STA-14);
- raw values are shown to those alone who may see recordings (STA-15).
"""

import contextlib
import hmac
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import pyarrow as pa

from bwcstore._session._acting import Acting
from bwcstore._session._history import opened
from bwcstore._session._record_keys import PRIVATE_KEY
from bwcstore._session._records import record_of
from bwcstore._session._services import Services, ensure_key
from bwcstore._values import Instant, ObjectId, ScopeId
from bwcstore.catalog._candidates import candidates
from bwcstore.catalog._files import SEALED, make_place, read_tables, replace, write_tables
from bwcstore.catalog._find import Criteria, find
from bwcstore.catalog._forward import Tail, forward, no_tables
from bwcstore.catalog._private import NONCE_BYTES, open_private, seal_private
from bwcstore.catalog._schema import PRIVATE
from bwcstore.catalog._tables import OBJECTS, Tables
from bwcstore.custody._authority import Verb
from bwcstore.custody._object_records import ObjectState
from bwcstore.custody._state import State
from bwcstore.errors import (
    ErrorKind,
    IntegrityError,
    KeyVaultError,
    StorageError,
)
from bwcstore.objects._parts import RecordPart
from bwcstore.statute._pack import Law

_TAGGED: Final = ("case", "device", "officer")
_MAC_LABEL: Final = b"bwcstore/v1 catalog"
# Reading so few entries again takes less time than writing the tables.
_BEHIND_MAX: Final = 256


def current(services: Services) -> Tables:
    """The open tables of everything so far; see `Store.tables`.

    Raises:
        StorageError: the ledger could not be read.
    """
    services.settle()
    services.log.refresh()
    cache = services.catalog
    with cache.lock:
        before = cache.tables or _cached(services)
        try:
            cache.tables = _to_head(services, before)
        except IntegrityError as exc:
            if exc.kind is not ErrorKind.CATALOG_INVALID:
                raise
            cache.tables, cache.saved = _to_head(services, no_tables()), 0
        if not cache.saved or cache.tables.position.size - cache.saved > _BEHIND_MAX:
            # A cache that cannot be written is no reason not to answer.
            with contextlib.suppress(StorageError):
                _save(services, cache.tables)
        return cache.tables


def rebuild(services: Services) -> Tables:
    """Make the open tables anew; see `Store.rebuild_catalog`.

    Raises:
        StorageError: the ledger could not be read, or the cache not be written.
    """
    services.settle()
    services.log.refresh()
    with services.catalog.lock:
        services.catalog.tables = _to_head(services, no_tables())
        _save(services, services.catalog.tables)
        return services.catalog.tables


def _cached(services: Services) -> Tables:
    """The tables of the cache; none where it is absent, damaged, or another ledger's."""
    place = services.catalog.place
    services.catalog.saved = 0
    if place is None:
        return no_tables()
    try:
        found = read_tables(place, store=services.store_id, key=_mac_key(services))
    except IntegrityError:
        return no_tables()
    if found is None or not _is_of(services, found):
        return no_tables()
    services.catalog.saved = found.position.size
    return found


def _is_of(services: Services, tables: Tables) -> bool:
    """Whether tables are made of the first entries of the ledger."""
    position, log = tables.position, services.log
    if not 0 < position.size <= log.size:
        return False
    last = position.size - 1
    return log.place(last)[0] == position.generation and log.entry(last).hash == position.head


def _to_head(services: Services, tables: Tables) -> Tables:
    log = services.log
    tail = Tail.of(log.entries(tables.position.size, log.size))

    def brought(state: State) -> Tables:
        # What was appended while the tail was read.
        for entry in log.entries(tables.position.size + tail.count, log.size):
            tail.add(entry)
        return forward(tables, state, tail, generation=log.place(log.size - 1)[0])

    return log.view(brought)


def _save(services: Services, tables: Tables) -> None:
    place = services.catalog.place
    if place is not None:
        write_tables(place, tables, store=services.store_id, key=_mac_key(services))
    services.catalog.saved = tables.position.size


def _mac_key(services: Services) -> bytes:
    return hmac.digest(services.tag_key, _MAC_LABEL, "sha256")


# --- Looking for recordings ----------------------------------------------------------------------


def find_objects(
    services: Services,
    *,
    tags: dict[str, str | None],
    label: str | None,
    status: str | None,
    collected: tuple[Instant | date | None, Instant | date | None],
    held: bool | None,
    requests_pending: bool | None,
) -> Any:
    """The recordings that fit; see `Store.find`."""
    first, last = collected
    criteria = Criteria(
        label=label,
        tags=[(kind, services.tag(kind, text).text) for kind, text in tags.items() if text],
        status=status,
        collected_from=_moment(first),
        collected_until=_moment(last),
        held=held,
        requests_pending=requests_pending,
    )
    tables = current(services)
    law = services.log.state.store.law
    return find(tables, criteria, zone=ZoneInfo(law.zone if law else "UTC"))


def _moment(given: Instant | date | None) -> Instant | date | None:
    return Instant.from_datetime(given) if isinstance(given, datetime) else given


def candidate_ids(services: Services, *, law: Law, at: Instant) -> list[ObjectId]:
    """The recordings that a plan for a moment has to look at, in the order of ingest (STA-13)."""
    named = candidates(current(services), law=law, at=at)
    return [ObjectId(text) for text in named.column("object").to_pylist()]


# --- Private columns -----------------------------------------------------------------------------


def private_objects(acting: Acting) -> Any:
    """What is sealed of every recording; see `Session.private_objects`."""
    acting.allow(Verb.SHOW)
    services = acting.services
    with services.catalog.lock:
        tables = current(services)
        key = ensure_key(services.vault, services.environment, PRIVATE_KEY)
        before = _unsealed(services, key)
        found = _brought_forward(services, tables, before)
        if found is not before:
            with contextlib.suppress(OSError):
                _seal(services, found, key)
        return found


def _unsealed(services: Services, key: bytes) -> Any:
    """The private columns of the cache; none where they are absent or do not open."""
    place = services.catalog.place
    if place is None:
        return PRIVATE.empty_table()
    try:
        sealed = (place / SEALED).read_bytes()
        return open_private(sealed, store=services.store_id, key=key)
    except (OSError, IntegrityError):
        return PRIVATE.empty_table()


def _seal(services: Services, table: Any, key: bytes) -> None:
    place = services.catalog.place
    if place is not None:
        nonce = services.environment.entropy.take(NONCE_BYTES)
        sealed = seal_private(table, store=services.store_id, key=key, nonce=nonce)
        make_place(place)
        replace(place / SEALED, [sealed])


def _brought_forward(services: Services, tables: Tables, before: Any) -> Any:
    """The private columns with a row for each recording, as `tables` have them."""
    objects = tables.stored[OBJECTS]
    ids = objects.column("object").to_pylist()
    tags = [objects.column(kind).to_pylist() for kind in _TAGGED]
    counts = [sum(map(len, one)) for one in zip(*tags, strict=True)]
    known = {row["object"]: row for row in before.select(["object", "tags_count"]).to_pylist()}
    stale = [
        row
        for row, (text, count) in enumerate(zip(ids, counts, strict=True))
        if text not in known or known[text]["tags_count"] != count
    ]
    if not stale and len(before) == len(ids):
        return before
    fresh = {ids[row]: _private_row(services, ids[row], counts[row]) for row in stale}
    kept = {row["object"]: row for row in before.to_pylist()} | fresh
    return pa.Table.from_pylist([kept[text] for text in ids], schema=PRIVATE)


def _private_row(services: Services, text: str, tags_count: int) -> dict[str, Any]:
    """What is sealed of a recording; nothing where its record key is gone."""
    object_id = ObjectId(text)
    state = services.log.state.object(object_id)
    row: dict[str, Any] = {"object": text, "tags_count": tags_count}
    if state is None:
        return row
    try:
        record = record_of(services, state)
    except KeyVaultError:
        return row
    values = {kind: [value] for kind, value in _tagged(record) if value is not None}
    if tags_count > len(values):
        for kind, value in _added(services, state):
            values.setdefault(kind, []).append(value)
    return (
        row
        | values
        | {
            "title": record.title,
            "source_scope": record.source.scope if record.source else None,
            "source_id": record.source.id if record.source else None,
            "plaintext_sha256": str(record.plaintext_sha256),
            "length_bytes": record.length_bytes,
        }
    )


def _tagged(record: RecordPart) -> Iterator[tuple[str, str | None]]:
    yield from (("case", record.case), ("device", record.device), ("officer", record.officer))


def _added(services: Services, state: ObjectState) -> Iterator[tuple[str, str]]:
    """The cases, devices and officers that were added later, opened."""
    for entry in services.log.scope_entries(ScopeId.object(state.object_id)):
        if entry.kind != "tags.added":
            continue
        lines = (opened(services, entry) or {}).get("values")
        for line in lines if isinstance(lines, list) else ():
            kind, _, value = str(line).partition(": ")
            if kind in _TAGGED:
                yield kind, value
