"""The commands `iam role` and `iam buckets`: who may do what where a store lies."""

import json
from collections.abc import Mapping
from typing import Annotated

import typer

from bwcstore._values import Locking, LockMode
from bwcstore.cli._command import command, group
from bwcstore.cli._options import Common, Needs
from bwcstore.errors import ErrorKind, InvalidInputError
from bwcstore.storage._iam import StorageAreas, StorageRole, bucket_policies, identity_policy

_Evidence = Annotated[
    str, typer.Argument(metavar="STORE", help="Where the store lies: s3://bucket/prefix.")
]
_Vaults = Annotated[
    list[str] | None,
    typer.Option("--vault", help="Where the key vault lies, if in a bucket. Repeatable."),
]
_Claims = Annotated[str | None, typer.Option("--claims", help="Where the claims lie.")]
_Partition = Annotated[
    str, typer.Option("--partition", help="The partition of the ARNs, such as aws-us-gov.")
]
_Principals = Annotated[
    list[str] | None,
    typer.Option("--principal", metavar="ROLE=ARN", help="Who has a role. Repeatable."),
]
_Administrator = Annotated[
    str | None,
    typer.Option(
        "--administrator",
        metavar="ARN",
        help="Who alone may replace the policies or take them off.",
    ),
]
_Lock = Annotated[LockMode, typer.Option("--lock", help="How the store is locked.")]
_DEFAULTS = Locking()


def register(app: typer.Typer) -> None:
    """Add the commands."""
    iam = group("Policies that give each role of a store in buckets its work and nothing else.")
    command(iam, "iam role", needs=Needs.OUTPUT)(role)
    command(iam, "iam buckets", needs=Needs.OUTPUT)(buckets)
    app.add_typer(iam, name="iam")


def role(
    common: Common,
    *,
    name: Annotated[StorageRole, typer.Argument(metavar="ROLE", help="The role.")],
    store: _Evidence,
    vaults: _Vaults = None,
    claims: _Claims = None,
    partition: _Partition = "aws",
) -> None:
    """Print the policy of IAM for a user or role that has one of the roles."""
    areas = _areas(store, vaults, claims, partition)
    _print(common, identity_policy(name, areas))


def buckets(
    common: Common,
    *,
    store: _Evidence,
    vaults: _Vaults = None,
    claims: _Claims = None,
    partition: _Partition = "aws",
    principals: _Principals = None,
    administrator: _Administrator = None,
    lock: _Lock = _DEFAULTS.mode,
    record_days: Annotated[
        int, typer.Option("--record-lock-days", min=1, help="For how long records are locked.")
    ] = _DEFAULTS.record_days,
    max_days: Annotated[
        int, typer.Option("--max-lock-days", min=1, help="The longest lock of a recording.")
    ] = _DEFAULTS.max_days,
) -> None:
    """Print the policy of each bucket, by the bucket's name."""
    found = bucket_policies(
        _areas(store, vaults, claims, partition),
        dict(_principal(text) for text in principals or ()),
        locking=Locking(mode=lock, record_days=record_days, max_days=max_days),
        administrator=administrator,
    )
    _print(common, dict(found))


def _areas(
    store: str, vaults: list[str] | None, claims: str | None, partition: str
) -> StorageAreas:
    return StorageAreas(
        evidence=store, vaults=tuple(vaults or ()), claims=claims, partition=partition
    )


def _principal(text: str) -> tuple[StorageRole, str]:
    name, _, arn = text.partition("=")
    if name not in list(StorageRole) or not arn:
        raise InvalidInputError(
            ErrorKind.ARGUMENT_INVALID,
            f"--principal {text!r:.120}: ROLE=ARN, with one of the roles {', '.join(StorageRole)}",
        )
    return StorageRole(name), arn


def _print(common: Common, document: Mapping[str, object]) -> None:
    if common.output.machine:
        common.output.document(document)
        return
    common.output.text(json.dumps(document, indent=2))
