"""The documentation tells the truth: its code runs, its links lead somewhere, nothing lacks."""

import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from bwcstore.errors import ErrorKind

ROOT: Final = Path(__file__).parents[1]
PAGES: Final = tuple(
    path
    for path in (
        *sorted(ROOT.glob("*.md")),
        *sorted((ROOT / "docs").rglob("*.md")),
        *sorted((ROOT / "benchmarks").rglob("*.md")),
    )
    if path.name != "CHANGELOG.md"
)
_FENCE: Final = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
_LINK: Final = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _blocks(path: Path, language: str) -> list[str]:
    return [code for _, word, code in _FENCE.findall(path.read_text("utf-8")) if word == language]


def _with_python() -> list[Path]:
    return [path for path in PAGES if any("--8<--" not in code for code in _blocks(path, "python"))]


@pytest.mark.parametrize("page", _with_python(), ids=_name)
def test_python_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Python of a page runs from top to bottom in an empty directory that has one recording."""
    monkeypatch.chdir(tmp_path)
    Path("camera.mp4").write_bytes(bytes(range(256)) * 1000)
    namespace: dict[str, object] = {"__name__": "__page__"}
    ran = 0

    for code in _blocks(page, "python"):
        if "--8<--" in code:
            continue
        exec(compile(code, _name(page), "exec"), namespace)  # noqa: S102 -- that is the test
        ran += 1

    assert ran > 0


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link of a page names a file that exists."""
    text = _FENCE.sub("", page.read_text("utf-8"))
    broken = [
        target
        for target in _LINK.findall(text)
        if "://" not in target
        and not target.startswith("mailto:")
        and not (page.parent / target).exists()
    ]

    assert [] == broken


def _commands() -> Iterator[str]:
    """Every command of the program, as it is typed."""
    typer = pytest.importorskip("typer")
    try:
        app: Any = importlib.import_module("bwcstore.cli._app").build()
    except ImportError:
        pytest.skip("the program is not there yet")

    def walk(command: Any, name: str) -> Iterator[str]:
        children = getattr(command, "commands", {})
        if not children:
            yield name
        for child, found in sorted(children.items()):
            if not found.hidden:
                yield from walk(found, f"{name} {child}")

    yield from walk(typer.main.get_command(app), "bwcstore")


def test_every_command_is_described() -> None:
    """The reference of the command line has a heading for every command."""
    text = (ROOT / "docs/reference/cli.md").read_text("utf-8")
    missing = [command for command in _commands() if f"## `{command}`" not in text]

    assert [] == missing


def test_no_command_is_invented() -> None:
    """The reference of the command line describes no command that does not exist."""
    text = (ROOT / "docs/reference/cli.md").read_text("utf-8")
    described = set(re.findall(r"^## `(bwcstore [^`]*)`", text, re.MULTILINE))

    assert set() == described - set(_commands())


def test_every_error_code_is_described() -> None:
    """The page of error codes describes every code, and none that does not exist."""
    text = (ROOT / "docs/reference/error-codes.md").read_text("utf-8")
    described = re.findall(r"^\| `([a-z0-9-]+)` \| \S", text, re.MULTILINE)

    assert sorted(ErrorKind) == sorted(described)
