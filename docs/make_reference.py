"""Write the reference of the command line from the program itself: `make reference`."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import typer

from bwcstore.cli._app import build
from bwcstore.cli._options import Needs, shared_parameters

PAGE: Final = Path(__file__).parent / "reference" / "cli.md"
SHARED: Final = frozenset(one.name for one in shared_parameters(max(Needs)))
HEAD: Final = """\
# Command line

<!-- Written by docs/make_reference.py; edit the program's help instead. -->

The program `bwcstore` comes with the extra `cli`:

```sh
pip install 'bwcstore[cli]'
```

It turns arguments into calls of the library and errors into
[exit codes](../guides/errors-and-exit-codes.md); it decides nothing.
`bwcstore COMMAND --help` shows what is here for one command.

## What is printed

Results go to standard output; remarks, progress, warnings and errors go to standard error.
Warnings repeat for as long as they are true, and `--quiet` does not silence them.

Names, reasons and messages that come from outside are printed with everything escaped that a
terminal could act on: a line end is `\\n`, a byte that is no text `\\xff`, a backslash `\\\\`.
`NO_COLOR` is obeyed, and nothing depends on colour.
Tables are as wide as the terminal, unless `COLUMNS` says otherwise. Columns that find no room go on
below, in a second line of each row; no cell is cut, and no word of one is broken. In a pipe or a
file each row is one line.

With `--json`, standard output holds JSON in ASCII and nothing else: **one document on one line**;
for the commands that stream, `ingest`, `ls` and `log`, **one document per line**.
An error is one line on standard error, and so is each warning:

```json
{"error": {"exit_code": 5, "kind": "not-authorized", "message": "..."}}
{"warning": {"kind": "keys-single-copy", "message": "..."}}
```

Every `kind` is one of the [error codes](error-codes.md), or `usage` or `interrupted`, and keeps its
meaning; messages may change.
No command shows a traceback, but for a defect of the program, where `BWCSTORE_TRACEBACK` is set.
"""


def commands(command: Any, name: str = "bwcstore") -> Iterator[tuple[str, Any]]:
    """Every command that help shows, with its whole name."""
    children = getattr(command, "commands", {})
    if not children:
        yield name, command
    for child, found in children.items():
        if not found.hidden:
            yield from commands(found, f"{name} {child}")


def all_commands() -> list[tuple[str, Any]]:
    """Every command of the program, in the order of its help."""
    return list(commands(typer.main.get_command(build())))


def page() -> str:
    """The text of the page."""
    found = all_commands()
    shared = {one.name: one for _, command in found for one in command.params if one.name in SHARED}
    parts = [HEAD, "## Options that many commands share\n", _table(shared.values())]
    for name, command in found:
        own = [one for one in command.params if one.name not in SHARED]
        arguments = [one for one in own if one.param_type_name == "argument"]
        usage = " ".join([name, "[OPTIONS]", *(_metavar(one) for one in arguments)])
        parts += [f"## `{name}`\n", f"{_paragraphs(command.help)}\n", f"```text\n{usage}\n```\n"]
        if own:
            parts.append(_table(own))
        taken = [f"`{one.opts[0]}`" for one in command.params if one.name in SHARED]
        parts.append(f"Shared options: {', '.join(taken)}.\n")
    return "\n".join(parts)


def _table(parameters: Any) -> str:
    rows = ["| option | meaning |", "|---|---|"]
    for one in parameters:
        names = " ".join(f"`{text}`" for text in (*one.opts, *one.secondary_opts))
        if one.param_type_name == "argument":
            names = f"`{_metavar(one)}`"
        meaning = _flat(one.help or "").replace("|", "\\|")
        if variable := getattr(one, "envvar", None):
            meaning += f" Variable: `{variable}`."
        rows.append(f"| {names} | {meaning} |")
    return "\n".join([*rows, ""])


def _metavar(argument: Any) -> str:
    name = (argument.metavar or argument.name.removesuffix("_text")).upper()
    name = f"{name}..." if argument.nargs == -1 else name
    return name if argument.required else f"[{name}]"


def _paragraphs(text: str) -> str:
    return "\n\n".join(_flat(one) for one in text.strip().split("\n\n"))


def _flat(text: str) -> str:
    return " ".join(text.split())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE}\n")
