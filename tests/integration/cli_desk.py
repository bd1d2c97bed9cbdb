"""A directory in which the program is run as its users run it."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import attrs

SOURCE: Final = Path(__file__).parents[2] / "src"
PROGRAM: Final = "import bwcstore.cli; bwcstore.cli.main()"
VIDEO: Final = bytes(range(256)) * 1200


@attrs.frozen(kw_only=True)
class Done:
    """How one run ended."""

    code: int
    out: bytes
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on standard output."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """The JSON documents on standard output, one per line."""
        return [json.loads(line) for line in self.out.splitlines()]


@attrs.frozen(kw_only=True)
class Desk:
    """A directory to work in, and the variables that every command finds."""

    root: Path

    @property
    def variables(self) -> dict[str, str]:
        """The environment of the program."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return {
            **kept,
            "PYTHONPATH": str(SOURCE),
            "PYTHONWARNINGS": "error",
            "BWCSTORE_STORE": str(self.root / "evidence"),
            "BWCSTORE_ACTOR": "rivera",
            "BWCSTORE_REASON": "a test",
        }

    def run(
        self,
        *arguments: str | bytes,
        stdin: bytes = b"",
        variables: Mapping[str, str] | None = None,
        expected: int = 0,
    ) -> Done:
        """Run the program and check its exit code."""
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, *arguments],
            cwd=self.root,
            env={**self.variables, **(variables or {})},
            input=stdin,
            capture_output=True,
            check=False,
            timeout=120,
        )
        err = done.stderr.decode()

        assert "Traceback" not in err
        assert expected == done.returncode, err
        return Done(code=done.returncode, out=done.stdout, err=err)


def ingest(desk: Desk) -> list[Any]:
    """Ingest the dock folder; what was told of each file, in order of names."""
    found = desk.run("ingest", "dock", "--json").lines
    return sorted(found, key=lambda one: str(one["source"]))


def readable(desk: Desk) -> str:
    """Ingest, authorize, and return the larger object's id."""
    object_id = str(ingest(desk)[0]["object"])
    desk.run("authorize", "rivera", "--for", "records")
    return object_id
