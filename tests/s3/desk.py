"""A store in a bucket whose recordings are due, and the administrator of the bucket."""

import io
import time
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from bwcstore import Policy, Role, Session, Store, VerifierKey, verify_certificate
from bwcstore._system import SystemClock
from bwcstore._values import ActId, Locking, LockMode, ObjectId
from bwcstore.testing import SimClock
from tests.s3.ground import SEGMENT_BYTES, Ground, footage
from tests.simulation.agency_memory import AGENCY, ORDINARY, PACK

DAYS = 86_400
AGO = 200 * DAYS
# So that the tests can be the custodian's administrator, and end a lock.
GOVERNANCE = Locking(mode=LockMode.GOVERNANCE, record_days=1)
SHORTLY = 2


class Desk:
    """A store whose recordings were made long ago and are due, and its bucket seen from outside."""

    def __init__(self, ground: Ground, client: Any) -> None:
        self.ground = ground
        self.client = client
        self.made: list[ObjectId] = []

    def begin(self, count: int, length_bytes: int = SEGMENT_BYTES + 1) -> SimClock:
        """Create the store, long ago; returns the clock of that time."""
        clock = SimClock(SystemClock().now().plus_seconds(-AGO))
        self.ground.begin(GOVERNANCE, clock)
        with (
            self.ground.open(clock) as store,
            store.session(actor="chief", reason="by the book") as session,
        ):
            session.adopt_law(PACK, AGENCY)
            session.set_policy(Policy(clock_hours=24 * 365, brake_objects=1_000, large_objects=999))
            for name in ("ann", "bob"):
                session.enrol(name, roles=[Role.RECORDS])
            for seed in range(count):
                made = session.ingest(io.BytesIO(footage(length_bytes, seed))).object_id
                session.assert_facts(ORDINARY, object_id=made)
                self.made.append(made)
        return clock

    def act(self, store: Store, name: str = "ann") -> Session:
        """A session of one of those who may destroy."""
        return store.session(actor=name, reason="by the book")

    def approve(self, store: Store) -> ActId:
        """A plan for everything that is due, approved."""
        with self.act(store) as session:
            plan = session.plan_purge()
            act = session.propose_purge(plan)
        with self.act(store, "bob") as session:
            session.approve_purge(act, plan_sha256=plan.digest)
        return act

    # --- The administrator of the bucket ---------------------------------------------------------

    def _key(self, name: str) -> dict[str, str]:
        return {"Bucket": self.ground.locked, "Key": f"evidence/{name}"}

    def segments(self, object_id: ObjectId) -> list[str]:
        """The names of a recording's segments of which anything is there."""
        return sorted({name for name, _, _ in self.left(object_id)})

    def left(self, object_id: ObjectId) -> list[tuple[str, str, bool]]:
        """Every version and marker of a recording's segments: name, id, whether it is a marker."""
        answer = self.client.list_object_versions(
            Bucket=self.ground.locked, Prefix=f"evidence/objects/{object_id}/0"
        )
        found = [(one, False) for one in answer.get("Versions", [])]
        found += [(one, True) for one in answer.get("DeleteMarkers", [])]
        return [
            (one["Key"].removeprefix("evidence/"), one["VersionId"], marker)
            for one, marker in found
        ]

    def retain(self, seconds: float, *objects: ObjectId) -> None:
        """Let the locks of recordings end in some seconds."""
        end = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=seconds)
        for object_id in objects:
            for name, version, marker in self.left(object_id):
                if not marker:
                    self.client.put_object_retention(
                        **self._key(name),
                        VersionId=version,
                        Retention={"Mode": "GOVERNANCE", "RetainUntilDate": end},
                        BypassGovernanceRetention=True,
                    )

    def unlock(self, *objects: ObjectId) -> None:
        """End the locks of recordings."""
        self.retain(SHORTLY, *objects)
        time.sleep(SHORTLY)

    def hold(self, name: str, version: str, status: str) -> None:
        """Put the legal hold of one version on or off."""
        self.client.put_object_legal_hold(
            **self._key(name), VersionId=version, LegalHold={"Status": status}
        )

    def put(self, name: str, data: bytes) -> str:
        """Put a newer version over a name."""
        return str(self.client.put_object(**self._key(name), Body=data)["VersionId"])

    def mark(self, name: str) -> str:
        """Put a delete marker over a name."""
        return str(self.client.delete_object(**self._key(name))["VersionId"])

    def begin_upload(self, name: str) -> str:
        """Begin an upload that nobody will end."""
        upload = self.client.create_multipart_upload(**self._key(name))["UploadId"]
        self.client.upload_part(
            **self._key(name), UploadId=upload, PartNumber=1, Body=b"evidence that nobody knows of"
        )
        return str(upload)

    def uploads(self) -> list[str]:
        """The names under which uploads are under way."""
        answer = self.client.list_multipart_uploads(Bucket=self.ground.locked)
        return [one["Key"].removeprefix("evidence/") for one in answer.get("Uploads", [])]


def outcomes(store: Store, object_id: ObjectId) -> list[tuple[str, str, str]]:
    """What the certificate of a recording says of each version, after it was checked."""
    verified = verify_certificate(
        store.certificate(object_id), key=VerifierKey.parse(store.verifier_key)
    )
    destruction = cast("dict[str, Any]", verified.statement["destruction"])
    listed = cast("list[dict[str, str]]", destruction["outcomes"])
    return sorted((one["name"], one["version"], one["outcome"]) for one in listed)
