"""How places in buckets are named, and what a service's answers mean. No service is asked."""

import pytest

from bwcstore._values import Instant
from bwcstore.errors import ErrorKind, InvalidInputError
from bwcstore.storage._s3_errors import refusal_of
from bwcstore.storage._s3_options import S3Options, S3Place


@pytest.mark.spec("BKT-1")
@pytest.mark.parametrize(
    ("url", "bucket", "key"),
    [
        ("s3://becker", "becker", "a/b"),
        ("s3://becker/", "becker", "a/b"),
        ("s3://bwc-2/x y/ü+%", "bwc-2", "x y/ü+%/a/b"),
        ("s3://bwc-2/x/y/", "bwc-2", "x/y/a/b"),
    ],
)
def test_a_place_gives_keys(url: str, bucket: str, key: str) -> None:
    """The key of a name is the prefix, a slash and the name."""
    place = S3Place.parse(url)

    assert (bucket, key) == (place.bucket, place.key("a/b"))
    assert place == S3Place.parse(str(place))


@pytest.mark.spec("BKT-1")
@pytest.mark.parametrize(
    "url",
    [
        "becker",
        "s3://",
        "s3://B",
        "s3:///x",
        "s3://bucket/a//b",
        "s3://bucket/a/../b",
        "s3://bucket/./b",
        "s3://bucket/a\nb",
        "s3://bucket/" + "a" * 257,
    ],
)
def test_other_places_are_refused(url: str) -> None:
    """What could be folded, misread or too long is no place."""
    with pytest.raises(InvalidInputError) as caught:
        S3Place.parse(url)

    assert ErrorKind.ARGUMENT_INVALID is caught.value.kind


def test_parts_have_a_least_length() -> None:
    """The protocol takes no part below 5 MiB but the last."""
    with pytest.raises(InvalidInputError) as caught:
        S3Options(part_bytes=1 << 20)

    assert ErrorKind.ARGUMENT_INVALID is caught.value.kind


class AnsweredError(Exception):
    """An error of a client library that carries the service's answer."""

    def __init__(self, status: int, code: str, **headers: str) -> None:
        super().__init__(code)
        self.response = {
            "Error": {"Code": code},
            "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": headers},
        }


@pytest.mark.parametrize(
    ("status", "code", "kind", "retry", "doubtful"),
    [
        (503, "SlowDown", ErrorKind.STORAGE_BUSY, True, False),
        (429, "TooManyRequests", ErrorKind.STORAGE_BUSY, True, False),
        (409, "ConcurrentModification", ErrorKind.STORAGE_BUSY, True, False),
        (500, "InternalError", ErrorKind.STORAGE_IO, True, True),
        (501, "NotImplemented", ErrorKind.STORAGE_IO, False, False),
        (403, "AccessDenied", ErrorKind.STORAGE_DENIED, False, False),
        (403, "ExpiredToken", ErrorKind.CREDENTIALS_REFUSED, False, False),
        (403, "RequestTimeTooSkewed", ErrorKind.CREDENTIALS_REFUSED, False, False),
        (403, "QuotaExceeded", ErrorKind.STORAGE_FULL, False, False),
        (404, "NoSuchBucket", ErrorKind.BUCKET_MISSING, False, False),
        (301, "PermanentRedirect", ErrorKind.BUCKET_MISSING, False, False),
        (400, "BadDigest", ErrorKind.CHECKSUM_MISMATCH, True, False),
    ],
)
def test_answers_have_a_meaning(
    status: int, code: str, kind: ErrorKind, *, retry: bool, doubtful: bool
) -> None:
    """An answer tells the kind of error, whether to try again, and whether it may have worked."""
    refusal = refusal_of(AnsweredError(status, code))

    assert (kind, retry, doubtful) == (refusal.kind, refusal.retry, refusal.doubtful)


@pytest.mark.spec("BKT-8")
@pytest.mark.parametrize(
    ("seconds", "kind", "said"),
    [
        (1000, ErrorKind.CLOCK_AHEAD, "1000 s ahead of the storage's"),
        (-7200, ErrorKind.CLOCK_BEHIND, "7200 s behind the storage's"),
    ],
)
def test_a_wrong_clock_is_said_to_be_wrong(seconds: int, kind: ErrorKind, said: str) -> None:
    """A refusal because of this machine's clock says by how much it is wrong, and which way."""
    exc = AnsweredError(403, "RequestTimeTooSkewed", date="Wed, 04 Mar 2026 12:00:00 GMT")
    now = Instant.parse("2026-03-04T12:00:00.000000Z").plus_seconds(seconds)
    error = refusal_of(exc, now=now).error("looking")

    assert kind is error.kind
    assert said in error.message


def test_no_answer_is_a_doubt() -> None:
    """A connection that ends without an answer is tried again, and leaves a doubt."""
    refusal = refusal_of(ConnectionResetError("cut"))

    assert (ErrorKind.STORAGE_UNREACHABLE, True, True) == (
        refusal.kind,
        refusal.retry,
        refusal.doubtful,
    )


def test_a_wrong_certificate_is_not_tried_again() -> None:
    """No attempt mends a certificate that does not verify."""
    refusal = refusal_of(OSError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed"))

    assert (ErrorKind.STORAGE_UNREACHABLE, False) == (refusal.kind, refusal.retry)


def test_absence_is_told_from_a_missing_bucket() -> None:
    """A missing key is absent, a missing bucket is not; a marker is seen in the headers."""
    marker = refusal_of(AnsweredError(404, "404", **{"x-amz-delete-marker": "true"}))

    assert (True, True) == (marker.absent, marker.marker)
    assert not refusal_of(AnsweredError(404, "NoSuchBucket")).absent
    assert refusal_of(AnsweredError(412, "PreconditionFailed")).taken
