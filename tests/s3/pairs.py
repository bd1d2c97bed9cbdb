"""One prefix of a bucket, seen twice: through a proxy with faults, and directly."""

import itertools
import time
from collections.abc import Callable
from typing import Final

import attrs

from bwcstore._system import SystemClock, SystemEntropy
from bwcstore.errors import BwcStoreError
from bwcstore.storage._s3 import S3Backend
from tests.integration.s3_service import S3Service
from tests.s3.fault_proxy import FaultProxy
from tests.s3.places import options

_numbers: Final = itertools.count()


@attrs.frozen(kw_only=True)
class Pair:
    """One prefix, seen through the proxy and without it."""

    faulty: S3Backend
    direct: S3Backend
    proxy: FaultProxy

    def close(self) -> None:
        """Give the connections up."""
        self.faulty.close()
        self.direct.close()


def open_pair(
    service: S3Service,
    bucket: str,
    proxy: FaultProxy,
    *,
    deadline_seconds: float = 10.0,
    attempt_seconds: float = 5.0,
) -> Pair:
    """A fresh prefix; nothing but what comes later counts as seen by the proxy."""
    url = f"s3://{bucket}/f{next(_numbers)}-{time.monotonic_ns()}"
    hasty = attrs.evolve(
        options(service, proxy.endpoint, deadline_seconds=deadline_seconds),
        attempt_seconds=attempt_seconds,
    )
    patient = options(service, service.serial, deadline_seconds=30.0)
    faulty, direct = (
        S3Backend(url, clock=SystemClock(), entropy=SystemEntropy(), options=reach)
        for reach in (hasty, patient)
    )
    proxy.heal()
    return Pair(faulty=faulty, direct=direct, proxy=proxy)


def error_of(deed: Callable[[], object]) -> BwcStoreError | None:
    """The coded error of a deed; None where it succeeds."""
    try:
        deed()
    except BwcStoreError as exc:
        return exc
    return None
