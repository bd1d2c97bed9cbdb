"""Backends over the real service, as the tests of this folder open them."""

import uuid
from collections.abc import Sequence
from contextlib import ExitStack

from bwcstore import Store
from bwcstore._places import Access, make_root, make_vaults, place_of
from bwcstore._ports import Environment
from bwcstore._session._begin import Settings, make_vault
from bwcstore._system import SystemClock, SystemEntropy, system_environment
from bwcstore.storage._keysource import KeySource
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


def begin_store(
    url: str,
    *,
    key: KeySource,
    vaults: Sequence[str],
    claims: str | None,
    s3: S3Options,
    settings: Settings,
    environment: Environment | None = None,
) -> None:
    """A new store whose first actor is `chief`, in a bucket that nobody tried out: it says so."""
    world = environment or system_environment()
    access = Access(environment=world, options=s3)
    with ExitStack() as stack:
        evidence = make_root(place_of(url), access, claims=claims)
        stack.callback(evidence.close)
        replicas = make_vaults([place_of(one) for one in vaults], access)
        for one in replicas:
            stack.callback(one.close)
        vault = make_vault(replicas, key, world)
        Store.create_on(
            evidence,
            vault,
            store_id=vault.store_id,
            actor="chief",
            environment=world,
            settings=settings,
        ).close()
