"""Where a whole store lies in buckets, in a form that another process can be told."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import attrs

from bwcstore import KeyFile, Locking, Store
from bwcstore._ports import Backend, Clock, Environment
from bwcstore._session._begin import Settings
from bwcstore._system import SerialWorkers, SystemClock, SystemEntropy
from bwcstore.audit._report import Report
from bwcstore.audit._run import audit_store
from bwcstore.objects._segment import Geometry
from bwcstore.storage._s3 import S3Backend
from bwcstore.storage._s3_options import PART_BYTES_MIN, S3Options
from bwcstore.testing.backend_suite import pattern
from tests.integration.s3_service import REGION, S3Service
from tests.s3.places import begin_store

HERE = Path(__file__).parents[2]
CHUNK = 1 << 20
SEGMENT_CHUNKS = 6
SEGMENT_BYTES = CHUNK * SEGMENT_CHUNKS
PROTOCOLS = ("numbered", "claimed")
# The arguments of a process are everybody's to read.
TOLD = "BWC_TEST_GROUND"


@attrs.frozen(kw_only=True)
class Ground:
    """One store in buckets.

    Attributes:
        endpoint: the service: the one that takes requests one at a time, unless there are claims.
        key_id: the access key.
        secret: its secret.
        locked: the bucket of the evidence.
        plain: the bucket of keys and claims.
        claimed: whether there are claims.
        key_file: where the root key lies.
        deadline_seconds: how long one operation is tried.
        upload_seconds_max: how old an upload without a writer may be.
        segment_chunks: the chunks of a segment.
    """

    endpoint: str
    key_id: str
    secret: str = attrs.field(repr=False)
    locked: str
    plain: str
    claimed: bool
    key_file: str
    deadline_seconds: float = 20.0
    upload_seconds_max: float = 86_400.0
    segment_chunks: int = SEGMENT_CHUNKS

    @classmethod
    def lay(
        cls,
        service: S3Service,
        folder: Path,
        protocol: str = "numbered",
        *,
        upload_seconds_max: float = 86_400.0,
    ) -> Self:
        """New buckets and a new root key."""
        KeyFile.generate(folder / "store.key", SystemEntropy())
        claimed = protocol == "claimed"
        return cls(
            endpoint=service.parallel if claimed else service.serial,
            key_id=service.key_id,
            secret=service.secret,
            locked=service.make_locked_bucket(),
            plain=service.make_plain_bucket(),
            claimed=claimed,
            key_file=str(folder / "store.key"),
            upload_seconds_max=upload_seconds_max,
        )

    @classmethod
    def told(cls) -> Self:
        """What this process was told by the one that started it."""
        return cls(**json.loads(os.environ[TOLD]))

    def tell(self) -> str:
        """What another process has to know."""
        return json.dumps(attrs.asdict(self))

    @property
    def options(self) -> S3Options:
        """How the service is reached."""
        return S3Options(
            endpoint_url=self.endpoint,
            region=REGION,
            access_key_id=self.key_id,
            secret_access_key=self.secret,
            deadline_seconds=self.deadline_seconds,
            part_bytes=PART_BYTES_MIN,
            upload_seconds_max=self.upload_seconds_max,
        )

    @property
    def url(self) -> str:
        """Where the evidence lies."""
        return f"s3://{self.locked}/evidence"

    @property
    def _places(self) -> dict[str, Any]:
        claims = f"s3://{self.plain}/claims" if self.claimed else None
        return {
            "key": KeyFile(Path(self.key_file)),
            "vaults": [f"s3://{self.plain}/keys"],
            "claims": claims,
            "s3": self.options,
        }

    def create(self, locking: Locking | None = None, clock: Clock | None = None) -> Store:
        """A new store of small chunks, whose first actor is `chief`."""
        return Store.create(
            self.url,
            actor="chief",
            chunk_bytes=CHUNK,
            segment_chunks=self.segment_chunks,
            signed_kinds=(),
            locking=locking,
            environment=_at(clock),
            **self._places,
        )

    def begin(self, locking: Locking | None = None, clock: Clock | None = None) -> None:
        """As `create`, and closed again, on storage that nobody tried out: the store says so."""
        settings = Settings(
            geometry=Geometry(chunk_bytes=CHUNK, segment_chunks=self.segment_chunks),
            signed_kinds=frozenset(),
            locking=locking or Locking(),
            protocol="claimed" if self.claimed else "numbered",
        )
        begin_store(self.url, settings=settings, environment=_at(clock), **self._places)

    def open(self, clock: Clock | None = None) -> Store:
        """The store as the next process finds it."""
        return Store.open(self.url, environment=_at(clock), **self._places)

    def bucket(self, place: str) -> S3Backend:
        """One of its places, `evidence`, `keys` or `claims`, without the store."""
        bucket = self.locked if place == "evidence" else self.plain
        return S3Backend(
            f"s3://{bucket}/{place}",
            clock=SystemClock(),
            entropy=SystemEntropy(),
            options=self.options,
        )

    def audit(self, expect: Sequence[bytes] = ()) -> tuple[Report, Report]:
        """What an auditor says who has the keys, and one who has not."""
        with self.open() as store:
            backend: Backend = store._services.backend
            return (
                audit_store(backend, vault=store.vault, expect=expect),
                audit_store(backend, expect=expect),
            )

    def check(self, expect: Sequence[bytes] = ()) -> None:
        """Nothing is wrong with the store, and everything that is expected is there."""
        for report in self.audit(expect):
            assert [] == [(one.code, one.message) for one in report.errors]
            assert report.complete

    def start(self, child: str, *arguments: object) -> "subprocess.Popen[bytes]":
        """Start a process that runs one function of `children` on this store."""
        return subprocess.Popen(
            [sys.executable, "-m", "tests.s3.children", child, *map(str, arguments)],
            cwd=HERE,
            env={
                **os.environ,
                "PYTHONPATH": f"{HERE / 'src'}{os.pathsep}{HERE}",
                TOLD: self.tell(),
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )


def _at(clock: Clock | None) -> Environment | None:
    if clock is None:
        return None
    return Environment(clock=clock, entropy=SystemEntropy(), workers=SerialWorkers())


def footage(length_bytes: int, seed: int = 0) -> bytes:
    """A recording."""
    return pattern(length_bytes, seed=seed)
