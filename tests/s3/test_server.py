"""The server itself: whether it may be a witness for what the store says of locks and of races."""

import base64
import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.s3_service import S3Service

RACERS = 8
ROUNDS = 5
BODY = b"frames"
DAY = timedelta(days=1)


def _in_days(count: int) -> datetime:
    return datetime.now(UTC).replace(microsecond=0) + count * DAY


def _status(call: Callable[..., Any], **arguments: object) -> int:
    """The HTTP status of a call, refused or not."""
    try:
        answer = call(**arguments)
    except ClientError as exc:
        answer = exc.response
    return int(answer["ResponseMetadata"]["HTTPStatusCode"])


def _race(client: Any, *, bucket: str, key: str) -> list[int]:
    """What each of several writers of one name is told, sorted."""
    barrier = Barrier(RACERS)

    def write(racer: int) -> int:
        barrier.wait()
        return _status(
            client.put_object, Bucket=bucket, Key=key, Body=b"%d" % racer, IfNoneMatch="*"
        )

    with ThreadPoolExecutor(RACERS) as pool:
        return sorted(pool.map(write, range(RACERS)))


@pytest.fixture(params=["parallel", "serial"])
def gateway(request: pytest.FixtureRequest, s3_server: S3Service) -> Iterator[Any]:
    """A client of each endpoint in turn."""
    with closing(s3_server.client(getattr(s3_server, request.param))) as client:
        yield client


@pytest.fixture
def evidence(s3_client: Any, locked_bucket: str) -> dict[str, str]:
    """The one version of an object that is locked for ten days, in compliance mode."""
    answer = s3_client.put_object(
        Bucket=locked_bucket,
        Key="evidence",
        Body=BODY,
        ObjectLockMode="COMPLIANCE",
        ObjectLockRetainUntilDate=_in_days(10),
        ChecksumAlgorithm="SHA256",
    )
    return {"Bucket": locked_bucket, "Key": "evidence", "VersionId": answer["VersionId"]}


def test_one_racer_creates_a_name(gateway: Any, plain_bucket: str) -> None:
    """Without versions, one of the writers that ask for a new name wins, on both endpoints."""
    told = [_race(gateway, bucket=plain_bucket, key=f"name-{n}") for n in range(ROUNDS)]

    assert ROUNDS * [[200, *(RACERS - 1) * [412]]] == told


def test_loser_changes_nothing(gateway: Any, plain_bucket: str) -> None:
    """A refused conditional write leaves the bytes that were there."""
    gateway.put_object(Bucket=plain_bucket, Key="name", Body=BODY)

    _race(gateway, bucket=plain_bucket, key="name")

    with closing(gateway.get_object(Bucket=plain_bucket, Key="name")["Body"]) as body:
        assert BODY == body.read()


def test_serial_racers_create_one_version(s3_server: S3Service, locked_bucket: str) -> None:
    """With versions, the serial endpoint lets one writer win; the other endpoint need not."""
    with closing(s3_server.client(s3_server.serial)) as client:
        told = [_race(client, bucket=locked_bucket, key=f"name-{n}") for n in range(ROUNDS)]

        listed = client.list_object_versions(Bucket=locked_bucket)["Versions"]

    assert ROUNDS * [[200, *(RACERS - 1) * [412]]] == told
    assert ROUNDS == len(listed)


def test_locked_version_stays(s3_client: Any, evidence: dict[str, str]) -> None:
    """A version under compliance retention is deleted by nobody, bypass or not."""
    assert 403 == _status(s3_client.delete_object, **evidence)
    assert 403 == _status(s3_client.delete_object, **evidence, BypassGovernanceRetention=True)

    with closing(s3_client.get_object(**evidence)["Body"]) as body:
        assert BODY == body.read()


def test_delete_by_name_hides_only(s3_client: Any, evidence: dict[str, str]) -> None:
    """Deleting a locked object by its name hides it; the version is still read by its id."""
    del_by_name = {name: evidence[name] for name in ("Bucket", "Key")}

    marker = s3_client.delete_object(**del_by_name)

    assert marker["DeleteMarker"]
    assert 404 == _status(s3_client.head_object, **del_by_name)
    assert 200 == _status(s3_client.head_object, **evidence)


def test_retention_is_not_shortened(s3_client: Any, evidence: dict[str, str]) -> None:
    """Compliance retention gets longer, never shorter, weaker or lost."""

    def retain(mode: str, days: int) -> int:
        retention = {"Mode": mode, "RetainUntilDate": _in_days(days)}
        return _status(
            s3_client.put_object_retention,
            **evidence,
            Retention=retention,
            BypassGovernanceRetention=True,
        )

    assert 403 == retain("COMPLIANCE", 9)
    assert 403 == retain("GOVERNANCE", 10)
    assert 200 == retain("COMPLIANCE", 20)
    assert 403 == retain("COMPLIANCE", 10)

    kept = s3_client.get_object_retention(**evidence)["Retention"]
    assert "COMPLIANCE" == kept["Mode"]
    assert _in_days(19) < kept["RetainUntilDate"] <= _in_days(20)


def test_legal_hold_keeps_until_lifted(s3_client: Any, locked_bucket: str) -> None:
    """A legal hold keeps a version that has no retention, until it is lifted."""
    answer = s3_client.put_object(
        Bucket=locked_bucket, Key="held", Body=BODY, ObjectLockLegalHoldStatus="ON"
    )
    version = {"Bucket": locked_bucket, "Key": "held", "VersionId": answer["VersionId"]}

    assert 403 == _status(s3_client.delete_object, **version)
    s3_client.put_object_legal_hold(**version, LegalHold={"Status": "OFF"})
    assert 204 == _status(s3_client.delete_object, **version)


def test_multipart_upload_is_locked(s3_client: Any, locked_bucket: str) -> None:
    """What is uploaded in parts has the lock that was asked for when the upload began."""
    until = _in_days(10)
    name = {"Bucket": locked_bucket, "Key": "parts"}
    upload = s3_client.create_multipart_upload(
        **name, ObjectLockMode="COMPLIANCE", ObjectLockRetainUntilDate=until
    )["UploadId"]
    part = s3_client.upload_part(**name, UploadId=upload, PartNumber=1, Body=BODY)

    done = s3_client.complete_multipart_upload(
        **name,
        UploadId=upload,
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]},
    )

    head = s3_client.head_object(**name, VersionId=done["VersionId"])
    assert ("COMPLIANCE", until) == (head["ObjectLockMode"], head["ObjectLockRetainUntilDate"])
    assert 403 == _status(s3_client.delete_object, **name, VersionId=done["VersionId"])


def test_wrong_checksum_is_refused(s3_client: Any, plain_bucket: str) -> None:
    """Bytes that are not those of the digest are not stored."""
    digest = base64.b64encode(hashlib.sha256(b"other").digest()).decode()

    told = _status(
        s3_client.put_object,
        Bucket=plain_bucket,
        Key="name",
        Body=BODY,
        ChecksumAlgorithm="SHA256",
        ChecksumSHA256=digest,
    )

    assert 400 == told
    assert 404 == _status(s3_client.head_object, Bucket=plain_bucket, Key="name")
