"""Buckets with the printed policies, users who have one role each, and a store among them.

The policies are applied as the policies of buckets. The real server knows no condition on locks, on
a principal's ARN or on TLS: what only those forbid is not tried with it.
"""

import json
from collections.abc import Mapping
from contextlib import ExitStack, closing
from typing import Any, Final

import attrs
import pytest

from bwcstore import Store
from bwcstore._ports import Environment
from bwcstore._session._session import Session
from bwcstore._system import SerialWorkers, SystemEntropy
from bwcstore._values import Instant, Locking, ObjectId
from bwcstore.storage._iam import StorageAreas, StorageRole, bucket_policies
from bwcstore.storage._keysource import KeyFile
from bwcstore.testing import SimClock
from tests.integration.s3_service import S3Service, UnavailableError
from tests.s3.places import options

INGESTED: Final = Instant.parse("2026-01-10T15:00:00.000000Z")
NOTHING: Final = ObjectId("00000000-0000-7000-8000-000000000000")
DUE: Final = Instant.parse("2026-06-10T15:00:00.000000Z")


@attrs.frozen(kw_only=True)
class Stage:
    """Buckets with their policies, and the service as each role reaches it."""

    evidence: str
    beside: str
    owner: S3Service
    users: Mapping[StorageRole, S3Service]
    clients: ExitStack = attrs.field(factory=ExitStack)
    _known: dict[str, Any] = attrs.field(factory=dict)

    def client(self, user: S3Service) -> Any:
        """A plain client of somebody, made once."""
        if user.key_id not in self._known:
            self._known[user.key_id] = self.clients.enter_context(closing(user.client()))
        return self._known[user.key_id]

    @property
    def areas(self) -> StorageAreas:
        """Where a store lies in them."""
        return StorageAreas(
            evidence=f"s3://{self.evidence}/evidence",
            vaults=(f"s3://{self.beside}/keys",),
            claims=f"s3://{self.beside}/claims",
        )

    def guard(self, locking: Locking | None = None) -> None:
        """Attach the policies."""
        arns = {role: user.arn for role, user in self.users.items()}
        client = self.client(self.owner)
        for bucket, policy in bucket_policies(self.areas, arns, locking=locking).items():
            client.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))

    def put(self, name: str, **lock: object) -> str:
        """Something of the owner's among the evidence; its version id."""
        made = self.client(self.owner).put_object(
            Bucket=self.evidence, Key=f"evidence/{name}", Body=b"x", **lock
        )
        return str(made["VersionId"])

    def beside_put(self, key: str) -> None:
        """Something of the owner's beside the evidence."""
        self.client(self.owner).put_object(Bucket=self.beside, Key=key, Body=b"x")


def stage_on(server: S3Service) -> Stage:
    """Fresh buckets and users."""
    try:
        users = {role: server.as_new_user() for role in StorageRole}
    except UnavailableError as exc:
        pytest.skip(str(exc))
    return Stage(
        evidence=server.make_locked_bucket(),
        beside=server.make_plain_bucket(),
        owner=server,
        users=users,
    )


@attrs.frozen(kw_only=True)
class Town:
    """A store with one recording that is due, and credentials for everybody."""

    stage: Stage
    key: KeyFile
    content: bytes
    recording: ObjectId = NOTHING

    def open(self, role: StorageRole, now: Instant = DUE) -> Store:
        """The store, with the credentials of a role."""
        areas = self.stage.areas
        user = self.stage.users[role]
        return Store.open(
            areas.evidence,
            key=self.key,
            vaults=areas.vaults,
            claims=areas.claims,
            s3=options(user, user.parallel),
            environment=at(now),
        )


def at(now: Instant) -> Environment:
    """A machine whose clock stands."""
    return Environment(clock=SimClock(now), entropy=SystemEntropy(), workers=SerialWorkers())


def acting(store: Store, name: str = "chief") -> Session:
    """A session of somebody."""
    return store.session(actor=name, reason="by the book", purpose="investigation")
