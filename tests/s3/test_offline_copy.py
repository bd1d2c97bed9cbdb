"""A bucket copied to a disk is verified there, by our program and by one that shares no code.

The copies are made with plain requests. One shows each name as the bucket does, with its newest
version; the other, `first`, has the oldest version of every name, whatever lies over it.
"""

import json
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

import attrs
import pytest

from bwcstore._encoding import sha256
from bwcstore._layout import parse_candidate
from bwcstore.storage._claim import encode_claim
from tests.independent.test_independent import flip
from tests.independent.test_independent import run as run_program
from tests.integration.s3_service import S3Service
from tests.s3.copies import Copies, Copy, copy_newest, copy_oldest
from tests.s3.desk import Desk
from tests.s3.ground import PROTOCOLS, Ground
from tests.test_docs import OFFLINE, _blocks, _verify_offline

LENGTH: Final = 100_000
WITH_CLAIMS: Final = pytest.mark.parametrize("copies", ["claimed"], indirect=True)


def _live(desk: Desk) -> tuple[bytes, str]:
    """A recording is held and another destroyed; the last checkpoint, and the store's key."""
    clock = desk.begin(2, LENGTH)
    held, gone = desk.made
    with desk.ground.open(clock) as store:
        with desk.act(store) as session:
            session.place_hold("evidentiary", objects=[held])
        with store.session(actor="chief", reason="nightly") as session:
            session.sync_locks()
    desk.unlock(gone)
    with desk.ground.open() as store:
        act = desk.approve(store)
        with desk.act(store) as session:
            assert (gone,) == session.run_purge(act).completed
        return store.checkpoint(), str(store.verifier_key)


def _cover(desk: Desk, sound: Copy) -> set[str]:
    """Put other bytes over a segment and a batch, and a marker over an annex."""
    segment, batch = sound.segment(sound.held), sound.batch_with(b"hold.placed")
    annex = min((sound.evidence / "annex").iterdir())
    names = {path.relative_to(sound.evidence).as_posix() for path in (segment, batch, annex)}
    desk.put(segment.relative_to(sound.evidence).as_posix(), bytes(segment.stat().st_size))
    desk.put(batch.relative_to(sound.evidence).as_posix(), b"garbage\n")
    desk.mark(annex.relative_to(sound.evidence).as_posix())
    return names


@pytest.fixture(scope="module", params=PROTOCOLS)
def copies(
    request: pytest.FixtureRequest, s3_server: S3Service, tmp_path_factory: pytest.TempPathFactory
) -> Copies:
    """A store that has lived, copied before and after somebody covered some of its names."""
    folder = tmp_path_factory.mktemp("offline")
    ground = Ground.lay(s3_server, folder, request.param)
    with closing(s3_server.client(ground.endpoint)) as client:
        desk = Desk(ground, client)
        kept, vkey = _live(desk)
        (folder / "kept.note").write_bytes(kept)
        sound = Copy(
            evidence=folder / "sound",
            claims=folder / "claims" if ground.claimed else None,
            kept=folder / "kept.note",
            vkey=vkey,
            held=str(desk.made[0]),
            gone=str(desk.made[1]),
        )
        copy_newest(client, ground.locked, "evidence/", sound.evidence)
        copy_newest(client, ground.plain, "claims/", folder / "claims")
        covered = _cover(desk, sound)
        copy_newest(client, ground.locked, "evidence/", folder / "shown")
        copy_oldest(client, ground.locked, "evidence/", folder / "first")
    return Copies(
        sound=sound,
        shown=attrs.evolve(sound, evidence=folder / "shown"),
        first=attrs.evolve(sound, evidence=folder / "first"),
        covered=covered,
    )


@pytest.fixture
def copy(copies: Copies, tmp_path: Path) -> Copy:
    """A sound copy, to be altered."""
    return copies.sound.to(tmp_path)


@pytest.mark.spec("CLM-11")
def test_a_copy_is_in_order(copies: Copies) -> None:
    """What was copied verifies against a key and a checkpoint that were kept elsewhere: one
    recording is there, and the other destroyed. Both verifiers know every kind of entry.
    """
    sound = copies.sound
    kept = ("--vkey", sound.vkey, "--expect", sound.kept)
    done = run_program("verifier.py", sound.evidence, *sound.options, *kept)
    others = {json.loads(line)["code"] for line in done.stdout.splitlines()}

    assert set() == sound.codes(*kept)
    # The owner of these buckets may bypass what locks them.
    assert {"unproven-worm"} == others == {one["code"] for one in sound.verify(*kept)[1]}
    assert sound.segment(sound.held).is_file()
    assert not sound.segment(sound.gone).exists()


def _flip_segment(copy: Copy) -> set[str]:
    flip(copy.segment(copy.held), LENGTH // 2)
    return {"chunk-digest"}


def _lose_segment(copy: Copy) -> set[str]:
    copy.segment(copy.held).unlink()
    return {"segment-missing"}


def _bring_back(copy: Copy) -> set[str]:
    copy.segment(copy.gone).write_bytes(b"what was destroyed")
    return {"purged-bytes-present"}


def _flip_batch(copy: Copy) -> set[str]:
    path = copy.batch(7)
    flip(path, path.read_bytes().index(b'{"payload"') + 20)
    return {"payload-digest" if copy.claims is None else "claim-invalid"}


def _lose_batch(copy: Copy) -> set[str]:
    copy.batch(7).unlink()
    return {"batch-missing" if copy.claims is None else "claim-invalid"}


def _lose_first_batch(copy: Copy) -> set[str]:
    copy.batch(0).unlink()
    return {"batch-missing" if copy.claims is None else "claim-invalid"}


def _lose_last_batch(copy: Copy) -> set[str]:
    copy.batch(-1).unlink()
    return {"checkpoint-beyond" if copy.claims is None else "claim-invalid"}


ALTERATIONS: Final = (
    _flip_segment, _lose_segment, _bring_back, _flip_batch, _lose_batch, _lose_first_batch,
    _lose_last_batch,
)  # fmt: skip


@pytest.mark.spec("AUD-29")
@pytest.mark.parametrize("alter", ALTERATIONS, ids=lambda alter: alter.__name__.strip("_"))
def test_what_was_altered_is_found(copy: Copy, alter: Callable[[Copy], set[str]]) -> None:
    """Whatever is wrong with a copy is found by both, and named as the specification names it."""
    expected = alter(copy)

    assert expected <= copy.codes()


def test_a_rollback_needs_what_was_kept(copy: Copy) -> None:
    """A copy of an older state is in order alone, and not beside a checkpoint that was kept."""
    copy.batch(-1).unlink()
    if copy.claims is not None:
        copy.claim(-1).unlink()
    max((copy.evidence / "checkpoint/0").iterdir()).unlink()

    assert set() == copy.codes()
    assert {"rolled-back"} == copy.codes("--expect", copy.kept)


@pytest.mark.spec("CLM-6")
def test_covers_are_found_by_two_copies(copies: Copies) -> None:
    """A copy of what the bucket shows has the covers, and reads as damaged; that of the oldest
    versions is in order, and where the two differ is what was covered.
    """
    shown, first = copies.shown, copies.first
    batch = "batch-invalid" if shown.claims is None else "claim-invalid"

    assert {"chunk-digest", "annex-missing", batch} <= shown.codes()
    assert set() == first.codes("--expect", first.kept)
    assert copies.covered == _different(shown.evidence, first.evidence)


def _different(one: Path, other: Path) -> set[str]:
    found: list[dict[str, bytes]] = [
        {
            path.relative_to(root).as_posix(): path.read_bytes()
            for path in root.rglob("*")
            if path.is_file()
        }
        for root in (one, other)
    ]
    return {name for name in found[0] | found[1] if found[0].get(name) != found[1].get(name)}


@WITH_CLAIMS
@pytest.mark.spec("CLM-8", "CLM-10", "CLM-11")
def test_a_copy_without_its_claims(copy: Copy) -> None:
    """All but the last batch is read without claims; that the last is missing a checkpoint says."""
    bare = attrs.evolve(copy, claims=None)
    newest = max((copy.evidence / "checkpoint/0").iterdir())

    assert {"checkpoint-beyond"} == bare.codes()
    assert {"checkpoint-beyond", "rolled-back"} == bare.codes("--expect", bare.kept)
    newest.unlink()
    assert set() == bare.codes()


@WITH_CLAIMS
@pytest.mark.spec("CLM-9", "CLM-16", "AUD-29")
@pytest.mark.parametrize("what", ["lost", "altered"])
def test_a_damaged_copy_without_its_claims(copy: Copy, what: str) -> None:
    """Where a candidate is gone or altered too, nothing says which came before it: that is told,
    and the rest is verified.
    """
    path = copy.batch(7)
    if what == "lost":
        path.unlink()
    else:
        flip(path, path.stat().st_size // 2)

    assert "claim-missing" in attrs.evolve(copy, claims=None).codes()


@WITH_CLAIMS
@pytest.mark.spec("CLM-2")
def test_what_lies_under_the_name_of_a_batch_is_passed_over(copy: Copy) -> None:
    """A batch or a claim that somebody put among the evidence changes nothing."""
    path = copy.batch(9)
    path.with_name(path.name.partition("-")[0]).write_bytes(copy.claim(9).read_bytes())
    copy.batch(0).with_name("000000000000").write_bytes(b"garbage")

    assert set() == copy.codes()
    assert {"checkpoint-beyond"} == attrs.evolve(copy, claims=None).codes()


@WITH_CLAIMS
@pytest.mark.spec("CLM-8")
@pytest.mark.parametrize("number", [0, 9])
def test_a_lost_claim_costs_nothing(copy: Copy, number: int) -> None:
    """A claim in the middle that is gone is told by the batches."""
    copy.claim(number).unlink()

    assert set() == copy.codes("--expect", copy.kept)


@WITH_CLAIMS
@pytest.mark.spec("CLM-6", "CLM-7")
def test_claims_decide(copy: Copy) -> None:
    """What lost a race is passed over; a claim that names it breaks the ledger there."""
    path = copy.batch(9)
    parsed = parse_candidate(path.relative_to(copy.evidence).as_posix())
    assert parsed is not None
    name, other = parsed[0], path.read_bytes().replace(b'"nonce":"', b'"nonce":"0', 1)
    (copy.evidence / f"{name}-{sha256(other)}").write_bytes(other)
    sound = copy.codes()
    copy.claim(9).write_bytes(encode_claim(name, sha256(other)))
    named = copy.codes()
    copy.claim(9).write_bytes(b"{}")
    malformed = copy.codes()

    assert set() == sound
    assert "batch-invalid" in named
    assert {"claim-invalid"} == malformed


@WITH_CLAIMS
@pytest.mark.spec("CLM-11")
def test_a_copy_under_the_names_of_batches(copy: Copy) -> None:
    """Candidates that were given the names of their batches need no claims."""
    for path in list((copy.evidence / "ledger/0/batch").iterdir()):
        path.rename(path.with_name(path.name.partition("-")[0]))

    bare = attrs.evolve(copy, claims=None)
    assert set() == bare.codes("--vkey", bare.vkey, "--expect", bare.kept)


@WITH_CLAIMS
def test_the_guide_verifies_a_copy(copy: Copy, tmp_path: Path) -> None:
    """The commands of the guide, of which none is ours, accept a copy of both places."""
    folder = tmp_path / "copy"
    folder.mkdir()
    assert copy.claims is not None
    copy.evidence.rename(folder / "evidence")
    copy.claims.rename(folder / "claims")
    (renaming,) = (code for code in _blocks(OFFLINE, "sh") if "for claim in" in code)
    subprocess.run(["bash", "-euo", "pipefail", "-c", renaming], cwd=tmp_path, check=True)
    done = _verify_offline(folder / "plain")

    assert (0, True) == (done.returncode, f"{copy.gone}: destroyed\n" in done.stdout)


@pytest.mark.parametrize("copies", ["numbered"], indirect=True)
def test_the_guide_finds_what_should_be_destroyed(copy: Copy) -> None:
    """The commands of the guide find a segment of a recording that was destroyed."""
    copy.segment(copy.gone).write_bytes(b"what was destroyed")
    done = _verify_offline(copy.evidence)

    assert (1, True) == (done.returncode, f"{copy.gone}: not destroyed\n" in done.stdout)
