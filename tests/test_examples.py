"""Every example is one short story that runs, and asserts its own outcome."""

import ast
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[1]
EXAMPLES: Final = tuple(sorted((ROOT / "examples").glob("[0-9][0-9]_*.py")))
LINES_MAX: Final = 80


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_it_runs(example: Path, tmp_path: Path) -> None:
    """An example runs in an empty directory, without arguments, with warnings as errors."""
    done = subprocess.run(
        [sys.executable, "-W", "error", str(example)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (0, "") == (done.returncode, done.stderr)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_it_is_short_public_and_checks_itself(example: Path) -> None:
    """An example is short, uses public names only, and asserts."""
    text = example.read_text("utf-8")
    tree = ast.parse(text)
    imported = [
        node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)
    ] + [one.name for node in ast.walk(tree) if isinstance(node, ast.Import) for one in node.names]

    assert len(text.splitlines()) <= LINES_MAX
    assert [] == [name for name in imported if "._" in name]
    assert any(isinstance(node, ast.Assert) for node in ast.walk(tree))
    assert ast.get_docstring(tree)
