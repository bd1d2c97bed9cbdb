"""Which recordings fit what somebody looks for, and which of them are held.

Rules kept here (spec chapter `state`):

- private criteria are compared as keyed tags: no private value is read (STA-12);
- what is shown as held decides nothing (STA-7): destruction asks the ledger.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

import attrs
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from bwcstore._values import Instant
from bwcstore.catalog._holding import MICROSECONDS, held_rows, pending_requests, rows_of
from bwcstore.catalog._schema import whole
from bwcstore.catalog._tables import OBJECTS, Tables
from bwcstore.errors import ErrorKind, InvalidInputError
from bwcstore.statute.tables._day_columns import Zone

Bools = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]
STATUSES: Final = ("present", "purging", "purged")


@attrs.frozen(kw_only=True)
class Criteria:
    """What is looked for; None where anything fits.

    Attributes:
        label: a label that it has now.
        tags: keyed tags that it must have, with their kinds.
        status: `present`, `purging` or `purged`.
        collected_from: it was made at this moment or on this day, or later.
        collected_until: it was made before this moment, or on this day at the latest.
        held: whether something holds it.
        requests_pending: whether a request about it is not answered.
    """

    label: str | None = None
    tags: Sequence[tuple[str, str]] = ()
    status: str | None = attrs.field(default=None)
    collected_from: Instant | date | None = None
    collected_until: Instant | date | None = None
    held: bool | None = None
    requests_pending: bool | None = None

    @status.validator
    def _check_status(self, _: object, value: str | None) -> None:
        if value is not None and value not in STATUSES:
            raise InvalidInputError(
                ErrorKind.ARGUMENT_INVALID,
                f"status {value!r:.40}: one of {', '.join(STATUSES)} is needed",
            )


def find(tables: Tables, criteria: Criteria, *, zone: ZoneInfo) -> Any:
    """The recordings that fit, as the table `objects` with two more columns: `held` and
    `requests_pending`, which counts requests that are not answered.

    Args:
        tables: where to look.
        criteria: what to look for.
        zone: the zone in which days are counted.
    """
    objects = tables.stored[OBJECTS]
    rows = _fitting(objects, criteria, Zone(zone))
    held = held_rows(tables, rows, zone=Zone(zone))
    counts = pending_requests(tables)[rows]
    fits = np.ones(len(rows), dtype=np.bool_)
    if criteria.held is not None:
        fits &= held == criteria.held
    if criteria.requests_pending is not None:
        fits &= (counts > 0) == criteria.requests_pending
    found = objects if len(rows) == len(objects) and fits.all() else objects.take(rows[fits])
    found = found.append_column("held", pa.array(held[fits]))
    return found.append_column("requests_pending", pa.array(counts[fits], pa.int32()))


def _fitting(objects: Any, criteria: Criteria, zone: Zone) -> Rows:
    """The rows that fit as far as the table of objects alone can say."""
    fits = np.ones(len(objects), dtype=np.bool_)
    if criteria.status is not None:
        fits &= _equal(objects.column("status"), criteria.status)
    if criteria.label is not None:
        fits &= having(objects.column("labels"), criteria.label)
    for kind, tag in criteria.tags:
        fits &= having(objects.column(kind), tag)
    if criteria.collected_from is not None or criteria.collected_until is not None:
        moments = whole(objects.column("collected_at")).cast(pa.int64()).to_numpy()
        fits &= _within(moments, criteria, zone)
    return np.flatnonzero(fits)


def _within(moments: npt.NDArray[np.int64], criteria: Criteria, zone: Zone) -> Bools:
    first, last = criteria.collected_from, criteria.collected_until
    fits = np.ones(len(moments), dtype=np.bool_)
    if isinstance(first, Instant):
        fits &= moments >= first.microseconds
    if isinstance(last, Instant):
        fits &= moments < last.microseconds
    if isinstance(first, date) or isinstance(last, date):
        days = zone.dates(moments // MICROSECONDS)
        if isinstance(first, date):
            fits &= days >= first.toordinal()
        if isinstance(last, date):
            fits &= days <= last.toordinal()
    return fits


def _equal(column: Any, word: str) -> Bools:
    encoded = whole(column)
    codes = {text: number for number, text in enumerate(encoded.dictionary.to_pylist())}
    if word not in codes:
        return np.zeros(len(encoded), dtype=np.bool_)
    found: Bools = pc.fill_null(encoded.indices, -1).to_numpy() == codes[word]
    return found


def having(column: Any, word: str) -> Bools:
    """Where a list of words has a word."""
    lists = whole(column)
    found = np.zeros(len(lists), dtype=np.bool_)
    hits = np.flatnonzero(pc.equal(lists.flatten(), word).to_numpy(zero_copy_only=False))
    found[rows_of(lists, hits)] = True
    return found
