"""Who may do what in the buckets of a store: policies of IAM, filled in from templates.

Rules kept here:

- a role may do what its work takes and nothing else; what nobody may do is denied to everybody;
- what a template says of a place is said of every bucket that is such a place;
- a name that IAM would take for a pattern is refused, not quoted.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from importlib.resources import files
from string import Template
from typing import Final, cast

import attrs

from bwcstore._encoding import Json
from bwcstore._values import Locking, LockMode
from bwcstore.errors import ErrorKind, InvalidInputError
from bwcstore.storage._s3_options import S3Place

Statement = Mapping[str, Json]

_VERSION: Final = "2012-10-17"
_GUARD: Final = "guard"
_PATTERN: Final = re.compile(r"[*?$]")
_PARTITION: Final = re.compile(r"aws(?:-[a-z]+)*")
_PRINCIPAL: Final = re.compile(r"arn:aws[a-z-]*:iam::[0-9A-Za-z]*:(?:user|role)/[\w+=,.@/-]+")


class StorageRole(StrEnum):
    """What somebody does in the buckets of a store."""

    INGEST = "ingest"
    READER = "reader"
    PURGER = "purger"
    AUDITOR = "auditor"
    KEY_CUSTODIAN = "key-custodian"
    LOCK_KEEPER = "lock-keeper"


@attrs.frozen(kw_only=True)
class StorageAreas:
    """Where the parts of a store lie.

    Attributes:
        evidence: `s3://bucket/prefix` of the write-once area.
        vaults: those of the key vault's replicas that lie in buckets.
        claims: that of the claims, if there are any.
        partition: `aws`, or what stands for it where the account is, such as `aws-us-gov`.
    """

    evidence: str
    vaults: tuple[str, ...] = ()
    claims: str | None = None
    partition: str = "aws"

    def places(self) -> Iterator[tuple[str, S3Place]]:
        """The kind of every place, and the place.

        Raises:
            InvalidInputError: one of them is no bucket, IAM would read a pattern into it, or there
                is no such partition.
        """
        if not _PARTITION.fullmatch(self.partition):
            raise InvalidInputError(
                ErrorKind.ARGUMENT_INVALID, f"no partition of AWS: {self.partition!r:.40}"
            )
        claims = () if self.claims is None else (self.claims,)
        for kind, urls in (
            ("evidence", (self.evidence,)),
            ("claims", claims),
            ("vault", self.vaults),
        ):
            for url in urls:
                place = S3Place.parse(url)
                if _PATTERN.search(place.prefix):
                    raise InvalidInputError(
                        ErrorKind.ARGUMENT_INVALID,
                        f"{url!r:.120}: a policy would take *, ? or $ for a pattern",
                    )
                yield kind, place


def identity_policy(role: StorageRole, areas: StorageAreas) -> Mapping[str, object]:
    """What a user or role of IAM may do, to be attached to it.

    Raises:
        InvalidInputError: an area is no bucket, or IAM would read a pattern into its name.
    """
    return _policy([allowed for _, allowed in _allowed(role, areas)])


def bucket_policies(
    areas: StorageAreas,
    principals: Mapping[StorageRole, str],
    *,
    locking: Locking | None = None,
    administrator: str | None = None,
) -> Mapping[str, Mapping[str, object]]:
    """The policy of every bucket of a store, to be attached to it.

    It allows each principal its role's work in this bucket, and denies everybody what nobody may
    do: deleting versions, but for the purger; going round a lock; overwriting; changing the bucket;
    talking without TLS; and storing records without their lock, where the store asks for one.

    Args:
        areas: where the store lies.
        principals: the ARN of the user or role of IAM that has a role; one may be absent.
        locking: on what terms the store locks; as it does by default when None.
        administrator: the ARN of the user or role that alone may replace these policies or take
            them off; whoever else may is not named here when None.

    Raises:
        InvalidInputError: an area is no bucket, IAM would read a pattern into its name, a
            principal is no user or role of the partition, or the administrator has a role.
    """
    _check_principals(areas, principals, administrator)
    statements: dict[str, list[Statement]] = {}
    for role, arn in principals.items():
        for bucket, allowed in _allowed(role, areas):
            statements.setdefault(bucket, []).append({**allowed, "Principal": {"AWS": [arn]}})
    spared = {role.name.lower(): arn for role, arn in principals.items()}
    if administrator is not None:
        spared["administrator"] = administrator
    for bucket, denied in _denied(areas, spared, locking or Locking()):
        statements.setdefault(bucket, []).append({**denied, "Principal": "*"})
    return {bucket: _policy(found) for bucket, found in statements.items()}


def _check_principals(
    areas: StorageAreas, principals: Mapping[StorageRole, str], administrator: str | None
) -> None:
    for arn in (*principals.values(), *filter(None, [administrator])):
        if not (_PRINCIPAL.fullmatch(arn) and arn.startswith(f"arn:{areas.partition}:")):
            raise InvalidInputError(
                ErrorKind.ARGUMENT_INVALID,
                f"not the ARN of a user or role in partition {areas.partition}: {arn!r:.120}",
            )
    if administrator in principals.values():
        raise InvalidInputError(
            ErrorKind.ARGUMENT_INVALID,
            f"{administrator!r:.120} has a role, so that policies which bind it are not its to "
            "change: name another administrator",
        )


def _policy(statements: Sequence[Statement]) -> Mapping[str, object]:
    numbered = [{**one, "Sid": f"{one['Sid']}{at}"} for at, one in enumerate(statements)]
    return {"Version": _VERSION, "Statement": numbered}


def _allowed(role: StorageRole, areas: StorageAreas) -> Iterator[tuple[str, Statement]]:
    template = _template(role.value)
    for kind, place in areas.places():
        words = _words(areas, place)
        for one in template[kind]:
            yield place.bucket, {"Effect": "Allow", **_filled(one, words)}


def _denied(
    areas: StorageAreas, spared: Mapping[str, str], locking: Locking
) -> Iterator[tuple[str, Statement]]:
    template = _template(_GUARD)
    applies = {
        None: True,
        "locked": locking.mode is not LockMode.NONE,
        "administered": "administrator" in spared,
    }
    for kind, place in areas.places():
        words = {**_words(areas, place), **spared, **_days(locking)}
        for one in template[kind]:
            if not applies[cast("str | None", one.get("When"))]:
                continue
            kept = {key: value for key, value in one.items() if key != "When"}
            yield place.bucket, {**_spared(_filled(kept, words)), "Effect": "Deny"}


def _template(name: str) -> Mapping[str, Sequence[Statement]]:
    text = files("bwcstore.storage").joinpath("policies", f"{name}.json").read_text("utf-8")
    return cast("Mapping[str, Sequence[Statement]]", json.loads(text))


def _words(areas: StorageAreas, place: S3Place) -> Mapping[str, str]:
    bucket = f"arn:{areas.partition}:s3:::{place.bucket}"
    return {"bucket": bucket, "names": f"{bucket}/{place.prefix}", "prefix": place.prefix}


def _days(locking: Locking) -> Mapping[str, str]:
    # Asked by a clock that lags a little, the storage counts a day less or more.
    return {
        "mode": locking.mode.value.upper(),
        "least_days": str(max(1, locking.record_days - 1)),
        "most_days": str(max(locking.record_days, locking.max_days) + 1),
    }


def _filled(statement: Statement, words: Mapping[str, str]) -> Statement:
    return cast("Statement", _fill(cast("Json", statement), words))


def _fill(value: Json, words: Mapping[str, str]) -> Json:
    if isinstance(value, str):
        return Template(value).safe_substitute(words)
    if isinstance(value, list):
        return [_fill(one, words) for one in value]
    if isinstance(value, dict):
        return {key: _fill(one, words) for key, one in value.items()}
    return value


def _spared(statement: Statement) -> Statement:
    """A denial that spares those who have a role; where nobody has it, nobody is spared."""
    condition = statement.get("Condition")
    if not isinstance(condition, dict) or "ArnNotEquals" not in condition:
        return statement
    spared = cast("dict[str, list[str]]", condition["ArnNotEquals"])["aws:PrincipalArn"]
    known: list[Json] = [arn for arn in spared if not arn.startswith("${")]
    others = {key: value for key, value in statement.items() if key != "Condition"}
    if not known:
        return others
    return {**others, "Condition": {"ArnNotEquals": {"aws:PrincipalArn": known}}}
