"""Uncovering from the command line."""

import pytest

from bwcstore.cli import _repair
from bwcstore.cli._app import run
from bwcstore.cli._exit import Exit
from bwcstore.testing import VersionedMemoryBackend, World
from tests.unit.cli.acting import let_act
from tests.unit.covers import garbage, marker
from tests.unit.session.covering import filled, one_of_each


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> VersionedMemoryBackend:
    """A store in simulated storage that the command opens."""
    bucket, store, _ = filled(World(), grants=1)

    let_act(monkeypatch, _repair, store)
    return bucket


def test_nothing_is_covered(
    office: VersionedMemoryBackend, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both forms say so, and end well."""
    codes = [run(["repair", "shadows"]), run(["repair", "shadows", "--dry-run"])]

    assert [*office.list("")]
    assert [Exit.OK, Exit.OK] == codes
    assert 2 == capsys.readouterr().err.count("nothing is covered")


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_covers_are_told_and_removed(
    office: VersionedMemoryBackend, capsys: pytest.CaptureFixture[str], form: list[str]
) -> None:
    """A dry run finds and leaves them; a repair removes them."""
    name = one_of_each(office)["manifest"]
    garbage(office, name)
    marker(office, name)
    ids = [one.version_id for one in office.versions(name)]
    first = run(["repair", "shadows", "--dry-run", *form])
    told = capsys.readouterr().out
    count = len(office.versions(name))
    second = run(["repair", "shadows", *form])
    done = capsys.readouterr().out

    assert (Exit.FINDINGS, 3, Exit.OK) == (first, count, second)
    assert all(one in told and one in done for one in [name, *ids])
    assert 1 == len(office.versions(name))


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_what_is_left_is_told(
    office: VersionedMemoryBackend, capsys: pytest.CaptureFixture[str], form: list[str]
) -> None:
    """A cover under a hold and a name without a right version: exit code 1."""
    names = one_of_each(office)
    garbage(office, names["manifest"])
    office.place_legal_hold(names["manifest"], office.versions(names["manifest"])[0].version_id)
    office._bucket.versions[names["checkpoint"]].clear()
    marker(office, names["checkpoint"])
    code = run(["repair", "shadows", *form])
    out = capsys.readouterr().out

    assert Exit.FINDINGS == code
    assert names["checkpoint"] in out
    assert names["manifest"] in out
    assert "the storage keeps it" in out
