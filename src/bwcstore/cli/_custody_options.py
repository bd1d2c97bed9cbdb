"""The options and arguments that the commands about custody and destruction share."""

from pathlib import Path
from typing import Annotated

import typer

from bwcstore.cli._output import Output

ObjectArgument = Annotated[str, typer.Argument(metavar="OBJECT", help="The object's id.")]
OneObject = Annotated[str | None, typer.Option("--object", help="The recording it is about.")]
Objects = Annotated[
    list[str] | None, typer.Option("--object", help="A recording's id; repeat for several.")
]
RequestArgument = Annotated[
    str, typer.Argument(metavar="REQUEST", help="What `request receive` printed.")
]
OneRequest = Annotated[str | None, typer.Option("--request", help="The request it is about.")]
HoldArgument = Annotated[str, typer.Argument(metavar="HOLD", help="What `hold place` printed.")]
PlanArgument = Annotated[str, typer.Argument(metavar="PLAN", help="What `purge propose` printed.")]
Statement = Annotated[str | None, typer.Option(help="What else is to be said; sealed.")]
Document = Annotated[
    Path | None, typer.Option(help="The paper it rests on; its digest is kept, not the file.")
]
PersonName = Annotated[str | None, typer.Option("--name", help="Their name; sealed.")]
Contact = Annotated[str | None, typer.Option(help="How to reach them; sealed.")]
AsOf = Annotated[
    str | None,
    typer.Option("--as-of", metavar="DATE", help="The day that is judged. [default: today]"),
]


def say_id(output: Output, name: str, value: object) -> None:
    """Print an id, which later commands take."""
    if output.machine:
        output.document({name: str(value)})
    else:
        output.text(str(value))


def say_done(output: Output, **what: str) -> None:
    """Tell a program what was done; a person sees no error."""
    if output.machine:
        output.document(what)
