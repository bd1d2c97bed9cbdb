"""An office in which every command is run in this process, on a store in a directory of its own."""

import io
import json
import os
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import attrs

from bwcstore.cli._app import run

AGENCY: Final = Path(__file__).parents[2] / "simulation/agency.toml"
FACTS: Final = {
    "source_kind": "worn",
    "discharge": "none",
    "force_result": "none",
    "deadly_force": "false",
    "criminal_investigation": "none",
    "force_reported": "false",
}
LONG_AGO: Final = "2025-01-10T10:00:00-06:00"
WIDTH: Final = 80
# They print paths and keys, which are as long as they are.
LONG: Final = frozenset({"actor", "certificate", "derive", "init", "release"})


@attrs.frozen(kw_only=True)
class Done:
    """How one command ended.

    Attributes:
        out: what is on standard output.
        err: what is on standard error.
    """

    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on standard output."""
        assert 1 == self.out.count("\n")
        return json.loads(self.out)

    @property
    def text(self) -> str:
        """The one line on standard output."""
        assert 1 == self.out.count("\n")
        return self.out.strip()


@attrs.frozen(kw_only=True)
class Office:
    """A store with three actors: `rivera`, who made it, and `lee` and `kim`, who can approve."""

    root: Path

    def run(self, *arguments: str, actor: str = "rivera", expected: int = 0) -> Done:
        """Run a command as an actor; check its exit code and the width of what it prints."""
        out, err = io.StringIO(), io.StringIO()
        variables = {
            "BWCSTORE_STORE": str(self.root / "evidence"),
            "BWCSTORE_ACTOR": actor,
            "BWCSTORE_REASON": "a test",
            "COLUMNS": str(WIDTH),
        }
        with patch.dict(os.environ, variables), redirect_stdout(out), redirect_stderr(err):
            code = run(arguments)
        # How long the names of directories are made for tests is nobody's fault.
        shown = out.getvalue().replace(str(self.root), "")
        long = [line for line in shown.splitlines() if len(line) > WIDTH]

        assert expected == code, err.getvalue()
        assert {"--json", *LONG} & {*arguments[:2], *arguments[-1:]} or [] == long
        return Done(out=out.getvalue(), err=err.getvalue())

    def ingest(self, name: str, content: bytes, *options: str) -> str:
        """Ingest a recording; return its id."""
        path = self.root / name
        path.write_bytes(content)
        return str(self.run("ingest", str(path), "--json", *options).document["object"])

    def due(self, name: str, *options: str) -> str:
        """Ingest a recording that is due for destruction; return its id."""
        found = self.ingest(name, name.encode() * 100, *options)
        self.run("correct-time", found, LONG_AGO, "--statement", "the camera's own log")
        for fact, value in FACTS.items():
            self.run("fact", "assert", fact, value, "--object", found)
        return found

    def proposed(self) -> tuple[str, str]:
        """Propose what is due; return the plan's id and digest."""
        found = self.run("purge", "propose", "--json").document
        return str(found["plan"]), str(found["plan_sha256"])

    def approved(self) -> str:
        """Propose what is due and have it approved; return the plan's id."""
        plan, digest = self.proposed()
        # The law of this office is new, and that asks for one approval more.
        for login in ("lee", "kim"):
            self.run("purge", "approve", plan, "--digest", digest, actor=login)
        return plan


def open_office(root: Path) -> Office:
    """Make a store under the law of tests, whose plans need one approval and do not wait."""
    office = Office(root=root)
    office.run("init", "--quiet")
    for login in ("lee", "kim"):
        key = str(root / f"evidence.{login}.pem")
        office.run("actor", "key", key)
        office.run("actor", "enrol", login, "--role", "records", "--key", key)
    office.run("law", "adopt", "--pack", "us-mn", "--agency", str(AGENCY))
    office.run("policy", "set", "--waiting-hours", "0", "--brake-days", "0")
    return office
