"""The policies of buckets, read as IAM reads them: what their conditions allow and forbid."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import attrs
import pytest

from bwcstore._values import Locking, LockMode
from bwcstore.errors import ErrorKind, InvalidInputError
from bwcstore.storage import StorageAreas, StorageRole, bucket_policies, identity_policy
from tests.unit.storage.iam_rules import (
    ACTIONS,
    BUCKET_ACTIONS,
    GLOBAL_KEYS,
    conditions,
    is_allowed,
    is_denied,
    meant,
    statements,
)

AREAS: Final = StorageAreas(
    evidence="s3://evidence/bwc",
    vaults=("s3://keys/one", "s3://spare/two"),
    claims="s3://keys/claims",
)
ACCOUNT: Final = "arn:aws:iam::123456789012"
ARNS: Final = {role: f"{ACCOUNT}:role/{role.value}" for role in StorageRole}
CHIEF: Final = f"{ACCOUNT}:role/chief"
ROOT: Final = f"{ACCOUNT}:user/all-mighty"
INGEST, READER, PURGER, AUDITOR, CUSTODIAN, KEEPER = StorageRole
SEGMENT: Final = "evidence/bwc/objects/a/00000000"
MANIFEST: Final = f"evidence/bwc/objects/a/manifest-{'0' * 64}"
BATCH: Final = "evidence/bwc/ledger/0/batch/000000000001"
KEY: Final = "keys/one/keys/1/x"
CLAIM: Final = "keys/claims/ledger/0/batch/1"
LOCKING: Final = Locking(record_days=30, max_days=90)
NEW: Final = {"creates": "true", "if_none_match": "*"}
LOCKED: Final = {"object_lock_mode": "COMPLIANCE", "object_lock_remaining_retention_days": "30"}


@pytest.fixture(scope="module")
def policies() -> Mapping[str, Mapping[str, object]]:
    """The policies of a store that locks, with somebody in every role."""
    return bucket_policies(AREAS, ARNS, locking=LOCKING, administrator=CHIEF)


def every_statement() -> Iterator[dict[str, Any]]:
    """All statements that can be printed."""
    for role in StorageRole:
        yield from statements(identity_policy(role, AREAS))
    for policy in bucket_policies(AREAS, ARNS, administrator=CHIEF).values():
        yield from statements(policy)


# --- Each statement for itself -------------------------------------------------------------------


def test_every_action_is_known_and_means_something() -> None:
    """Each is an action of the service, or a pattern that takes in at least one."""
    found = {action for one in every_statement() for action in one["Action"]}

    assert not {action for action in found if "*" not in action} - set(ACTIONS)
    assert not [action for action in found if not meant({"Action": [action]})]


def test_every_action_meets_resources_of_its_own_kind() -> None:
    """Those of buckets are said of buckets, those of objects of keys; else they mean nothing."""
    for one in every_statement():
        if one["Action"] == ["s3:*"]:
            continue
        kinds = {"/" not in resource for resource in one["Resource"]}
        wanted = {action in BUCKET_ACTIONS for action in meant(one)}

        assert wanted == kinds, one["Sid"]


def test_every_condition_asks_for_what_its_actions_have() -> None:
    """A key that a request never has would let a denial never or always apply."""
    for one in every_statement():
        for _, key, _ in conditions(one):
            lacking = [name for name in meant(one) if key not in ACTIONS[name] | GLOBAL_KEYS]

            assert [] == lacking, one["Sid"]


# --- What the conditions do -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "name", "request_", "allowed"),
    [
        (INGEST, SEGMENT, NEW | LOCKED, True),
        (INGEST, SEGMENT, NEW, True),
        (INGEST, SEGMENT, {"creates": "false"} | LOCKED, True),
        (INGEST, SEGMENT, {"creates": "true"} | LOCKED, False),
        (INGEST, SEGMENT, {"creates": "true", "if_match": "x"} | LOCKED, False),
        (INGEST, MANIFEST, NEW | LOCKED, True),
        (INGEST, MANIFEST, NEW, False),
        (READER, BATCH, NEW | LOCKED, True),
        (READER, BATCH, LOCKED | {"creates": "true"}, False),
        (READER, BATCH, NEW | LOCKED | {"object_lock_mode": "GOVERNANCE"}, False),
        (READER, BATCH, NEW | LOCKED | {"object_lock_remaining_retention_days": "28"}, False),
        (READER, BATCH, NEW | LOCKED | {"object_lock_remaining_retention_days": "29"}, True),
        (READER, BATCH, NEW | LOCKED | {"object_lock_remaining_retention_days": "92"}, False),
        (READER, BATCH, NEW | LOCKED | {"tls": "false"}, False),
        (READER, CLAIM, NEW, True),
        (READER, CLAIM, {"creates": "true"}, False),
        (CUSTODIAN, KEY, NEW, True),
        (CUSTODIAN, KEY, {"creates": "true"}, False),
        (AUDITOR, BATCH, NEW | LOCKED, False),
    ],
)
def test_what_may_be_stored(
    policies: Mapping[str, Mapping[str, object]],
    role: StorageRole,
    name: str,
    request_: dict[str, str],
    allowed: bool,
) -> None:
    """A new name, over TLS, and a record under its lock; a part of an upload has no condition."""
    policy = policies[name.partition("/")[0]]

    assert allowed == is_allowed(policy, "PutObject", name, who=ARNS[role], **request_)


@pytest.mark.parametrize(
    ("role", "name", "days", "allowed"),
    [
        (KEEPER, SEGMENT, 1, True),
        (KEEPER, SEGMENT, 91, True),
        (KEEPER, SEGMENT, 92, False),
        (KEEPER, BATCH, 30, True),
        (KEEPER, BATCH, 28, False),
        (INGEST, SEGMENT, 91, True),
        (INGEST, SEGMENT, 92, False),
        (AUDITOR, SEGMENT, 30, False),
    ],
)
def test_what_may_be_locked(
    policies: Mapping[str, Mapping[str, object]],
    role: StorageRole,
    name: str,
    days: int,
    allowed: bool,
) -> None:
    """Never for longer than the store's cap, and a record never for less than its time."""
    found = is_allowed(
        policies["evidence"],
        "PutObjectRetention",
        name,
        who=ARNS[role],
        object_lock_mode="COMPLIANCE",
        object_lock_remaining_retention_days=str(days),
    )

    assert allowed == found


@pytest.mark.parametrize(
    ("action", "name", "spared"),
    [
        ("DeleteObjectVersion", SEGMENT, {ARNS[PURGER]}),
        ("DeleteObjectVersion", MANIFEST, set()),
        ("DeleteObjectVersion", BATCH, set()),
        ("DeleteObject", SEGMENT, set()),
        ("BypassGovernanceRetention", SEGMENT, set()),
        ("PutObjectLegalHold", SEGMENT, {ARNS[KEEPER]}),
        ("PutObjectAcl", SEGMENT, set()),
        ("PutObjectVersionAcl", BATCH, set()),
        ("DeleteObjectVersion", KEY, {ARNS[PURGER], ARNS[CUSTODIAN]}),
        ("DeleteObject", CLAIM, set()),
        ("PutEncryptionConfiguration", "evidence", set()),
        ("PutLifecycleConfiguration", "keys", set()),
        ("PutBucketPublicAccessBlock", "evidence", set()),
        ("PutBucketPolicy", "evidence", {CHIEF}),
        ("DeleteBucketPolicy", "evidence", {CHIEF}),
        ("PutBucketPolicy", "keys", {CHIEF}),
        ("PutBucketPolicy", "spare", {CHIEF}),
    ],
)
def test_who_is_spared_by_a_denial(
    policies: Mapping[str, Mapping[str, object]], action: str, name: str, spared: set[str]
) -> None:
    """Those whose work it is, and not whoever may do everything."""
    policy = policies[name.partition("/")[0]]
    everybody = {*ARNS.values(), CHIEF, ROOT}

    assert spared == {who for who in everybody if not is_denied(policy, action, name, who=who)}


def test_without_an_administrator_the_policies_are_not_fixed() -> None:
    """Nobody is named, and so nobody is shut out from replacing the policies."""
    policy = bucket_policies(AREAS, ARNS)["evidence"]

    assert not is_denied(policy, "PutBucketPolicy", "evidence", who=ROOT)
    assert not is_denied(policy, "DeleteBucketPolicy", "evidence", who=ROOT)


def test_a_store_that_locks_nothing_asks_for_no_locks() -> None:
    """Records are stored as they are."""
    unlocked = Locking(mode=LockMode.NONE)
    policy = bucket_policies(AREAS, ARNS, locking=unlocked)["evidence"]

    assert is_allowed(policy, "PutObject", BATCH, who=ARNS[READER], **NEW)


@pytest.mark.parametrize(
    ("areas", "administrator"),
    [
        (AREAS, ARNS[PURGER]),
        (AREAS, f"{ACCOUNT}:root"),
        (AREAS, "arn:aws-us-gov:iam::123456789012:role/chief"),
        (attrs.evolve(AREAS, partition="aws-us-gov"), None),
    ],
)
def test_principals_that_do_not_fit_are_refused(
    areas: StorageAreas, administrator: str | None
) -> None:
    """The administrator has no role in the store, and all are of the store's partition."""
    with pytest.raises(InvalidInputError) as caught:
        bucket_policies(areas, ARNS, administrator=administrator)

    assert ErrorKind.ARGUMENT_INVALID is caught.value.kind
