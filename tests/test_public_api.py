"""The public surface: what is importable without an underscore, and nothing else."""

import importlib
import inspect
import re
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest

import bwcstore

ROOT: Final = Path(__file__).parents[1]
PACKAGES: Final = tuple(
    sorted(
        ".".join(path.parent.relative_to(ROOT / "src").parts)
        for path in (ROOT / "src").rglob("__init__.py")
        if not path.parent.name.startswith("_")
    )
)
# Importable, but a program and not an interface.
PROGRAMS: Final = frozenset({"bwcstore.cli"})
PUBLIC: Final = tuple(name for name in PACKAGES if name not in PROGRAMS)


def _exported(module: ModuleType) -> list[str]:
    names = getattr(module, "__all__", None)
    assert names is not None, f"{module.__name__} has no __all__"
    return list(names)


@pytest.mark.parametrize("package", PUBLIC)
def test_exports_are_listed_and_sorted(package: str) -> None:
    """Every public name of a package is in its `__all__`, which is sorted and has no repeats."""
    module = importlib.import_module(package)
    names = {
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and not inspect.ismodule(value)
    }
    exported = _exported(module)

    assert sorted(set(exported)) == sorted(exported)
    assert names == {
        name
        for name in exported
        if not inspect.ismodule(getattr(module, name)) and not name.startswith("_")
    }
    assert sorted(exported) == exported


@pytest.mark.parametrize("package", PUBLIC)
def test_exports_are_called_what_they_are_called(package: str) -> None:
    """What is exported shows itself, in `repr` and tracebacks, under the name to import it by."""
    module = importlib.import_module(package)
    renamed = {
        name: value.__qualname__
        for name in _exported(module)
        if inspect.isclass(value := getattr(module, name)) or inspect.isfunction(value)
        if value.__qualname__ != name
    }

    assert {} == renamed


@pytest.mark.parametrize("package", PUBLIC)
def test_exports_are_at_home(package: str) -> None:
    """No package exports what belongs to another distribution."""
    module = importlib.import_module(package)
    foreign = {
        name: value.__module__
        for name in _exported(module)
        if inspect.isclass(value := getattr(module, name)) or inspect.isfunction(value)
        if not value.__module__.startswith("bwcstore")
    }

    assert {} == foreign


@pytest.mark.parametrize("package", PUBLIC)
def test_packages_are_documented(package: str) -> None:
    """Every public package has a reference page, which lists what the package exports."""
    pages = [path.read_text("utf-8") for path in (ROOT / "docs/reference").rglob("*.md")]

    assert any(f"::: {package}\n" in page for page in pages)


@pytest.mark.parametrize("package", PUBLIC)
def test_exports_have_docstrings(package: str) -> None:
    """Every public class and function, and every public method, says what it does."""
    module = importlib.import_module(package)
    silent = []
    for name in _exported(module):
        value = getattr(module, name)
        if not (inspect.isclass(value) or inspect.isfunction(value)):
            continue
        if not inspect.getdoc(value):
            silent.append(name)
        members = vars(value).items() if inspect.isclass(value) else ()
        silent += [
            f"{name}.{member}"
            for member, function in members
            if not member.startswith("_")
            and inspect.isfunction(function)
            and not inspect.getdoc(getattr(value, member))
        ]

    assert [] == silent


def test_every_name_is_used_as_a_caller_would() -> None:
    """`tests/typing/api.py`, which the type checker reads, uses every public name."""
    text = (ROOT / "tests/typing/api.py").read_text("utf-8")
    unused = [name for name in bwcstore.__all__ if not re.search(rf"\b{name}\b", text)]

    assert [] == unused


def test_version_is_said_once() -> None:
    """The package and its metadata agree on the version."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

    assert project["version"] == bwcstore.__version__
    assert f"## [{project['version']}]" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_package_is_typed() -> None:
    """Type checkers of callers read the package's own annotations."""
    assert (ROOT / "src/bwcstore/py.typed").is_file()
