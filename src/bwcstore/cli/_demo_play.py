"""Playing a recording through PyAV, from a path or out of the store, and naming its pictures."""

import hashlib
from io import RawIOBase
from pathlib import Path
from typing import Any, Final

import attrs

_MICROSECONDS: Final = 1_000_000
_TOLERANCE_SECONDS: Final = 0.001

Playable = Path | RawIOBase


@attrs.frozen(kw_only=True)
class Picture:
    """One decoded frame: when it is shown, in seconds, and the SHA-256 of its samples."""

    seconds: float
    digest: str


@attrs.frozen(kw_only=True)
class Playback:
    """A recording decoded from its first picture to its last.

    Attributes:
        pictures: how many there were.
        samples: how many samples of sound.
        seconds: where the last picture is shown.
        digest: SHA-256 over the digests of all pictures in order.
    """

    pictures: int
    samples: int
    seconds: float
    digest: str


def play_if_possible(source: Playable) -> Playback | None:
    """Decode everything; None where PyAV is absent, or cannot decode it to its end."""
    try:
        import av  # noqa: PLC0415 - the extra `media`; loading it costs 100 ms
    except ModuleNotFoundError:
        return None
    try:
        played = play(source)
    except (av.FFmpegError, OSError, ValueError, ArithmeticError):
        return None
    return played if played.pictures else None


def play(source: Playable) -> Playback:
    """Decode everything, sound and picture."""
    import av  # noqa: PLC0415 - as above

    digest = hashlib.sha256()
    pictures = samples = 0
    seconds = 0.0
    with av.open(_handle(source), mode="r", metadata_errors="replace") as container:
        for frame in container.decode(*_streams(container)):
            if isinstance(frame, av.VideoFrame):
                pictures += 1
                seconds = float(frame.time or 0.0)
                digest.update(bytes.fromhex(_digest(frame)))
            else:
                samples += frame.samples
    return Playback(pictures=pictures, samples=samples, seconds=seconds, digest=digest.hexdigest())


def seek(source: Playable, positions: tuple[float, ...]) -> tuple[Picture, ...]:
    """Jump to each position, in seconds, and decode the first picture from there on.

    A recording that cannot be jumped about in gives fewer pictures than positions.
    """
    import av  # noqa: PLC0415 - as above

    found = []
    with av.open(_handle(source), mode="r", metadata_errors="replace") as container:
        video = container.streams.video[0]
        start = float((video.start_time or 0) * (video.time_base or 1))
        for position in positions:
            try:
                picture = _jump(container, video, position + start)
            except av.FFmpegError:
                break
            if picture is not None:
                found.append(picture)
    return tuple(found)


def _jump(container: Any, video: Any, seconds: float) -> Picture | None:
    container.seek(int(seconds * _MICROSECONDS))
    for frame in container.decode(video):
        shown = float(frame.time or 0.0)
        if shown + _TOLERANCE_SECONDS >= seconds:
            return Picture(seconds=shown, digest=_digest(frame))
    return None


def _streams(container: Any) -> list[Any]:
    return [stream for stream in container.streams if stream.type in ("video", "audio")]


def _handle(source: Playable) -> Any:
    return str(source) if isinstance(source, Path) else source


def _digest(frame: Any) -> str:
    """SHA-256 over the rows of every plane; what pads a row to its memory width is no picture."""
    digest = hashlib.sha256(f"{frame.width}x{frame.height} {frame.format.name}".encode())
    for plane in frame.reformat(format="yuv420p").planes:
        data = memoryview(plane)
        width = plane.width
        if plane.line_size == width:
            digest.update(data[: width * plane.height])
            continue
        for row in range(plane.height):
            start = row * plane.line_size
            digest.update(data[start : start + width])
    return digest.hexdigest()
