"""The options that many commands share, each with its environment variable."""

import os
import re
from enum import IntEnum
from inspect import Parameter
from pathlib import Path
from typing import Annotated, Final, Self, TypeVar

import attrs
import typer

from bwcstore._places import Place, place_of
from bwcstore.cli._beside import beside
from bwcstore.cli._output import Output
from bwcstore.storage._s3_options import S3Options

_VAULTS: Final = "BWCSTORE_VAULTS"
_STANDARD: Final = S3Options()
_PLACE: Final = re.compile(r"s3://[^:]*|[^:]+")
_T = TypeVar("_T")


class Needs(IntEnum):
    """How much of the world a command touches; each level has the options of those before."""

    OUTPUT = 0
    STORE = 1
    KEYS = 2
    SESSION = 3


def _option(name: str, annotation: object, default: object = None) -> Parameter:
    return Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


_SHARED: Final[tuple[tuple[Needs, Parameter], ...]] = (
    (
        Needs.STORE,
        _option(
            "store",
            Annotated[
                str | None,
                typer.Option(
                    "--store",
                    envvar="BWCSTORE_STORE",
                    metavar="DIR|s3://BUCKET/PREFIX",
                    help="The store: a directory, or a prefix of a bucket.",
                ),
            ],
        ),
    ),
    (
        Needs.STORE,
        _option(
            "vault",
            Annotated[
                list[str] | None,
                typer.Option(
                    "--vault",
                    metavar="DIR|s3://BUCKET/PREFIX",
                    help=f"A replica of the key vault; repeat it for each. In the variable "
                    f"`{_VAULTS}`, separated by colons. [default: STORE.vault; none for a store "
                    "in a bucket]",
                ),
            ],
        ),
    ),
    (
        Needs.STORE,
        _option(
            "claims",
            Annotated[
                str | None,
                typer.Option(
                    "--claims",
                    envvar="BWCSTORE_CLAIMS",
                    metavar="s3://BUCKET/PREFIX",
                    help="Where the claims of a store in a bucket lie, if it has any; to verify "
                    "a copy of one, a directory with a copy of them.",
                ),
            ],
        ),
    ),
    (
        Needs.STORE,
        _option(
            "endpoint_url",
            Annotated[
                str | None,
                typer.Option(
                    "--endpoint-url",
                    envvar="BWCSTORE_S3_ENDPOINT_URL",
                    metavar="URL",
                    help="The address of the object storage. [default: as the AWS tools find it]",
                ),
            ],
        ),
    ),
    (
        Needs.STORE,
        _option(
            "profile",
            Annotated[
                str | None,
                typer.Option(
                    "--profile",
                    envvar="BWCSTORE_S3_PROFILE",
                    metavar="NAME",
                    help="The profile of the AWS configuration that has the credentials. "
                    "[default: as the AWS tools find them]",
                ),
            ],
        ),
    ),
    (
        Needs.STORE,
        _option(
            "bucket_region",
            Annotated[
                str | None,
                typer.Option(
                    "--bucket-region",
                    envvar="BWCSTORE_S3_REGION",
                    metavar="NAME",
                    help="The region of the bucket. [default: as the AWS tools find it]",
                ),
            ],
        ),
    ),
    (
        Needs.STORE,
        _option(
            "try_seconds",
            Annotated[
                float | None,
                typer.Option(
                    "--try-seconds",
                    envvar="BWCSTORE_S3_TRY_SECONDS",
                    metavar="SECONDS",
                    min=0.1,
                    help="How long what object storage does not answer is tried again. "
                    f"[default: {_STANDARD.deadline_seconds:.0f}]",
                ),
            ],
        ),
    ),
    (
        Needs.KEYS,
        _option(
            "key_file",
            Annotated[
                Path | None,
                typer.Option(
                    "--key-file",
                    envvar="BWCSTORE_KEY_FILE",
                    help="The key file. [default: STORE.key; for a store in a bucket, "
                    "~/.config/bwcstore/BUCKET.PREFIX.key]",
                ),
            ],
        ),
    ),
    (
        Needs.KEYS,
        _option(
            "passphrase_file",
            Annotated[
                Path | None,
                typer.Option(
                    "--passphrase-file",
                    envvar="BWCSTORE_PASSPHRASE_FILE",
                    help="Take the passphrase from the first line of a file; `-` asks for it "
                    "on the terminal.",
                ),
            ],
        ),
    ),
    (
        Needs.SESSION,
        _option(
            "actor",
            Annotated[
                str | None,
                typer.Option("--actor", envvar="BWCSTORE_ACTOR", help="Who acts: a login name."),
            ],
        ),
    ),
    (
        Needs.SESSION,
        _option(
            "actor_key",
            Annotated[
                Path | None,
                typer.Option(
                    "--actor-key",
                    envvar="BWCSTORE_ACTOR_KEY",
                    help="The actor's Ed25519 private key, PEM. "
                    "[default: like the key file, with .ACTOR.pem, if it exists]",
                ),
            ],
        ),
    ),
    (
        Needs.SESSION,
        _option(
            "reason",
            Annotated[
                str | None,
                typer.Option(
                    "--reason", envvar="BWCSTORE_REASON", help="Why; kept in the ledger, sealed."
                ),
            ],
        ),
    ),
    (
        Needs.SESSION,
        _option(
            "purpose",
            Annotated[
                str,
                typer.Option(
                    "--purpose",
                    envvar="BWCSTORE_PURPOSE",
                    help="What for: a word that written authorizations name.",
                ),
            ],
            "records",
        ),
    ),
    (
        Needs.STORE,
        _option(
            "progress",
            Annotated[
                bool | None,
                typer.Option(
                    "--progress/--no-progress",
                    help="Show progress on standard error. "
                    "[default: a bar where that is a terminal]",
                ),
            ],
        ),
    ),
    (
        Needs.OUTPUT,
        _option(
            "json_output",
            Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")],
            default=False,
        ),
    ),
    (
        Needs.OUTPUT,
        _option(
            "quiet",
            Annotated[bool, typer.Option("--quiet", "-q", help="No remarks on standard error.")],
            default=False,
        ),
    ),
)


def shared_parameters(needs: Needs) -> tuple[Parameter, ...]:
    """The options of a command that needs so much, in the order that help lists them."""
    return tuple(parameter for level, parameter in _SHARED if level <= needs)


@attrs.frozen(kw_only=True)
class Common:
    """The values of the shared options, and where to print."""

    output: Output
    store_option: str | None = None
    vault_option: tuple[str, ...] = ()
    claims_option: str | None = None
    endpoint_url: str | None = None
    profile: str | None = None
    bucket_region: str | None = None
    try_seconds: float | None = None
    key_file_option: Path | None = None
    passphrase_file: Path | None = None
    actor_option: str | None = None
    actor_key_option: Path | None = None
    reason_option: str | None = None
    purpose: str = "records"
    progress: bool | None = None

    @classmethod
    def take(cls, given: dict[str, object], needs: Needs) -> Self:
        """Take the shared options out of what the command was given."""
        taken = {item.name: given.pop(item.name) for item in shared_parameters(needs)}
        machine, quiet = bool(taken.pop("json_output")), bool(taken.pop("quiet"))
        fields: dict[str, object] = {"output": Output(machine=machine, quiet=quiet)}
        for name, value in taken.items():
            match name:
                case "vault":
                    said = tuple(value) if isinstance(value, list) else ()
                    fields["vault_option"] = said or split_places(os.environ.get(_VAULTS, ""))
                case "store" | "claims" | "key_file" | "actor" | "actor_key" | "reason":
                    fields[f"{name}_option"] = value
                case _:
                    fields[name] = value
        return cls(**fields)  # type: ignore[arg-type]  # typer has checked each value's type

    @property
    def store(self) -> Place:
        """Where the store lies.

        Raises:
            BadParameter: it was not given.
            InvalidInputError: it is a malformed URL.
        """
        return place_of(_given(self.store_option, "--store", "BWCSTORE_STORE"))

    @property
    def vaults(self) -> tuple[Place, ...]:
        """The replicas of the key vault.

        Raises:
            BadParameter: none was given for a store in a bucket.
            InvalidInputError: one is a malformed URL.
        """
        if found := self.known_vaults:
            return found
        raise typer.BadParameter(
            f"--vault is needed, or the variable {_VAULTS}: the keys of a store in a bucket "
            "cannot lie beside it"
        )

    @property
    def known_vaults(self) -> tuple[Place, ...]:
        """The replicas of the key vault as far as they are said or lie beside the store.

        Raises:
            InvalidInputError: one is a malformed URL.
        """
        if self.vault_option:
            return tuple(place_of(one) for one in self.vault_option)
        store = self.store
        return (beside(store, "vault"),) if isinstance(store, Path) else ()

    @property
    def claims(self) -> Place | None:
        """Where the claims lie; None where it was not given.

        Raises:
            InvalidInputError: it is a malformed URL.
        """
        return place_of(self.claims_option) if self.claims_option else None

    @property
    def s3(self) -> S3Options | None:
        """How object storage is reached; None when nothing was said of it."""
        told = {
            "endpoint_url": self.endpoint_url,
            "profile": self.profile,
            "region": self.bucket_region,
            "deadline_seconds": self.try_seconds,
        }
        given = {name: value for name, value in told.items() if value}
        return S3Options(**given) if given else None  # type: ignore[arg-type]  # each is of its field's type

    @property
    def key_file(self) -> Path:
        """The key file."""
        return self.key_file_option or beside(self.store, "key")

    @property
    def actor(self) -> str:
        """Who acts.

        Raises:
            BadParameter: it was not given.
        """
        return _given(self.actor_option, "--actor", "BWCSTORE_ACTOR")

    @property
    def reason(self) -> str:
        """Why.

        Raises:
            BadParameter: it was not given.
        """
        return _given(self.reason_option, "--reason", "BWCSTORE_REASON")


def split_places(text: str) -> tuple[str, ...]:
    """The places in a variable, which colons separate, but for the one in `s3://`.

    So a place in a variable has no colon of its own; one that has can be named with the option.
    """
    return tuple(_PLACE.findall(text))


def _given(value: _T | None, option: str, variable: str) -> _T:
    if value is None or value == "":
        raise typer.BadParameter(f"{option} is needed, or the variable {variable}")
    return value
