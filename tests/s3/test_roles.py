"""Six roles with credentials of their own: what the service does for each, and what it refuses."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from botocore.exceptions import ClientError

from bwcstore._system import SystemEntropy
from bwcstore._values import Locking, LockMode
from bwcstore.storage._iam import StorageAreas, StorageRole, bucket_policies
from tests.integration.s3_service import S3Service
from tests.s3.staging import Stage, stage_on

INGEST, READER, PURGER, AUDITOR, CUSTODIAN, KEEPER = StorageRole
ACTING: Final = frozenset(StorageRole) - {AUDITOR}
NOBODY: Final = frozenset[StorageRole]()
ALL: Final = frozenset(StorageRole)
SEGMENT: Final = "objects/0190163d-8694-7000-8000-0000000000aa/00000000"
MANIFEST: Final = f"objects/0190163d-8694-7000-8000-0000000000aa/manifest-{'0' * 64}"
BATCH: Final = "ledger/0/batch/000000000009"


@pytest.fixture(scope="module")
def stage(s3_server: S3Service) -> Iterator[Stage]:
    """Buckets without a store."""
    found = stage_on(s3_server)
    with found.clients:
        found.guard()
        yield found


# --- What each role may do, operation by operation ---------------------------------------------


def _day(days: float) -> datetime:
    return (datetime.now(UTC) + timedelta(days=days)).replace(microsecond=0)


def _lock(days: float, mode: str = "COMPLIANCE") -> dict[str, object]:
    return {"ObjectLockMode": mode, "ObjectLockRetainUntilDate": _day(days)}


def create(name: str, *, days: float = 400) -> Callable[[Stage, Any], object]:
    """Create something with its lock."""
    return lambda stage, client: client.put_object(
        Bucket=stage.evidence,
        Key=f"evidence/{SystemEntropy().take(4).hex().join(name.rsplit('*', 1))}",
        Body=b"x",
        **_lock(days),
    )


def get(name: str) -> Callable[[Stage, Any], object]:
    """Read something."""

    def do(stage: Stage, client: Any) -> object:
        stage.put(name)
        return client.get_object(Bucket=stage.evidence, Key=f"evidence/{name}")

    return do


def get_version(name: str) -> Callable[[Stage, Any], object]:
    """Read a version by its id."""

    def do(stage: Stage, client: Any) -> object:
        version = stage.put(name)
        return client.get_object(Bucket=stage.evidence, Key=f"evidence/{name}", VersionId=version)

    return do


def delete_version(name: str, *, mode: str | None = None) -> Callable[[Stage, Any], object]:
    """Delete a version, going round its lock where there is one."""

    def do(stage: Stage, client: Any) -> object:
        version = stage.put(name, **(_lock(1, mode) if mode else {}))
        bypass = {"BypassGovernanceRetention": True} if mode else {}
        return client.delete_object(
            Bucket=stage.evidence, Key=f"evidence/{name}", VersionId=version, **bypass
        )

    return do


def mark(name: str) -> Callable[[Stage, Any], object]:
    """Cover something with a delete marker."""

    def do(stage: Stage, client: Any) -> object:
        stage.put(name)
        return client.delete_object(Bucket=stage.evidence, Key=f"evidence/{name}")

    return do


def retain(days: float) -> Callable[[Stage, Any], object]:
    """Change a lock of two days."""

    def do(stage: Stage, client: Any) -> object:
        version = stage.put(SEGMENT, **_lock(2))
        return client.put_object_retention(
            Bucket=stage.evidence,
            Key=f"evidence/{SEGMENT}",
            VersionId=version,
            Retention={"Mode": "COMPLIANCE", "RetainUntilDate": _day(days)},
        )

    return do


def lift_hold(stage: Stage, client: Any) -> object:
    """Take a legal hold off."""
    version = stage.put(SEGMENT, ObjectLockLegalHoldStatus="ON")
    return client.put_object_legal_hold(
        Bucket=stage.evidence,
        Key=f"evidence/{SEGMENT}",
        VersionId=version,
        LegalHold={"Status": "OFF"},
    )


def on_its_own(name: str, operation: str, **arguments: object) -> Callable[[Stage, Any], object]:
    """Store something, and then do something to it: whoever stores may own it."""

    def do(stage: Stage, client: Any) -> object:
        key = f"evidence/{SystemEntropy().take(4).hex().join(name.rsplit('*', 1))}"
        client.put_object(Bucket=stage.evidence, Key=key, Body=b"x", **_lock(400))
        return getattr(client, operation)(Bucket=stage.evidence, Key=key, **arguments)

    return do


def look(name: str, operation: str) -> Callable[[Stage, Any], object]:
    """Ask for a lock of something that is locked and held."""

    def do(stage: Stage, client: Any) -> object:
        version = stage.put(name, **_lock(1), ObjectLockLegalHoldStatus="ON")
        key = f"evidence/{name}"
        return getattr(client, operation)(Bucket=stage.evidence, Key=key, VersionId=version)

    return do


def abort(stage: Stage, client: Any) -> object:
    """Abort an upload that somebody else has under way."""
    where = {"Bucket": stage.evidence, "Key": f"evidence/{SEGMENT}"}
    upload = stage.client(stage.owner).create_multipart_upload(**where)["UploadId"]
    return client.abort_multipart_upload(**where, UploadId=upload)


def beside(operation: str, key: str) -> Callable[[Stage, Any], object]:
    """Do something to what lies beside the evidence."""

    def do(stage: Stage, client: Any) -> object:
        stage.beside_put(key)
        return getattr(client, operation)(Bucket=stage.beside, Key=key)

    return do


def configure(operation: str, **arguments: object) -> Callable[[Stage, Any], object]:
    """Change the bucket of the evidence."""
    return lambda stage, client: getattr(client, operation)(Bucket=stage.evidence, **arguments)


EXPIRY: Final = {"ID": "x", "Status": "Enabled", "Prefix": "", "Expiration": {"Days": 1}}
ENCRYPTED: Final = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
LOCKS: Final = {"ObjectLockEnabled": "Enabled"}

OPERATIONS: Final[Mapping[str, tuple[Callable[[Stage, Any], object], frozenset[StorageRole]]]] = {
    "create a segment": (create("objects/*/00000000"), frozenset({INGEST})),
    "create a manifest": (create("objects/*/manifest-0"), frozenset({INGEST})),
    "create a batch": (create("ledger/0/batch/*"), ACTING),
    "create an annex": (create("annex/*"), ACTING),
    "create outside": (create("elsewhere/*"), NOBODY),
    "read a batch": (get(BATCH), ALL),
    "read a manifest": (get(MANIFEST), ALL),
    "read a segment": (get(SEGMENT), frozenset({READER, AUDITOR})),
    "read a segment's version": (
        get_version(SEGMENT),
        frozenset({READER, AUDITOR, PURGER, KEEPER}),
    ),
    "delete a segment's version": (delete_version(SEGMENT), frozenset({PURGER})),
    "delete a manifest's version": (delete_version(MANIFEST), NOBODY),
    "delete a batch's version": (delete_version(BATCH), NOBODY),
    "go round a lock": (delete_version(SEGMENT, mode="GOVERNANCE"), NOBODY),
    "cover a segment": (mark(SEGMENT), NOBODY),
    "cover a batch": (mark(BATCH), NOBODY),
    "shorten a lock": (retain(1), NOBODY),
    "lengthen a lock": (retain(3), frozenset({INGEST, KEEPER})),
    "lift a legal hold": (lift_hold, frozenset({KEEPER})),
    "look at a segment's lock": (
        look(SEGMENT, "get_object_retention"),
        ALL - {CUSTODIAN},
    ),
    "look at a segment's hold": (
        look(SEGMENT, "get_object_legal_hold"),
        frozenset({READER, PURGER, AUDITOR, KEEPER}),
    ),
    "look at a batch's lock": (look(BATCH, "get_object_retention"), ALL),
    "look at a batch's hold": (look(BATCH, "get_object_legal_hold"), ALL),
    "hold its own segment": (
        on_its_own("objects/*/00000000", "put_object_legal_hold", LegalHold={"Status": "ON"}),
        NOBODY,
    ),
    "read its own segment": (on_its_own("objects/*/00000000", "get_object"), NOBODY),
    "read its own batch": (on_its_own("ledger/0/batch/*", "get_object"), ACTING),
    "open its own batch to all": (
        on_its_own("ledger/0/batch/*", "put_object_acl", ACL="public-read"),
        NOBODY,
    ),
    "abort another's upload": (abort, frozenset({PURGER})),
    "read a key": (beside("get_object", "keys/keys/1/x"), ACTING),
    "destroy a key": (beside("delete_object", "keys/keys/1/x"), frozenset({PURGER, CUSTODIAN})),
    "read a remembered head": (beside("get_object", "keys/notes/head/1"), ALL),
    "destroy a remembered head": (beside("delete_object", "keys/notes/head/1"), ACTING),
    "read a claim": (beside("get_object", "claims/ledger/0/batch/1"), ALL),
    "delete a claim": (beside("delete_object", "claims/ledger/0/batch/1"), NOBODY),
    "suspend versions": (
        configure("put_bucket_versioning", VersioningConfiguration={"Status": "Suspended"}),
        NOBODY,
    ),
    "let evidence expire": (
        configure("put_bucket_lifecycle_configuration", LifecycleConfiguration={"Rules": [EXPIRY]}),
        NOBODY,
    ),
    "change the bucket's lock": (
        configure("put_object_lock_configuration", ObjectLockConfiguration=LOCKS),
        NOBODY,
    ),
    "encrypt with a key of one's own": (
        configure("put_bucket_encryption", ServerSideEncryptionConfiguration=ENCRYPTED),
        NOBODY,
    ),
    "open the bucket to all": (configure("delete_public_access_block"), NOBODY),
    "take the policy away": (configure("delete_bucket_policy"), NOBODY),
    "delete the bucket": (configure("delete_bucket"), NOBODY),
}


@pytest.mark.parametrize("role", StorageRole, ids=lambda role: role.value)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_role_may_do_its_work_and_nothing_else(
    stage: Stage, role: StorageRole, operation: str
) -> None:
    """Each operation is made as the role; the service refuses it to all that it is not for."""
    do, allowed = OPERATIONS[operation]
    try:
        do(stage, stage.client(stage.users[role]))
    except ClientError as exc:
        answer = exc.response["ResponseMetadata"]["HTTPStatusCode"]
    else:
        answer = 200

    assert (200 if role in allowed else 403) == answer


OWNER: Final = {
    name: OPERATIONS[name][0]
    for name in (
        "delete a batch's version",
        "delete a manifest's version",
        "cover a segment",
        "go round a lock",
        "delete a claim",
        "suspend versions",
        "let evidence expire",
        "change the bucket's lock",
        "open its own batch to all",
        "encrypt with a key of one's own",
        "open the bucket to all",
    )
}


@pytest.mark.parametrize("operation", OWNER)
def test_the_owner_of_the_buckets_is_bound_too(stage: Stage, operation: str) -> None:
    """What nobody may do is refused to whoever may do everything."""
    with pytest.raises(ClientError) as caught:
        OWNER[operation](stage, stage.client(stage.owner))

    assert 403 == caught.value.response["ResponseMetadata"]["HTTPStatusCode"]


def test_every_policy_is_accepted(stage: Stage, s3_server: S3Service) -> None:
    """The service takes what is printed, with an administrator too, and gives it back."""
    plain = s3_server.make_plain_bucket()
    areas = StorageAreas(
        evidence=f"s3://{s3_server.make_locked_bucket()}/evidence",
        vaults=(f"s3://{plain}/keys",),
        claims=f"s3://{plain}/claims",
    )
    arns = {role: user.arn for role, user in stage.users.items()}
    client = stage.client(stage.owner)
    printed, found = [], []
    for mode in LockMode:
        policies = bucket_policies(
            areas, arns, locking=Locking(mode=mode), administrator="arn:aws:iam:::user/chief"
        )
        for bucket, policy in policies.items():
            client.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
            printed.append(policy)
            found.append(json.loads(client.get_bucket_policy(Bucket=bucket)["Policy"]))

    assert printed == found
