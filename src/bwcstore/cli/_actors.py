"""The commands about who may act: `actor`, `authorize`, `revoke-authorization`."""

from pathlib import Path
from typing import Annotated

import typer

from bwcstore._system import SystemEntropy
from bwcstore.cli._command import command, group
from bwcstore.cli._files import document_digest
from bwcstore.cli._open import acting
from bwcstore.cli._options import Common, Needs
from bwcstore.cli._parse import instant, object_id
from bwcstore.cli._shown import shown
from bwcstore.custody._authority import Role
from bwcstore.errors import ErrorKind, InvalidInputError
from bwcstore.storage._signer import generate_actor_key, load_actor_key

_KEY_HEX_LENGTH = 64

_Login = Annotated[str, typer.Argument(metavar="LOGIN", help="The actor's login name.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    actors = group("Who may act in the store.")
    command(actors, "actor enrol", needs=Needs.SESSION)(enrol)
    command(actors, "actor revoke", needs=Needs.SESSION)(revoke)
    command(actors, "actor ls", needs=Needs.SESSION)(list_actors)
    command(actors, "actor key", needs=Needs.OUTPUT)(make_key)
    app.add_typer(actors, name="actor")
    command(app, "authorize", needs=Needs.SESSION)(authorize)
    command(app, "revoke-authorization", needs=Needs.SESSION)(revoke_authorization)


def enrol(
    common: Common,
    *,
    login: _Login,
    role: Annotated[list[Role], typer.Option(help="What they are; repeat for several.")],
    name: Annotated[str | None, typer.Option(help="Their name; sealed.")] = None,
    key: Annotated[
        Path | None,
        typer.Option("--key", help="Their private key, as `actor key` made it, PEM."),
    ] = None,
    public_key: Annotated[
        str | None, typer.Option(help="Their Ed25519 public key: 64 hex digits.")
    ] = None,
) -> None:
    """Let a person or program act; or replace the roles and key of one."""
    raw = _public_key(public_key, key)
    with acting(common) as (_, session):
        actor_id = session.enrol(login, roles=role, name=name, public_key=raw)
    if common.output.machine:
        common.output.document({"actor": str(actor_id), "login": login})
    else:
        common.output.text(f"{shown(login)}  {actor_id}")


def _public_key(text: str | None, path: Path | None) -> bytes | None:
    if text is not None and path is not None:
        raise typer.BadParameter("--key and --public-key say the same thing: give one")
    if path is not None:
        return load_actor_key(path).public_key
    if text is None:
        return None
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        raw = b""
    if len(text) != _KEY_HEX_LENGTH or len(raw) != _KEY_HEX_LENGTH // 2:
        raise InvalidInputError(
            ErrorKind.ARGUMENT_INVALID, "--public-key: 64 hex digits are needed"
        )
    return raw


def revoke(common: Common, *, login: _Login) -> None:
    """Take an actor's right to act."""
    with acting(common) as (_, session):
        session.revoke_actor(login)
    if common.output.machine:
        common.output.document({"revoked": login})


def list_actors(common: Common) -> None:
    """List who may act, and who no longer may."""
    with acting(common) as (_, session):
        actors = session.actors()
    if common.output.machine:
        common.output.document(
            {
                "actors": [
                    {
                        "actor": str(one.actor.actor_id),
                        "login": one.login,
                        "name": one.name,
                        "roles": sorted(one.actor.roles),
                        "revoked": one.actor.revoked,
                        "signs": one.actor.public_key is not None,
                    }
                    for one in actors
                ]
            }
        )
        return
    common.output.table(
        ("login", "name", "roles", "signs", "state", "actor"),
        (
            (
                one.login or "",
                one.name or "",
                ", ".join(sorted(one.actor.roles)),
                "yes" if one.actor.public_key is not None else "no",
                "revoked" if one.actor.revoked else "",
                str(one.actor.actor_id),
            )
            for one in actors
        ),
    )


def make_key(
    common: Common,
    *,
    target: Annotated[Path, typer.Argument(metavar="FILE", help="The file to make.")],
) -> None:
    """Make a signing key for an actor; print its public half, which `actor enrol` wants."""
    public = generate_actor_key(target, entropy=SystemEntropy()).public_key.hex()
    if common.output.machine:
        common.output.document({"file": shown(str(target)), "public_key": public})
    else:
        common.output.text(public)


def authorize(
    common: Common,
    *,
    login: _Login,
    purposes: Annotated[
        list[str], typer.Option("--for", help="A purpose it admits; repeat for several.")
    ],
    only: Annotated[
        str | None, typer.Option("--object", help="One object only. [default: all]")
    ] = None,
    start: Annotated[str | None, typer.Option("--from", help="From when. [default: now]")] = None,
    end: Annotated[
        str | None, typer.Option("--until", help="Until when. [default: until revoked]")
    ] = None,
    statement: Annotated[str | None, typer.Option(help="Its words; sealed.")] = None,
    document: Annotated[
        Path | None, typer.Option(help="The signed document; its digest is kept, not the file.")
    ] = None,
) -> None:
    """Record the written authorization that lets an actor read; print its id."""
    digest = document_digest(document)
    with acting(common) as (_, session):
        authorization = session.authorize(
            login,
            purposes=purposes,
            object_id=object_id(only) if only is not None else None,
            start=instant(start, "--from") if start is not None else None,
            end=instant(end, "--until") if end is not None else None,
            statement=statement,
            document_sha256=digest,
        )
    if common.output.machine:
        common.output.document({"authorization": authorization})
    else:
        common.output.text(authorization)


def revoke_authorization(
    common: Common,
    *,
    authorization: Annotated[str, typer.Argument(metavar="ID", help="What `authorize` printed.")],
) -> None:
    """End a written authorization."""
    with acting(common) as (_, session):
        session.revoke_authorization(authorization)
    if common.output.machine:
        common.output.document({"revoked": authorization})
