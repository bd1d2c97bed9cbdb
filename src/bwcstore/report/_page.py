"""Making pages from templates: one file, no script, nothing fetched, all text escaped."""

import importlib.util
from collections.abc import Mapping
from importlib.resources import files
from typing import Final

from bwcstore.errors import ErrorKind, InvalidInputError

_TEMPLATES: Final = "templates"


def shown(value: object) -> object:
    """A value as a page shows it: every character made visible that could turn or hide what
    stands beside it. What a template has made is left as it is.
    """
    given = str(value)
    if hasattr(value, "__html__") or given.isprintable():
        return value
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in given)


def page(name: str, values: Mapping[str, object]) -> str:
    """A page made from the template `name` of this package.

    Raises:
        InvalidInputError: Jinja2 is not installed (`extra-missing`).
    """
    if importlib.util.find_spec("jinja2") is None:
        raise InvalidInputError(
            ErrorKind.EXTRA_MISSING, "pages need Jinja2: install the extra `bwcstore[report]`"
        )
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415 - most callers make no pages

    world = Environment(
        autoescape=True,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )
    source = files("bwcstore.report").joinpath(_TEMPLATES, name).read_text("utf-8")
    return world.from_string(source).render(values)
