"""Answers that no S3 service should give: told by a code, and nothing else escapes."""

from datetime import UTC, datetime
from typing import Any

import pytest

from bwcstore._values import Instant
from bwcstore.errors import ErrorKind, StorageError
from bwcstore.storage._s3_errors import refusal_of
from bwcstore.storage._s3_listed import page_of

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


@pytest.mark.spec("STO-20", "BKT-16")
@pytest.mark.parametrize(
    "changes",
    [
        {"Key": None},
        {"LastModified": None},
        {"Size": "long"},
    ],
)
def test_a_line_that_lacks_something(changes: dict[str, Any]) -> None:
    """A listing without keys, lengths or times is an error of the storage."""
    line = {"Key": "one", "VersionId": "v1", "Size": 3, "LastModified": NOON} | changes
    kept = {name: value for name, value in line.items() if value is not None}

    with pytest.raises(StorageError) as caught:
        page_of({"Versions": [kept]})

    assert ErrorKind.STORAGE_IO is caught.value.kind


def test_a_page_in_order() -> None:
    """The newest of a name first, whether or not it is a marker; the service says which is."""
    later = datetime(2026, 3, 4, 13, tzinfo=UTC)
    lines = [
        {"Key": "b", "VersionId": "v1", "Size": 3, "LastModified": NOON},
        {"Key": "a", "VersionId": "v2", "Size": 3, "LastModified": NOON},
        {"Key": "a", "VersionId": "v3", "Size": 3, "LastModified": NOON, "IsLatest": True},
    ]
    markers = [{"Key": "b", "VersionId": "m", "LastModified": later, "IsLatest": True}]

    page = page_of({"Versions": lines, "DeleteMarkers": markers})

    assert ["v3", "v2", "m", "v1"] == [one.version_id for one in page]


@pytest.mark.parametrize("date", ["", "soon", "Wed, 04 Mar 99999 12:00:00 GMT"])
def test_a_clock_that_tells_no_time(date: str) -> None:
    """A refusal because of the clock, without a time to compare, is one of the credentials."""
    response = {
        "Error": {"Code": "RequestTimeTooSkewed", "Message": "?"},
        "ResponseMetadata": {"HTTPStatusCode": 403, "HTTPHeaders": {"date": date}},
    }
    failure = OSError("refused")
    failure.response = response  # type: ignore[attr-defined]

    found = refusal_of(failure, now=Instant.from_datetime(NOON))

    assert ErrorKind.CREDENTIALS_REFUSED is found.kind
