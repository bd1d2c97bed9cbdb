"""Listings of a real bucket in small pages, of names and keys that XML or a URL would alter."""

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from html import unescape
from typing import Any, Final
from urllib.parse import parse_qs, quote

import pytest

from bwcstore.storage._s3 import S3Backend
from tests.integration.s3_service import S3Service
from tests.s3.fault_proxy import EVER, FaultProxy, page_by
from tests.s3.places import open_bucket

ODD: Final = ("%2B", "a+b c", "return\r", "tab\t&<>", "ü")
OURS: Final = ("b", "o")


@pytest.fixture
def proxy(s3_server: S3Service) -> Iterator[FaultProxy]:
    """A proxy before the endpoint that takes many requests at once."""
    with FaultProxy(s3_server.parallel, key_id=s3_server.key_id, secret=s3_server.secret) as found:
        yield found


def _fill(client: Any, backend: S3Backend, versions: int) -> None:
    """Two names of ours among odd keys, of each so many versions below a delete marker."""
    for name in (*ODD, *OURS):
        key = {"Bucket": backend.place.bucket, "Key": backend.place.key(name)}
        for number in range(versions):
            client.put_object(**key, Body=bytes(number))
        if name in OURS:
            client.delete_object(**key)


def _listed(backend: S3Backend) -> list[list[Any]]:
    """Everything that listing gives, in every way."""
    found: list[list[Any]] = [
        [(one.name, one.length_bytes) for one in backend.list("")],
        [(one.name, one.version_id, one.marker) for one in backend.all_versions("")],
    ]
    found += [[(one.version_id, one.marker) for one in backend.versions(name)] for name in OURS]
    return [*found, [*backend.foreign("")]]


def _markers(proxy: FaultProxy, name: str) -> set[str]:
    """What pages were asked for to begin after."""
    queries = [parse_qs(seen.query, keep_blank_values=True) for seen in proxy.seen]
    return {query[name][0] for query in queries if name in query}


@pytest.mark.spec("BKT-1", "BKT-9")
@pytest.mark.parametrize("count", [1, 2, 3])
def test_pages_of_odd_keys(
    s3_server: S3Service, s3_client: Any, locked_bucket: str, proxy: FaultProxy, count: int
) -> None:
    """In pages that end within a name's versions or at an odd key, everything is listed once, in
    order, and under its own name.
    """
    with closing(open_bucket(s3_server, locked_bucket, proxy.endpoint)) as backend:
        _fill(s3_client, backend, 3)
        whole = _listed(backend)
        proxy.heal()
        proxy.rule(page_by(count), query="versions", times=EVER)
        paged = _listed(backend)
        after = _markers(proxy, "key-marker")
        odd = {backend.place.key(name) for name in ODD}

    assert [[("b", 2), ("o", 2)], sorted(ODD)] == [paged[0], paged[-1]]
    assert [True, False, False, False] == [marker for _, marker in paged[2]]
    assert whole == paged
    assert odd <= after
    assert {"url"} == _markers(proxy, "encoding-type")
    assert len(_markers(proxy, "version-id-marker")) >= 3


def _say_more(key: str) -> Callable[[bytes], bytes]:
    """A last page that says that there is more behind its last key."""
    said = f"<IsTruncated>true</IsTruncated><NextKeyMarker>{quote(key)}</NextKeyMarker>".encode()

    def change(page: bytes) -> bytes:
        last = b"<Version>" in page
        return page.replace(b"<IsTruncated>false</IsTruncated>", said) if last else page

    return change


@pytest.mark.spec("BKT-1")
@pytest.mark.parametrize("last", ["o", "ü"])
def test_an_empty_last_page(
    s3_server: S3Service, s3_client: Any, plain_bucket: str, proxy: FaultProxy, last: str
) -> None:
    """A service that says "more" where nothing more is has listed everything, each once."""
    with closing(open_bucket(s3_server, plain_bucket, proxy.endpoint)) as backend:
        for name in ("b", "c", "m", last):
            s3_client.put_object(Bucket=plain_bucket, Key=backend.place.key(name), Body=b"x")
        proxy.heal()
        proxy.rule(page_by(2, _say_more(backend.place.key(last))), query="versions", times=EVER)
        names = [one.name for one in backend.list("")]
        asked = len(proxy.seen)
        foreign = [*backend.foreign("")]

    assert ["b", "c", "m", "o"][: 4 if last == "o" else 3] == names
    assert ([] if last == "o" else [last]) == foreign
    assert 3 == asked


def _without_versions(page: bytes) -> bytes:
    return re.sub(rb"<NextVersionIdMarker>[^<]*</NextVersionIdMarker>", b"", page)


def test_pages_that_name_no_version(
    s3_server: S3Service, s3_client: Any, plain_bucket: str, proxy: FaultProxy
) -> None:
    """Where the next page begins after a key, no version is named that belongs to a page before."""
    names = ["a", "b", "c", "d", "e"]
    with closing(open_bucket(s3_server, plain_bucket, proxy.endpoint)) as backend:
        for name in names:
            s3_client.put_object(Bucket=plain_bucket, Key=backend.place.key(name), Body=b"x")
        proxy.heal()
        proxy.rule(page_by(2), query="versions")
        proxy.rule(page_by(2, _without_versions), query="versions", first=2, times=EVER)
        found = [one.name for one in backend.list("")]
        versions = ["version-id-marker" in seen.query for seen in proxy.seen]

    assert names == found
    assert [False, True, False] == versions


def _say_encoded(page: bytes) -> bytes:
    """What a service says that encodes the marker of uploads, too."""

    def encode(found: re.Match[bytes]) -> bytes:
        key = quote(unescape(found[1].decode())).encode()
        return b"<EncodingType>url</EncodingType><NextKeyMarker>%b</NextKeyMarker>" % key

    return re.sub(rb"<NextKeyMarker>([^<]*)</NextKeyMarker>", encode, page)


@pytest.mark.spec("BKT-1", "BKT-6")
@pytest.mark.parametrize("change", [bytes, _say_encoded])
@pytest.mark.parametrize("count", [1, 2])
def test_pages_of_uploads(  # noqa: PLR0917 - one table
    s3_server: S3Service,
    s3_client: Any,
    plain_bucket: str,
    proxy: FaultProxy,
    count: int,
    change: Callable[[bytes], bytes],
) -> None:
    """Broken uploads of odd keys, several of one key, are found on every page and aborted once."""
    names = [*(name for name in ODD if name.isprintable()), "a+b c", "o"]
    with closing(
        open_bucket(s3_server, plain_bucket, proxy.endpoint, upload_seconds_max=-60.0)
    ) as backend:
        for name in names:
            s3_client.create_multipart_upload(Bucket=plain_bucket, Key=backend.place.key(name))
        proxy.heal()
        proxy.rule(page_by(count, change, what="max-uploads"), query="uploads", times=EVER)
        removed = backend.discard_leftovers()
        after = _markers(proxy, "key-marker")
        keys = {backend.place.key(name) for name in names}
    left = s3_client.list_multipart_uploads(Bucket=plain_bucket).get("Uploads", [])

    assert (len(names), []) == (removed, left)
    assert after <= keys
    assert len(after) >= len(names) // 2 - 1
