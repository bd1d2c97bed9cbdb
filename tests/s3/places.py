"""Backends over the real service, as the tests of this folder open them."""

import uuid

from bwcstore._system import SystemClock, SystemEntropy
from bwcstore.storage._s3 import S3Backend
from bwcstore.storage._s3_options import PART_BYTES_MIN, S3Options
from tests.integration.s3_service import S3Service


def options(service: S3Service, endpoint: str, **more: float) -> S3Options:
    """How the service is reached by tests, which wait for nothing long."""
    return S3Options(
        endpoint_url=endpoint,
        region="us-east-1",
        access_key_id=service.key_id,
        secret_access_key=service.secret,
        deadline_seconds=more.get("deadline_seconds", 20.0),
        part_bytes=PART_BYTES_MIN,
        upload_seconds_max=more.get("upload_seconds_max", 86_400.0),
    )


def open_bucket(service: S3Service, bucket: str, endpoint: str, **more: float) -> S3Backend:
    """A fresh prefix of a bucket, with odd characters in it."""
    return S3Backend(
        f"s3://{bucket}/a b+c%2F&=ü/{uuid.uuid4()}",
        clock=SystemClock(),
        entropy=SystemEntropy(),
        options=options(service, endpoint, **more),
    )
