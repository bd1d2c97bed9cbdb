"""What IAM and Amazon S3 make of a policy, by their documentation: enough of it to try ours.

The table is that of the service authorization reference, for the actions that are used here: on
what each works, and the condition keys that a request for it has. A negated operator holds where
its key is absent, every other but `Null` does not.

- docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
- docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

LOCK_KEYS: Final = frozenset(
    {
        "s3:object-lock-mode",
        "s3:object-lock-remaining-retention-days",
        "s3:object-lock-retain-until-date",
    }
)
_PUT_KEYS: Final = LOCK_KEYS | {
    "s3:ObjectCreationOperation",
    "s3:if-match",
    "s3:if-none-match",
    "s3:object-lock-legal-hold",
}
_LISTING_KEYS: Final = frozenset({"s3:delimiter", "s3:max-keys", "s3:prefix"})
_NO_KEYS: Final = frozenset[str]()
GLOBAL_KEYS: Final = frozenset({"aws:PrincipalArn", "aws:SecureTransport"})

BUCKET_ACTIONS: Final[Mapping[str, frozenset[str]]] = {
    "s3:DeleteBucket": _NO_KEYS,
    "s3:DeleteBucketPolicy": _NO_KEYS,
    "s3:GetBucketObjectLockConfiguration": _NO_KEYS,
    "s3:GetBucketVersioning": _NO_KEYS,
    "s3:GetReplicationConfiguration": _NO_KEYS,
    "s3:ListBucket": _LISTING_KEYS,
    "s3:ListBucketMultipartUploads": _NO_KEYS,
    "s3:ListBucketVersions": _LISTING_KEYS,
    "s3:PutBucketAcl": _NO_KEYS,
    "s3:PutBucketObjectLockConfiguration": _NO_KEYS,
    "s3:PutBucketPolicy": _NO_KEYS,
    "s3:PutBucketPublicAccessBlock": _NO_KEYS,
    "s3:PutBucketVersioning": _NO_KEYS,
    "s3:PutEncryptionConfiguration": _NO_KEYS,
    "s3:PutLifecycleConfiguration": _NO_KEYS,
    "s3:PutReplicationConfiguration": _NO_KEYS,
}
OBJECT_ACTIONS: Final[Mapping[str, frozenset[str]]] = {
    "s3:AbortMultipartUpload": _NO_KEYS,
    "s3:BypassGovernanceRetention": LOCK_KEYS | {"s3:object-lock-legal-hold"},
    "s3:DeleteObject": _NO_KEYS,
    "s3:DeleteObjectVersion": frozenset({"s3:versionid"}),
    "s3:GetObject": frozenset({"s3:if-match", "s3:if-none-match"}),
    "s3:GetObjectLegalHold": _NO_KEYS,
    "s3:GetObjectRetention": _NO_KEYS,
    "s3:GetObjectVersion": frozenset({"s3:versionid"}),
    "s3:PutObject": _PUT_KEYS,
    "s3:PutObjectAcl": frozenset({"s3:x-amz-acl"}),
    "s3:PutObjectLegalHold": frozenset({"s3:object-lock-legal-hold"}),
    "s3:PutObjectRetention": LOCK_KEYS,
    "s3:PutObjectVersionAcl": frozenset({"s3:versionid", "s3:x-amz-acl"}),
}
ACTIONS: Final = {**BUCKET_ACTIONS, **OBJECT_ACTIONS}


def statements(policy: Mapping[str, object]) -> list[dict[str, Any]]:
    """The statements of a policy."""
    found: Any = policy["Statement"]
    return list(found)


def conditions(statement: Mapping[str, Any]) -> Iterator[tuple[str, str, list[str]]]:
    """The operator, the key and the values of every condition."""
    for operator, keys in statement.get("Condition", {}).items():
        for key, values in keys.items():
            yield operator, key, [values] if isinstance(values, str) else values


def meant(statement: Mapping[str, Any]) -> list[str]:
    """The actions that a statement is about, its patterns resolved; all of them for `s3:*`."""
    return [
        name
        for name in ACTIONS
        if any(fnmatchcase(name, pattern) for pattern in statement["Action"])
    ]


def is_allowed(
    policy: Mapping[str, object],
    action: str,
    resource: str,
    *,
    who: str,
    **request: str,
) -> bool:
    """Whether the policy of a bucket lets somebody do something, when nothing else allows it.

    Args:
        policy: that of the bucket.
        action: without its `s3:`.
        resource: the bucket, or the bucket and the key.
        who: the ARN of the user or role.
        request: the condition keys that it has, written with `_` for `-`, and without `s3:`.
    """
    return _effects(policy, action, resource, who, request) == {"Allow"}


def is_denied(
    policy: Mapping[str, object],
    action: str,
    resource: str,
    *,
    who: str,
    **request: str,
) -> bool:
    """Whether the policy of a bucket forbids something to somebody, whatever else allows it."""
    return "Deny" in _effects(policy, action, resource, who, request)


def _effects(
    policy: Mapping[str, object],
    action: str,
    resource: str,
    who: str,
    request: Mapping[str, str],
) -> set[str]:
    known = {f"s3:{key.replace('_', '-')}": value for key, value in request.items()}
    known["aws:SecureTransport"] = known.pop("s3:tls", "true")
    if "s3:creates" in known:
        known["s3:ObjectCreationOperation"] = known.pop("s3:creates")
    known["aws:PrincipalArn"] = who
    return {
        one["Effect"]
        for one in statements(policy)
        if one["Principal"] == "*" or who in one["Principal"]["AWS"]
        if f"s3:{action}" in meant(one)
        if any(fnmatchcase(f"arn:aws:s3:::{resource}", pattern) for pattern in one["Resource"])
        if all(
            _holds(operator, known.get(key), values) for operator, key, values in conditions(one)
        )
    }


def _holds(operator: str, found: str | None, values: list[str]) -> bool:
    if operator == "Null":
        return [str(found is None).lower()] == values
    if operator in ("StringNotEquals", "ArnNotEquals"):
        return found not in values
    if found is None:
        return False
    if operator == "StringLike":
        return any(fnmatchcase(found, value) for value in values)
    if operator == "Bool":
        return found in values
    if operator == "NumericLessThan":
        return float(found) < float(values[0])
    if operator == "NumericGreaterThan":
        return float(found) > float(values[0])
    raise AssertionError(operator)
