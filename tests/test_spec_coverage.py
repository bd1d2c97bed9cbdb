"""Specification and tests keep up with each other: every clause is tested, every citation holds.

A clause is defined in `docs/spec` by its number in bold, such as `**SEG-7**` with the sentence
after it. A test names the clauses that it checks by `@pytest.mark.spec("SEG-7")`, a test vector
by a header line `spec: SEG-7`.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
SPEC: Final = ROOT / "docs/spec"
UNTESTED: Final = ROOT / "tests/untested_clauses.txt"
_DEFINED: Final = re.compile(r"\*\*([A-Z]{3}-\d+)\.?\*\*")
_PREFIX: Final = re.compile(r"^\| \[[^]]*\]\([a-z-]+\.md\) \| ([A-Z, ]+) \|", re.MULTILINE)


def _chapters() -> list[Path]:
    return sorted(SPEC.glob("*.md"))


def _definitions() -> list[str]:
    return [clause for path in _chapters() for clause in _DEFINED.findall(path.read_text("utf-8"))]


def _prefixes() -> frozenset[str]:
    listed = _PREFIX.findall((SPEC / "index.md").read_text("utf-8"))
    return frozenset(prefix for prefixes in listed for prefix in prefixes.split(", "))


def _marks(path: Path) -> Iterator[str]:
    """The clauses that the tests of a file are marked with."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "spec"
            and isinstance(node.func.value, ast.Attribute)
            and node.func.value.attr == "mark"
        ):
            for argument in node.args:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield argument.value


def _tested() -> set[str]:
    found = {clause for path in (ROOT / "tests").rglob("*.py") for clause in _marks(path)}
    for path in (ROOT / "tests/vectors").rglob("*.vec"):
        header = path.read_bytes().partition(b"\n\n")[0].decode("utf-8", "replace")
        for line in header.splitlines():
            if line.startswith("spec:"):
                found |= set(re.findall(r"[A-Z]{3}-\d+", line))
    return found


def test_clauses_are_defined_once() -> None:
    """No clause number is used twice, and each belongs to a chapter that the index lists."""
    counted = Counter(_definitions())

    assert {} == {clause: count for clause, count in counted.items() if count > 1}
    assert _prefixes() >= {clause[:3] for clause in counted}


def test_every_clause_has_a_test() -> None:
    """Every clause is tested, but for those on a list that is exact and may only shrink."""
    listed = UNTESTED.read_text("utf-8").split()
    untested = sorted(set(_definitions()) - _tested(), key=lambda one: (one[:3], int(one[4:])))

    assert listed == untested


def test_every_cited_clause_exists() -> None:
    """Code, tests and documents cite only clauses that the specification defines."""
    defined = set(_definitions())
    pattern = re.compile(rf"\b({'|'.join(sorted(_prefixes()))})-(\d+)\b")
    paths = [
        path
        for folder, suffix in (("src", "py"), ("tests", "py"), ("docs", "md"), ("examples", "py"))
        for path in (ROOT / folder).rglob(f"*.{suffix}")
        if path != Path(__file__)
    ]
    wrong = sorted(
        {
            f"{path.relative_to(ROOT)}: {found.group()}"
            for path in paths
            for found in pattern.finditer(path.read_text("utf-8"))
            if found.group() not in defined
        }
    )

    assert [] == wrong
