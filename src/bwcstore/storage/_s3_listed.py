"""What one page of a listing of versions says.

Rules kept here (spec chapter `buckets`): versions and delete markers of a name stand together, the
newest first; a page that lacks what every service says is told as such.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import attrs

from bwcstore._ports import ONLY_VERSION
from bwcstore._values import Instant
from bwcstore.errors import ErrorKind, InvalidInputError, StorageError


@attrs.frozen(kw_only=True)
class Listed:
    """One line of a listing of versions."""

    key: str
    version_id: str
    length_bytes: int
    modified: Instant
    marker: bool


def instant_of(moment: datetime) -> Instant:
    """An instant as the service gives it."""
    return Instant.from_datetime(moment.astimezone(UTC))


def page_of(fields: Mapping[str, Any]) -> list[Listed]:
    """The lines of one page, in order of keys, the newest version of each first.

    Raises:
        StorageError: a line lacks what every service says.
    """
    try:
        # The service lists versions and markers apart; one sort puts a name's together.
        lines = [(one, False) for one in fields.get("Versions", ())]
        lines += [(one, True) for one in fields.get("DeleteMarkers", ())]
        page = [(_listed(one, marker=marker), bool(one.get("IsLatest"))) for one, marker in lines]
    except (KeyError, TypeError, ValueError, OverflowError, InvalidInputError) as exc:
        raise StorageError(
            ErrorKind.STORAGE_IO, "a listing whose lines lack a key, a length or a time"
        ) from exc
    page.sort(key=lambda one: one[0].modified, reverse=True)
    page.sort(key=lambda one: (one[0].key.encode(), not one[1]))
    return [one for one, _ in page]


def _listed(line: Mapping[str, Any], *, marker: bool) -> Listed:
    return Listed(
        key=line["Key"],
        version_id=line.get("VersionId") or ONLY_VERSION,
        length_bytes=0 if marker else int(line["Size"]),
        modified=instant_of(line["LastModified"]),
        marker=marker,
    )
