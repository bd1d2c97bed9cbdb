"""Policies of IAM: what each template becomes, and what is refused."""

import json
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, Final, cast

import attrs
import pytest

from bwcstore._values import Locking, LockMode
from bwcstore.errors import ErrorKind, InvalidInputError
from bwcstore.storage import StorageAreas, StorageRole, bucket_policies, identity_policy

AREAS: Final = StorageAreas(
    evidence="s3://evidence/bwc",
    vaults=("s3://keys/one", "s3://spare/two"),
    claims="s3://keys/claims",
)
ARNS: Final = {role: f"arn:aws:iam::123456789012:role/{role.value}" for role in StorageRole}
BYTES_MAX: Final = {"identity": 6_144, "bucket": 20_480}


def statements(policy: Mapping[str, object]) -> list[dict[str, Any]]:
    """The statements of a policy."""
    return cast("list[dict[str, Any]]", policy["Statement"])


def strings(value: object) -> Iterator[str]:
    """Every text in a document."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from strings(one)
    elif isinstance(value, list):
        for one in value:
            yield from strings(one)


def allows(role: StorageRole, action: str, resource: str) -> bool:
    """Whether the policy of a role allows something, as IAM reads it."""
    effects = {
        one["Effect"]
        for one in statements(identity_policy(role, AREAS))
        if f"s3:{action}" in one["Action"]
        and any(fnmatchcase(resource, pattern) for pattern in one["Resource"])
    }
    return effects == {"Allow"}


def every_policy() -> Iterator[tuple[str, Mapping[str, object]]]:
    """All that can be printed for one store."""
    for role in StorageRole:
        yield "identity", identity_policy(role, AREAS)
    nobody: dict[StorageRole, str] = {}
    for principals in (nobody, ARNS):
        for mode in LockMode:
            locking = Locking(mode=mode)
            for policy in bucket_policies(AREAS, principals, locking=locking).values():
                yield "bucket", policy


def test_everything_is_filled_in_and_fits() -> None:
    """No placeholder is left, every statement has a name of its own, and the limits of AWS hold."""
    for kind, policy in every_policy():
        names = [one["Sid"] for one in statements(policy)]

        assert not [text for text in strings(policy) if "$" in text]
        assert all(name.isalnum() for name in names)
        assert len(set(names)) == len(names)
        assert len(json.dumps(policy, separators=(",", ":"))) <= BYTES_MAX[kind]


@pytest.mark.parametrize("role", StorageRole)
def test_no_role_may_what_nobody_may(role: StorageRole) -> None:
    """Nothing allows changing a bucket or its policy, going round a lock, or markers."""
    actions = {
        action
        for one in statements(identity_policy(role, AREAS))
        if one["Effect"] == "Allow"
        for action in one["Action"]
    }

    assert not [one for one in actions if one.startswith(("s3:PutBucket", "s3:DeleteBucket"))]
    assert not actions & {"s3:*", "s3:BypassGovernanceRetention", "s3:PutLifecycleConfiguration"}
    assert not allows(role, "DeleteObject", "arn:aws:s3:::evidence/bwc/objects/a/00000000")


@pytest.mark.parametrize(
    ("action", "name", "roles"),
    [
        ("DeleteObjectVersion", "evidence/bwc/objects/a/00000000", {StorageRole.PURGER}),
        ("DeleteObjectVersion", f"evidence/bwc/objects/a/manifest-{'0' * 64}", set()),
        ("DeleteObjectVersion", "evidence/other/objects/a/00000000", set()),
        ("GetObject", "evidence/bwc/objects/a/00000000", {StorageRole.READER, StorageRole.AUDITOR}),
        ("GetObject", "keys/one/keys/1/x", set(StorageRole) - {StorageRole.AUDITOR}),
        ("GetObject", "spare/two/keys/1/x", set(StorageRole) - {StorageRole.AUDITOR}),
        ("PutObject", "keys/claims/ledger/0/batch/1", set(StorageRole) - {StorageRole.AUDITOR}),
        ("PutObjectLegalHold", "evidence/bwc/objects/a/00000000", {StorageRole.LOCK_KEEPER}),
    ],
)
def test_the_work_of_each_role(action: str, name: str, roles: set[StorageRole]) -> None:
    """Each operation is allowed to those whose work it is, in every bucket that it concerns."""
    resource = f"arn:aws:s3:::{name}"

    assert roles == {role for role in StorageRole if allows(role, action, resource)}


def test_deletion_is_denied_to_all_but_the_purger() -> None:
    """The purger is spared by name; where nobody is, deletion is denied to everybody."""
    found = []
    for principals in (ARNS, {}):
        policy = bucket_policies(AREAS, principals)["evidence"]
        (one,) = (one for one in statements(policy) if one["Sid"].startswith("DeletionByThe"))
        found.append(one.get("Condition"))

    assert [
        {"ArnNotEquals": {"aws:PrincipalArn": [ARNS[StorageRole.PURGER]]}},
        None,
    ] == found


@pytest.mark.parametrize(("mode", "count"), [(LockMode.COMPLIANCE, 3), (LockMode.NONE, 0)])
def test_locks_are_asked_for_where_the_store_asks_for_them(mode: LockMode, count: int) -> None:
    """Records without their lock, or with too short or too long a lock, are refused."""
    policy = bucket_policies(AREAS, {}, locking=Locking(mode=mode, record_days=30, max_days=90))
    conditions = json.dumps([one.get("Condition") for one in statements(policy["evidence"])])

    assert count == conditions.count("s3:object-lock-")
    assert (mode is LockMode.COMPLIANCE) == ('"29"' in conditions and '"91"' in conditions)


@pytest.mark.parametrize(
    "areas",
    [
        attrs.evolve(AREAS, evidence="/var/evidence"),
        attrs.evolve(AREAS, claims="s3://keys/cl*ms"),
        attrs.evolve(AREAS, vaults=("s3://keys/${aws:username}",)),
        attrs.evolve(AREAS, partition='aws"'),
    ],
)
def test_what_iam_would_misread_is_refused(areas: StorageAreas) -> None:
    """A disk, a pattern, a variable and an unknown partition make no policy."""
    with pytest.raises(InvalidInputError) as identity:
        identity_policy(StorageRole.READER, areas)
    with pytest.raises(InvalidInputError) as bucket:
        bucket_policies(areas, {})

    assert ErrorKind.ARGUMENT_INVALID is identity.value.kind is bucket.value.kind


@pytest.mark.parametrize("arn", ["*", "arn:aws:iam::123456789012:root", "somebody"])
def test_a_role_is_had_by_one_user_or_role(arn: str) -> None:
    """Everybody, an account and a mere name are no principals."""
    with pytest.raises(InvalidInputError) as caught:
        bucket_policies(AREAS, {StorageRole.PURGER: arn})

    assert ErrorKind.ARGUMENT_INVALID is caught.value.kind
