"""Documents with something wrong, and where."""

from collections.abc import Callable
from typing import Final

import attrs

from bwcstore.errors import ErrorKind
from bwcstore.statute._files._reading import check_pack
from bwcstore.statute._files._toml import Problem
from tests.unit.statute.small import PACK

RULE: Final = 'cite = "s. 0"\nverified = "text"\nsays = "It is so."\n'


@attrs.frozen
class Broken:
    """One change to a document, and the problem that it makes.

    Attributes:
        old: what is replaced, where it stands first; empty to add at the end.
        new: what it becomes.
        kind: the code of the problem.
        at: text that begins on the line of the problem; it stands in the document once.
        rule: the id of the rule that is named.
        says: part of the message.
    """

    old: str
    new: str
    kind: ErrorKind
    at: str
    rule: str | None = None
    says: str = ""

    def text(self, document: str) -> str:
        """The document with the change."""
        if not self.old:
            return f"{document}\n{self.new}"
        assert self.old in document
        return document.replace(self.old, self.new, 1)


def check(text: str) -> tuple[Problem, ...]:
    """What is wrong with a pack."""
    return check_pack(text, name="small.toml")


def a_rule(table: str, id_: str, body: str = "") -> str:
    """A rule of a table, with what every rule has."""
    return f'[[{table}]]\nid = "{id_}"\n{RULE}{body}'


def found(
    broken: Broken,
    document: str = PACK,
    check: Callable[[str], tuple[Problem, ...]] = check,
) -> tuple[tuple[ErrorKind, int, str | None], ...]:
    """Code, line and rule of each problem; the message of the first has what it should say."""
    problems = check(broken.text(document))
    assert broken.says in problems[0].message
    return tuple((one.kind, one.line, one.rule) for one in problems)


def expected(broken: Broken, document: str = PACK) -> tuple[tuple[ErrorKind, int, str | None], ...]:
    """Code, line and rule of the one problem that there is."""
    text = broken.text(document)
    assert text.count(broken.at) == 1, f"{broken.at!r} does not say where"
    return ((broken.kind, text[: text.index(broken.at)].count("\n") + 1, broken.rule),)


def without(head: str, *, document: str = PACK) -> str:
    """A document without one table, which ends before the next one."""
    begin = document.index(head)
    end = document.find("\n[", begin + 1)
    return document[:begin] + ("" if end < 0 else document[end + 1 :])
