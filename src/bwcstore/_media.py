"""What a video container says of itself, read with PyAV where the extra `media` is installed.

A container's claims are evidence of nothing; they are kept as one claim among others. A file
that PyAV cannot read is still evidence, so nothing here ever stops an ingest.
"""

import importlib.util
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs

from bwcstore._values import Instant
from bwcstore.errors import BwcStoreError

if TYPE_CHECKING:
    from av.stream import Stream

TEXT_MAX: Final = 200
STREAMS_MAX: Final = 32
# ISO base media (MP4, MOV); RIFF (AVI, WAV); Matroska and WebM; ASF; Ogg; FLAC; MP3; MPEG-PS.
_MP4_BOXES: Final = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide")
_MAGICS: Final = (
    b"RIFF",
    b"\x1aE\xdf\xa3",
    b"0&\xb2u\x8ef\xcf\x11",
    b"OggS",
    b"fLaC",
    b"ID3",
    b"\xff\xfb",
    b"\x00\x00\x01\xba",
)
_TS_SYNC: Final = 0x47
_TS_PACKET_BYTES: Final = 188
_HEAD_BYTES: Final = _TS_PACKET_BYTES + 1


@attrs.frozen(kw_only=True)
class MediaFacts:
    """What a container declares.

    Attributes:
        container: the demuxer's name, such as `mov,mp4,m4a,3gp,3g2,mj2`.
        duration_microseconds: as declared, or None.
        created: the declared creation time, or None where absent or malformed.
        streams: one text per stream: kind, codec and shape.
    """

    container: str
    duration_microseconds: int | None
    created: Instant | None
    streams: tuple[str, ...]


def available() -> bool:
    """Whether the extra `media` is installed."""
    return importlib.util.find_spec("av") is not None


def read_facts(path: str) -> MediaFacts | None:
    """Read what the container at `path` declares, or None when it declares nothing readable."""
    if not available() or not _begins_like_media(path):
        return None
    import av  # noqa: PLC0415 - the extra may be absent, and costs 100 ms to load

    try:
        with av.open(path, mode="r", metadata_errors="replace") as container:
            return MediaFacts(
                container=container.format.name[:TEXT_MAX],
                duration_microseconds=container.duration,
                created=_created(container.metadata.get("creation_time")),
                streams=tuple(_shown(stream) for stream in tuple(container.streams)[:STREAMS_MAX]),
            )
    except (av.FFmpegError, OSError, ValueError, ArithmeticError):
        return None


def _begins_like_media(path: str) -> bool:
    """Whether the file begins as a container does that cameras and their exports use.

    Asked first because FFmpeg reads megabytes of anything else before it gives up.
    """
    try:
        with Path(path).open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError:
        return False
    return (
        head[4:8] in _MP4_BOXES
        or head.startswith(_MAGICS)
        or (len(head) == _HEAD_BYTES and head[0] == head[_TS_PACKET_BYTES] == _TS_SYNC)
    )


def _shown(stream: "Stream") -> str:
    """One stream as a text: kind, codec, and picture size or sample rate."""
    import av  # noqa: PLC0415 - see above

    try:
        codec = stream.codec_context.name
    except AttributeError:  # A stream that FFmpeg has no decoder for has no codec context.
        codec = "unknown"
    shape = ""
    if isinstance(stream, av.VideoStream):
        shape = f" {stream.width}x{stream.height}"
    elif isinstance(stream, av.AudioStream):
        shape = f" {stream.sample_rate} Hz"
    return f"{stream.type} {codec}{shape}"


def _created(text: str | None) -> Instant | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return Instant.from_datetime(moment)
    except (ValueError, BwcStoreError):
        return None
