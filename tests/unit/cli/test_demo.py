"""The parts of the demonstration: recordings, playing them, and forging a ledger."""

import hashlib
import json
from io import FileIO
from pathlib import Path
from typing import Any

import pytest

from bwcstore.cli._demo_attacks import attacks
from bwcstore.cli._demo_clips import CLIPS, FRAMES_PER_SECOND, make_clip
from bwcstore.cli._demo_play import play, play_if_possible, seek

CLIP = CLIPS[-1]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The smallest recording of the demonstration."""
    pytest.importorskip("av")
    return make_clip(CLIP, tmp_path_factory.mktemp("clips"))


def _painted_number(frame: Any) -> int:
    """What the squares on a picture say."""
    plane = frame.planes[0]
    side = frame.width // 18
    data = bytes(plane)
    row = (side + side // 2) * plane.line_size
    squares = (data[row + side * (bit + 1) + side // 2] for bit in range(16))
    return int("".join("1" if value > 128 else "0" for value in squares), 2)


def test_every_picture_shows_its_number(clip: Path) -> None:
    """What was painted survives the codec: each picture can be told from every other."""
    av = pytest.importorskip("av")
    with av.open(str(clip)) as container:
        numbers = [_painted_number(frame) for frame in container.decode(video=0)]

    assert list(range(CLIP.seconds * FRAMES_PER_SECOND)) == numbers


def test_clips_are_the_same_on_every_run(clip: Path, tmp_path: Path) -> None:
    """The demonstration tells the same story on every run."""
    assert make_clip(CLIP, tmp_path).read_bytes() == clip.read_bytes()


def test_playing_from_a_file_object_gives_the_same(clip: Path) -> None:
    """A path and a seekable file give the same pictures, whole and after jumps."""
    positions = (2.5, 0.5, 1.0)
    with FileIO(clip) as file:
        assert play(clip) == play(file)
    with FileIO(clip) as file:
        assert seek(clip, positions) == seek(file, positions)

    assert [2.52, 0.52, 1.0] == [round(one.seconds, 2) for one in seek(clip, positions)]


def test_one_changed_picture_changes_the_digest(clip: Path, tmp_path: Path) -> None:
    """A comparison of pictures that could not fail would be worth nothing."""
    data = bytearray(clip.read_bytes())
    data[len(data) // 2] ^= 0xFF
    (tmp_path / "changed.mp4").write_bytes(data)

    changed = play_if_possible(tmp_path / "changed.mp4")
    assert changed is None or changed.digest != play(clip).digest


def test_what_cannot_be_played_is_told(tmp_path: Path) -> None:
    """Bytes that are no recording are no error."""
    pytest.importorskip("av")
    (tmp_path / "letter.txt").write_text("Dear Sir or Madam")

    assert play_if_possible(tmp_path / "letter.txt") is None


def _leaf(index: int, after: str, scope: str, seq: int, prev: str, **more: object) -> bytes:
    value = {
        "after": after,
        "body": {"purpose": "investigation"},
        "decided": {"store_head": "0" * 64, "store_seq": 0},
        "index": index,
        "kind": "object.accessed",
        "scope": {"id": scope, "prev": prev, "prev_index": index, "seq": seq},
        **more,
    }
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _hash(line: bytes) -> str:
    return hashlib.sha256(b"\x00" + line).hexdigest()


def test_the_forger_leaves_no_broken_link(tmp_path: Path) -> None:
    """After every hash was recomputed, links, scopes and batches fit: only signatures can tell."""
    batches = tmp_path / "ledger/0/batch"
    batches.mkdir(parents=True)
    (tmp_path / "objects/x").mkdir(parents=True)
    (tmp_path / "objects/x/00000000").write_bytes(bytes(64))
    first = _leaf(0, "0" * 64, "object/a", 0, "0" * 64)
    second = _leaf(1, _hash(first), "object/a", 1, _hash(first))
    (batches / "000000000000").write_bytes(
        b'{"batch":0,"prev_batch_sha256":"'
        + b"0" * 64
        + b'"}\n'
        + first
        + b'\n{"payload":"eA=="}\n'
    )
    (batches / "000000000001").write_bytes(
        b'{"batch":1,"prev_batch_sha256":"' + b"1" * 64 + b'"}\n' + second + b"\n"
    )
    forge = next(one for one in attacks(tmp_path, chunk_bytes=1 << 16) if "recompute" in one.title)
    forge.apply(tmp_path)
    head, forged, payload = (batches / "000000000000").read_bytes().splitlines()
    next_head, following = (batches / "000000000001").read_bytes().splitlines()

    assert json.loads(forged)["body"]["purpose"] == "training"
    assert payload == b'{"payload":"eA=="}'
    assert _hash(forged) == json.loads(following)["after"]
    assert _hash(forged) == json.loads(following)["scope"]["prev"]
    batch = hashlib.sha256(head + b"\n" + forged + b"\n").hexdigest()
    assert batch == json.loads(next_head)["prev_batch_sha256"]


def test_chunks_are_swapped_only_where_there_are_two(tmp_path: Path) -> None:
    """The smallest recording has one chunk: that attack is then left out."""
    (tmp_path / "objects/x").mkdir(parents=True)
    segment = tmp_path / "objects/x/00000000"
    segment.write_bytes(bytes(64))
    few = {one.title for one in attacks(tmp_path, chunk_bytes=64)}
    segment.write_bytes(bytes(128))
    more = {one.title for one in attacks(tmp_path, chunk_bytes=64)}

    assert {"swap two chunks of a segment"} == more - few
