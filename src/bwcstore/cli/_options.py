"""The options that many commands share, each with its environment variable."""

from enum import IntEnum
from inspect import Parameter
from pathlib import Path
from typing import Annotated, Final, Self, TypeVar

import attrs
import typer

from bwcstore.cli._output import Output

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
                Path | None,
                typer.Option("--store", envvar="BWCSTORE_STORE", help="The store's directory."),
            ],
        ),
    ),
    (
        Needs.STORE,
        _option(
            "vault",
            Annotated[
                list[Path] | None,
                typer.Option(
                    "--vault",
                    envvar="BWCSTORE_VAULTS",
                    help="A replica of the key vault; repeat it for each. In the variable, "
                    "separated by colons. [default: STORE.vault]",
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
                    help="The key file. [default: STORE.key]",
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
                    "[default: STORE.ACTOR.pem, if it exists]",
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
    store_option: Path | None = None
    vault_option: tuple[Path, ...] = ()
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
                    fields["vault_option"] = tuple(value) if isinstance(value, list) else ()
                case "store" | "key_file" | "actor" | "actor_key" | "reason":
                    fields[f"{name}_option"] = value
                case _:
                    fields[name] = value
        return cls(**fields)  # type: ignore[arg-type]  # typer has checked each value's type

    @property
    def store(self) -> Path:
        """The store's directory.

        Raises:
            BadParameter: it was not given.
        """
        return _given(self.store_option, "--store", "BWCSTORE_STORE")

    @property
    def vaults(self) -> tuple[Path, ...]:
        """The replicas of the key vault."""
        return self.vault_option or (beside(self.store, "vault"),)

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


def beside(store: Path, suffix: str) -> Path:
    """The path beside the store's directory that carries its name and a suffix."""
    resolved = store if store.name else store.resolve()
    return resolved.with_name(f"{resolved.name}.{suffix}")


def _given(value: _T | None, option: str, variable: str) -> _T:
    if value is None or value == "":
        raise typer.BadParameter(f"{option} is needed, or the variable {variable}")
    return value
