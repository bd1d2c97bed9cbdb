"""Several sources at once: one processor each, so that no work is handed between threads."""

from collections import deque
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Final

import attrs

from bwcstore._ports import Pending, Progress
from bwcstore._session._acting import Acting
from bwcstore._session._ingest import Ingested, ingest
from bwcstore._source import SourceLike
from bwcstore._system import SerialWorkers
from bwcstore._values import Digest
from bwcstore.custody._recording import Recording, SourceId
from bwcstore.errors import BwcStoreError
from bwcstore.objects._writer import ObjectWriter

_AHEAD: Final = 2


@attrs.frozen(kw_only=True)
class Item:
    """One source of several; the fields are the arguments of `Session.ingest`."""

    source: SourceLike
    source_id: SourceId | None = None
    recording: Recording = attrs.field(factory=Recording)
    length_bytes: int | None = None
    expected_sha256: Digest | None = None


@attrs.frozen(kw_only=True)
class Failed:
    """An item that could not be ingested, and why."""

    item: Item
    error: BwcStoreError


def ingest_many(
    acting: Acting, items: Iterable[Item], *, progress: Progress
) -> Iterator[Ingested | Failed]:
    """See `Session.ingest_many`."""
    workers = acting.services.environment.workers
    services = acting.services
    writer = services.new_writer(attrs.evolve(services.environment, workers=SerialWorkers()))
    running: deque[Pending[Ingested | Failed]] = deque()
    for item in items:
        running.append(workers.submit(partial(_one, acting, item, writer, progress)))
        if len(running) >= workers.count * _AHEAD:
            yield running.popleft().result()
    while running:
        yield running.popleft().result()


def _one(acting: Acting, item: Item, writer: ObjectWriter, progress: Progress) -> Ingested | Failed:
    try:
        return ingest(
            acting,
            item.source,
            source_id=item.source_id,
            recording=item.recording,
            length_bytes=item.length_bytes,
            expected_sha256=item.expected_sha256,
            progress=progress,
            writer=writer,
        )
    except BwcStoreError as exc:
        return Failed(item=item, error=exc)
