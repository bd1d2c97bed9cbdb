"""What a container says of itself, and what is never asked."""

from pathlib import Path

import pytest

from bwcstore import _media
from bwcstore._media import read_facts
from bwcstore._values import Instant

av = pytest.importorskip("av")


def clip(path: Path, *, created: str | None = "2026-03-14T09:26:53Z") -> Path:
    """A real film of a quarter of a second."""
    with av.open(str(path), "w") as container:
        if created is not None:
            container.metadata["creation_time"] = created
        stream = container.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(6):
            frame = av.VideoFrame(64, 48, "yuv420p")
            for packet in stream.encode(frame):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv", "avi", "ts"])
def test_a_film_declares_its_streams(tmp_path: Path, ending: str) -> None:
    """Whatever the container: duration, codec and picture size."""
    facts = read_facts(str(clip(tmp_path / f"clip.{ending}")))

    assert facts is not None
    assert ("video h264 64x48",) == facts.streams
    assert facts.duration_microseconds == pytest.approx(250_000, abs=60_000)


def test_the_declared_time_is_kept_as_declared(tmp_path: Path) -> None:
    """It becomes a claim, and an absent one becomes none."""
    told = read_facts(str(clip(tmp_path / "told.mp4")))
    silent = read_facts(str(clip(tmp_path / "silent.mp4", created=None)))

    assert told is not None
    assert silent is not None
    assert (Instant.parse("2026-03-14T09:26:53.000000Z"), None) == (told.created, silent.created)


@pytest.mark.parametrize(
    "data", [b"", b"x", bytes(5000), b"\x00\x00\x00\x18ftyp" + b"\xff" * 5000, b"RIFF" * 200]
)
def test_what_is_no_film_declares_nothing(tmp_path: Path, data: bytes) -> None:
    """Nothing is raised, whatever the bytes begin like."""
    path = tmp_path / "noise"
    path.write_bytes(data)

    assert read_facts(str(path)) is None


def test_only_what_begins_like_a_film_is_handed_to_the_decoder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Megabytes would be read of anything else before it is given up."""
    path = tmp_path / "noise"
    path.write_bytes(bytes(range(256)) * 100)

    def never(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr(av, "open", never)

    assert read_facts(str(path)) is None
    assert read_facts(str(tmp_path / "absent")) is None


def test_without_the_extra_nothing_is_declared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The extra `media` is optional."""
    monkeypatch.setattr(_media, "available", lambda: False)

    assert read_facts(str(clip(tmp_path / "clip.mp4"))) is None
