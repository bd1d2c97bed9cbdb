"""A purge that is killed at random moments, hundreds of times, ends where it should."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from bwcstore._system import SystemClock, SystemEntropy
from bwcstore.audit._run import audit_store
from bwcstore.storage._keysource import KeyFile
from bwcstore.storage._local import LocalBackend
from bwcstore.storage._vault import DirectoryVault

HERE: Final = Path(__file__).parents[2]
KILLS: Final = 200
# Begun; keys destroyed and bytes half; all destroyed, and the key epoch has not ended.
STAGES: Final = {"keys-there", "bytes-going", "epoch-there"}


@pytest.mark.slow
@pytest.mark.spec("PRG-12", "PRG-15", "PRG-16")
def test_a_killed_purge_ends_where_it_should(tmp_path: Path) -> None:
    """Every recording of the plan is destroyed, once, and nothing is wrong with the store."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.integration.purge_killer", tmp_path, "1", str(KILLS)],
        cwd=HERE,
        env={**os.environ, "PYTHONPATH": f"{HERE / 'src'}{os.pathsep}{HERE}"},
        capture_output=True,
        timeout=200,
        check=False,
    )

    assert 0 == done.returncode, done.stderr.decode()[-3000:] + done.stdout.decode()[-500:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["killed"] >= KILLS
    assert STAGES <= found["met"].keys()
    for number in range(found["stores"]):
        root = tmp_path / str(number) / "store"
        vault = DirectoryVault.open(
            [LocalBackend(root.with_name("store.vault"))],
            source=KeyFile(root.parent / "root.key"),
            entropy=SystemEntropy(),
            clock=SystemClock(),
        )
        report = audit_store(LocalBackend(root), vault=vault)
        assert [] == [one for one in report.findings if one.severity == "error"]
