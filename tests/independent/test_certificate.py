"""The chapter on certificates is enough: a verifier that shares no code agrees with ours, and so
do the standard tools of a shell.
"""

import importlib
import json
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from bwcstore.errors import BwcStoreError
from bwcstore.purge._certificate import verify_certificate
from tests.unit.purge.destroyed import Ledger, Story, tell
from tests.unit.purge.test_certificate_changes import another, canonical, leaves

HERE: Final = Path(__file__).parent
sys.path.append(str(HERE))  # its modules lie side by side
verifier: Any = importlib.import_module("certificate")
refused: Any = importlib.import_module("canonical").RefusedError
sys.path.remove(str(HERE))

CHAPTER: Final = HERE.parents[1] / "docs/spec/certificate.md"
CHANGES: Final = 60
STORIES: Final = (
    Story(),
    Story(signing=False, epochs=2),
    Story(segments=70, generation=True),
    Story(epochs=0, root=None, hold=False, request=False),
    Story(root=None),
    Story(root="kept", kept={"tape": "kept"}),
    Story(backups={}, kept={}, query=None),
)


def independent(raw: bytes, ledger: Ledger) -> bool:
    """Whether the other verifier accepts a certificate."""
    try:
        verifier.check(raw, str(ledger.key))
    except refused:
        return False
    return True


def ours(raw: bytes, ledger: Ledger) -> bool:
    """Whether the library accepts it."""
    try:
        verify_certificate(raw, key=ledger.key)
    except BwcStoreError:
        return False
    return True


@pytest.mark.spec("CRT-7", "CRT-10", "CRT-16", "CRT-17", "CRT-18")
@pytest.mark.parametrize("story", STORIES, ids=range(len(STORIES)))
def test_both_read_the_same(story: Story) -> None:
    """Every statement that ours computes is the one that the other computes."""
    ledger = tell(story)
    raw = ledger.certificate()
    stated = verifier.check(raw, str(ledger.key))

    assert json.loads(canonical(dict(ledger.verify(raw).statement))) == stated


@pytest.mark.spec("CRT-8", "CRT-9", "CRT-11", "CRT-13", "CRT-14", "CRT-15")
def test_both_refuse_the_same() -> None:
    """Whatever is changed, left out or swapped, neither accepts."""
    ledger = tell()
    raw = ledger.certificate()
    document = json.loads(raw)
    chosen = random.Random(4)
    paths = [path for path in leaves(document) if path[0] != "checkpoints"]
    changed = []
    for path in chosen.sample(paths, CHANGES):
        other = json.loads(raw)
        inner = other
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = another(inner[path[-1]])
        changed.append(other)
    for number in range(len(document["entries"])):
        left = [one for n, one in enumerate(document["entries"]) if n != number]
        changed.append({**document, "entries": left})

    assert (True, True) == (independent(raw, ledger), ours(raw, ledger))
    assert [] == [
        other
        for other in changed
        if independent(canonical(other), ledger) or ours(canonical(other), ledger)
    ]


def test_it_is_a_program(tmp_path: Path) -> None:
    """It runs by itself, on a file and a key, and says what it found by its exit code."""
    ledger = tell()
    file = tmp_path / "certificate.json"
    for raw, expected in ((ledger.certificate(), 0), (ledger.certificate()[:-1], 1)):
        file.write_bytes(raw)
        done = subprocess.run(
            [sys.executable, "-S", str(HERE / "certificate.py"), str(file), str(ledger.key)],
            capture_output=True,
            check=False,
            text=True,
        )

        assert expected == done.returncode, done.stderr


def by_hand(raw: bytes, vkey: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    """Run the commands of the chapter, as somebody would paste them."""
    for tool in ("bash", "jq", "openssl", "sha256sum", "xxd"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    found = re.search(r"^```bash\n(.*?)^```", CHAPTER.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert found is not None
    (folder / "certificate.json").write_bytes(raw)
    return subprocess.run(
        ["bash", "-c", found[1]],
        cwd=folder,
        env={
            "PATH": "/usr/bin:/bin",
            "LC_ALL": "C.UTF-8",
            "cert": "certificate.json",
            "vkey": vkey,
        },
        capture_output=True,
        check=False,
        text=True,
    )


def seeded(seed: int) -> Ledger:
    """A story in a world of its own."""
    return tell(seed=seed)


def plus_in(ledger: Ledger) -> bool:
    """Whether the base64 of a key has the sign that also separates its parts."""
    return str(ledger.key).count("+") > 2


@pytest.mark.spec("CRT-1", "CRT-2", "CRT-3", "CRT-10")
def test_a_shell_proves_the_leaves(tmp_path: Path) -> None:
    """The commands of the chapter accept a certificate, and refuse another leaf, proof or key."""
    ledger = tell(Story(hold=False, request=False, root=None))
    raw, vkey = ledger.certificate(), str(ledger.key)
    whole = by_hand(raw, vkey, tmp_path)
    document = json.loads(raw)
    leaf, proof = json.loads(raw), json.loads(raw)
    leaf["entries"][1]["leaf"] = document["entries"][1]["leaf"].replace('"v":1', '"v":2')
    proof["entries"][1]["proof"][1] = "0" * 64
    wrong = [
        by_hand(canonical(leaf), vkey, tmp_path),
        by_hand(canonical(proof), vkey, tmp_path),
        by_hand(raw, str(tell(seed=8).key), tmp_path),
        by_hand(raw.replace(b'"format":', b'"format": '), vkey, tmp_path),
    ]

    plus = next(one for one in map(seeded, range(99)) if plus_in(one))
    other = by_hand(plus.certificate(), str(plus.key), tmp_path)

    assert (0, 0) == (whole.returncode, other.returncode), whole.stderr + other.stderr
    assert len(document["entries"]) == whole.stdout.count("\t") // 4
    assert [] == [one.stdout for one in wrong if one.returncode == 0]
