"""The sizes and words that keep the source readable, checked by its syntax tree."""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[1]
FOLDERS: Final = ("src", "tests", "examples", "benchmarks", "docs")
MODULE_LINES_MAX: Final = 400
FUNCTION_LINES_MAX: Final = 70
LINE_LENGTH_MAX: Final = 100
FORBIDDEN_NAMES: Final = frozenset(
    {"utils", "util", "helpers", "helper", "common", "core", "base", "misc", "manager"}
)

# What is longer than the rule allows, and by how much. These lists may only shrink: an entry
# that is no longer needed, or allows more than is needed, fails.
LONG_MODULES: Final[Mapping[str, int]] = {}
LONG_FUNCTIONS: Final[Mapping[str, int]] = {}


def _sources() -> list[Path]:
    return sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _functions(path: Path) -> Iterator[tuple[str, int]]:
    """Every function of a file: its name with its classes', and its length in lines."""

    def walk(node: ast.AST, prefix: str) -> Iterator[tuple[str, int]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                name = f"{prefix}{child.name}"
                yield name, (child.end_lineno or child.lineno) - child.lineno + 1
                yield from walk(child, f"{name}.")
            elif isinstance(child, ast.ClassDef):
                yield from walk(child, f"{prefix}{child.name}.")
            else:
                yield from walk(child, prefix)

    yield from walk(ast.parse(path.read_text(encoding="utf-8"), str(path)), "")


def test_there_are_sources() -> None:
    """The other tests of this file look at something."""
    assert len(_sources()) > 20


def test_modules_are_short() -> None:
    """A module has at most 400 lines, and the list of exceptions is exact."""
    lengths = {_name(path): len(path.read_text("utf-8").splitlines()) for path in _sources()}

    too_long = {name: count for name, count in lengths.items() if count > MODULE_LINES_MAX}

    assert dict(LONG_MODULES) == too_long


def test_functions_are_short() -> None:
    """A function has at most 70 lines, and the list of exceptions is exact."""
    too_long = {
        f"{_name(path)}:{name}": count
        for path in _sources()
        for name, count in _functions(path)
        if count > FUNCTION_LINES_MAX
    }

    assert dict(LONG_FUNCTIONS) == too_long


def test_lines_are_short() -> None:
    """A line has at most 100 characters, not counting an instruction to a tool and its reason."""
    pragma = re.compile(r"  # (type: ignore|noqa)\b.*")
    too_long = [
        f"{_name(path)}:{number}"
        for path in _sources()
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if len(pragma.sub("", line)) > LINE_LENGTH_MAX
    ]

    assert [] == too_long


def test_modules_have_a_noun() -> None:
    """No module or folder has a name that says nothing."""
    nameless = [
        _name(path)
        for path in _sources()
        if FORBIDDEN_NAMES.intersection(
            part.removesuffix(".py").strip("_") for part in path.relative_to(ROOT).parts
        )
    ]

    assert [] == nameless


def test_nothing_is_left_to_fix() -> None:
    """Nothing that must be fixed before it is merged is merged."""
    word = re.compile("FIX" + "ME|X" + "XX|HA" + "CK")
    found = [_name(path) for path in _sources() if word.search(path.read_text("utf-8"))]

    assert [] == found


def test_package_hides_no_cycles() -> None:
    """The package imports nothing of itself for types only: that is how import cycles hide."""
    hidden = [
        f"{_name(path)}:{node.lineno}"
        for path in sorted((ROOT / "src").rglob("*.py"))
        for block in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.unparse(block.test)
        for node in ast.walk(block)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("bwcstore")
    ]

    assert [] == hidden


def test_initialisers_only_export() -> None:
    """An `__init__` of the package holds a docstring, imports, `__all__` and constants only."""
    allowed = (ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign)
    wrong = []
    for path in (ROOT / "src").rglob("__init__.py"):
        for node in ast.parse(path.read_text("utf-8")).body:
            docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            lazily = isinstance(node, ast.FunctionDef) and node.name in {"__getattr__", "main"}
            if not (isinstance(node, allowed) or docstring or lazily):
                wrong.append(f"{_name(path)}:{node.lineno}")

    assert [] == wrong


def _raises(function: ast.FunctionDef) -> bool:
    """Whether the function itself, not one inside it, raises an error of its own."""
    todo: list[ast.AST] = list(function.body)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Raise) and node.exc is not None:
            return True
        if not isinstance(node, ast.FunctionDef | ast.Lambda | ast.ClassDef):
            todo += ast.iter_child_nodes(node)
    return False


def test_public_functions_name_their_errors() -> None:
    """The docstring of a public function that raises has a `Raises` section, or refers to one.

    ruff's DOC501 asks for more than can be given: it takes a function that builds the error for
    the error's name.
    """
    silent = [
        f"{_name(path)}:{node.lineno} {node.name}"
        for path in sorted((ROOT / "src").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef)
        and not node.name.startswith("_")
        and (text := ast.get_docstring(node)) is not None
        and _raises(node)
        and "Raises:" not in text
        and "see `" not in text.lower()
    ]

    assert [] == silent


@pytest.mark.parametrize("folder", ["unit", "properties"])
def test_every_test_says_what_it_expects(folder: str) -> None:
    """Every test of a unit or property has a docstring."""
    silent = [
        f"{_name(path)}:{node.name}"
        for path in sorted((ROOT / "tests" / folder).rglob("test_*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef)
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]

    assert [] == silent
