"""The program as cron and people run it: a purge from nothing due to a certificate."""

import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Final

import attrs
import pytest

from tests.integration.cli_desk import PROGRAM, Desk

ROOT: Final = Path(__file__).parents[2]
GUIDE: Final = ROOT / "docs/guides/purge-on-schedule.md"
AGENCY: Final = ROOT / "tests/simulation/agency.toml"
FACTS: Final = (
    ("source_kind", "worn"),
    ("discharge", "none"),
    ("force_result", "none"),
    ("deadly_force", "false"),
    ("criminal_investigation", "none"),
    ("force_reported", "false"),
)


@attrs.frozen(kw_only=True)
class Night:
    """A desk on which the script of the guide runs as cron runs it."""

    desk: Desk
    script: Path

    def run(self) -> str:
        """Run the script once; what it prints, which cron would mail."""
        folder = self.desk.root
        done = subprocess.run(
            ["bash", str(self.script)],
            cwd=folder,
            env={**self.desk.variables, "PATH": f"{folder / 'bin'}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

        assert "Traceback" not in done.stderr
        return done.stdout

    @property
    def mails(self) -> list[str]:
        """The subjects of what was mailed."""
        sent = self.desk.root / "mails"
        return sent.read_text().splitlines() if sent.exists() else []


@pytest.fixture
def night(tmp_path: Path) -> Night:
    """A store with one recording that is due, and the script of the guide for it."""
    for tool in ("bash", "jq"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    desk = Desk(root=tmp_path)
    (tmp_path / "bin").mkdir()
    (tmp_path / "plans").mkdir()
    _program(tmp_path / "bin/bwcstore", f'exec {sys.executable} -c "{PROGRAM}" "$@"')
    _program(tmp_path / "bin/mail", f'echo "$2" >> {tmp_path}/mails; cat > /dev/null')
    desk.run("init")
    for login in ("lee", "kim", "nightly"):
        desk.run("actor", "key", f"evidence.{login}.pem")
        key = f"evidence.{login}.pem"
        desk.run("actor", "enrol", login, "--role", "records", "--key", key)
    desk.run("law", "adopt", "--pack", "us-mn", "--agency", str(AGENCY))
    desk.run("policy", "set", "--brake-days", "0", "--waiting-hours", "0")
    return Night(desk=desk, script=_script(tmp_path))


def _program(path: Path, line: str) -> None:
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def _script(folder: Path) -> Path:
    """The script of the guide, with the places of this test."""
    found = re.search(r"^```bash\n(.*?)^```", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert found is not None
    text = found[1]
    for there, here in (
        ("/evidence/store", str(folder / "evidence")),
        ("/srv/plans", str(folder / "plans")),
    ):
        assert there in text
        text = text.replace(there, here)
    path = folder / "nightly.sh"
    path.write_text(text)
    return path


def _due(desk: Desk, name: str) -> str:
    """Ingest a recording that is due; return its id."""
    (desk.root / name).write_bytes(name.encode() * 1000)
    found = str(desk.run("ingest", name, "--json").document["object"])
    desk.run("correct-time", found, "2025-01-10T10:00:00-06:00", "--statement", "camera log")
    for fact, value in FACTS:
        desk.run("fact", "assert", fact, value, "--object", found)
    return found


def test_the_guides_script_purges_what_people_approved(night: Night) -> None:
    """Night by night: nothing due, proposed, reminded, run, done; and never without approval."""
    desk = night.desk
    nothing = night.run()
    due = _due(desk, "due.mp4")
    proposed = night.run()
    night.run()
    plan = desk.run("purge", "status", "--json", expected=12).document["plans"][0]
    segments = list((desk.root / f"evidence/objects/{due}").glob("0*"))

    assert "" == nothing
    assert plan["plan"] in proposed
    assert ["A purge plan waits for approval"] == night.mails
    assert 1 == len(segments)

    digest = plan["plan_sha256"]
    # The law of this store is new, and that asks for one approval more.
    for login in ("lee", "kim"):
        key = ("--actor", login, "--actor-key", f"evidence.{login}.pem")
        desk.run("purge", "approve", plan["plan"], "--digest", digest, *key)
    ran = night.run()

    assert "destroyed   1" in ran
    assert [] == [path for path in segments if path.exists()]
    assert "" == night.run()
    assert ["A purge plan waits for approval"] == night.mails

    desk.run("purge", "certificate", plan["plan"], "-o", "certificates", "--history", "history")
    vkey = desk.run("doctor", "--json", expected=1).document["verifier_key"]
    (written,) = (desk.root / "plans").iterdir()
    told = desk.run(
        "verify-certificate", f"certificates/{due}.certificate.json", "--vkey", vkey, "--history",
        "history", "--plan", str(written), "--json",
    ).document  # fmt: skip

    assert (due, {"history": True, "plan": True}) == (told["object"], told["checked"])
    desk.run("verify", "--with-keys")
