"""The audit chapter is enough: what cannot have been done both verifiers name alike."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from bwcstore import _layout
from bwcstore.errors import ErrorKind
from tests.unit.audit import test_custody as custody
from tests.unit.audit import test_purges as purges
from tests.unit.audit.purges import Town, purged
from tests.unit.audit.test_rows import busy, commit

HERE: Final = Path(__file__).parent
LAWS: Final = {ErrorKind.PURGE_UNPROVEN}
"""What only the law can show: the independent verifier does not judge by it."""

ANSWERER: Final = """
import json, sys
from pathlib import Path
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
from verifier import Verifier
for line in sys.stdin:
    report = Verifier.over(Path(line.rstrip())).run(None, [])
    found = [one for one in report.found if one["severity"] != "note"]
    print(json.dumps(sorted({(one["severity"], one["code"]) for one in found})), flush=True)
"""

Ask = Callable[[Town], set[tuple[str, str]]]


@pytest.fixture(scope="module", name="ask")
def ask_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """What the independent verifier finds in a store: severities and codes."""
    command = [sys.executable, "-I", "-c", ANSWERER, str(HERE)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as answerer:

        def ask(town: Town) -> set[tuple[str, str]]:
            root = tmp_path_factory.mktemp("town")
            for name, data in town.contents.items():
                path = root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
            assert answerer.stdin is not None
            assert answerer.stdout is not None
            answerer.stdin.write(f"{root}\n")
            answerer.stdin.flush()
            return {(severity, code) for severity, code in json.loads(answerer.stdout.readline())}

        yield ask
        answerer.stdin.close() if answerer.stdin else None


def ours(town: Town) -> set[tuple[str, str]]:
    """What an audit without keys finds, but for what only the law can show."""
    found = (one for one in town.audit().findings if one.code not in LAWS)
    return {(one.severity.value, one.code.value) for one in found if one.severity != "note"}


def _in_town(spoil: Callable[[Town], None]) -> Town:
    town = Town()
    spoil(town)
    town.close()
    return town


def _when_due(spoil: Callable[[Town], None]) -> Town:
    town = purges.due()
    spoil(town)
    town.close()
    return town


@pytest.mark.parametrize(
    ("spoil", "expected"), custody.IMPOSSIBLE, ids=lambda one: getattr(one, "__name__", "")
)
def test_both_find_impossible_custody(
    ask: Ask, spoil: Callable[[Town], None], expected: ErrorKind
) -> None:
    """An entry that cannot be true has the same code in both."""
    town = _in_town(spoil)

    assert {("error", expected.value)} == ours(town) == ask(town)


@pytest.mark.parametrize(
    ("spoil", "expected"), purges.IMPOSSIBLE, ids=lambda one: getattr(one, "__name__", "")
)
def test_both_find_impossible_destructions(
    ask: Ask, spoil: Callable[[Town], None], expected: ErrorKind
) -> None:
    """A destruction that cannot have been done has the same code in both."""
    town = _when_due(spoil)

    assert ("error", expected.value) in ours(town)
    assert ours(town) == ask(town)


def _bytes_back(town: Town) -> str:
    town.contents[_layout.segment(town.clip, 0)] = b"back"
    return "purged-bytes-present"


def _no_annex(town: Town) -> str:
    del town.contents[next(name for name in town.contents if name.startswith("annex/"))]
    return "annex-missing"


def _other_annex(town: Town) -> str:
    town.contents[next(name for name in town.contents if name.startswith("annex/"))] = b"{}"
    return "annex-digest"


@pytest.mark.parametrize("tamper", [_bytes_back, _no_annex, _other_annex])
def test_both_find_what_was_tampered_with(ask: Ask, tamper: Callable[[Town], str]) -> None:
    """What was destroyed and what entries name stays as it was, in the eyes of both."""
    town = purged()
    town.close()
    clean = ours(town), ask(town)
    expected = tamper(town)

    assert (set(), set()) == clean
    assert {("error", expected)} == ours(town) == ask(town)


def test_both_make_the_same_rows(ask: Ask) -> None:
    """Both compute the state that entries commit to, of now and of before, and find another."""
    for said, expected in (({}, set()), ({"root": "1" * 64}, {("error", "state-root")})):
        for behind in (0, 4):
            town = busy()
            commit(town, behind=behind, **said)
            town.close()

            assert expected == ours(town) == ask(town)
