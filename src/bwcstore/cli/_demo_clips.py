"""Recordings made up for the demonstration: real H.264 and AAC in MP4, the same on every run.

Every frame shows a moving pattern, grain, and its own number as a row of black and white
squares, so that a frame decoded from the store can be told from every other.
"""

import hashlib
import math
from array import array
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import attrs

FRAMES_PER_SECOND: Final = 25
SAMPLES_PER_SECOND: Final = 48_000
_SAMPLES_PER_FRAME: Final = 1024
_NUMBER_BITS: Final = 16
_BLACK: Final = 16
_WHITE: Final = 235


@attrs.frozen(kw_only=True)
class Clip:
    """A clip to make.

    Attributes:
        name: the name of its file.
        seconds: how long it is.
        width: in pixels, a multiple of 64.
        height: in pixels, a multiple of 16.
        grain: 0 to 64; what does not compress, so that the file grows.
        tone_hertz: the tone on its sound track.
    """

    name: str
    seconds: int
    width: int
    height: int
    grain: int
    tone_hertz: int


CLIPS: Final = (
    Clip(
        name="unit12-traffic-stop.mp4",
        seconds=12,
        width=640,
        height=352,
        grain=28,
        tone_hertz=440,
    ),
    Clip(name="unit07-interview.mp4", seconds=6, width=320, height=176, grain=8, tone_hertz=330),
    Clip(name="unit12-buffer.mp4", seconds=3, width=320, height=176, grain=0, tone_hertz=550),
)


def make_clip(clip: Clip, folder: Path) -> Path:
    """Encode one clip into `folder`; return its path. Needs PyAV."""
    import av  # noqa: PLC0415 - the extra `media`; loading it costs 100 ms

    path = folder / clip.name
    with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
        container.metadata["creation_time"] = "2026-03-14T21:07:00.000000Z"
        video = container.add_stream(
            "libx264", rate=FRAMES_PER_SECOND, options={"preset": "ultrafast", "crf": "23"}
        )
        video.width, video.height, video.pix_fmt = clip.width, clip.height, "yuv420p"
        video.gop_size = FRAMES_PER_SECOND
        sound = container.add_stream("aac", rate=SAMPLES_PER_SECOND, layout="mono")
        painter = _Painter(clip)
        for number in range(clip.seconds * FRAMES_PER_SECOND):
            container.mux(video.encode(painter.frame(number)))
        container.mux(video.encode())
        for number in range(clip.seconds * SAMPLES_PER_SECOND // _SAMPLES_PER_FRAME):
            container.mux(sound.encode(_sound(clip.tone_hertz, number)))
        container.mux(sound.encode())
    return path


class _Painter:
    """Paints the frames of one clip."""

    def __init__(self, clip: Clip) -> None:
        self._clip = clip
        width, height = clip.width, clip.height
        triangle = [abs((2 * x * 255 // width) % 510 - 255) for x in range(width)]
        spread = 1 - clip.grain / 256
        self._ramp = bytes(int(_BLACK + value * 0.6 * spread) for value in triangle) * 3
        noise = hashlib.shake_256(clip.name.encode()).digest(width * height * 2)
        self._grain = noise.translate(bytes(value * clip.grain // 256 for value in range(256)))

    def frame(self, number: int) -> Any:
        """The frame with this number."""
        import av  # noqa: PLC0415 - as above

        width, height = self._clip.width, self._clip.height
        frame = av.VideoFrame(width, height, "yuv420p")
        rows = []
        for row in range(height):
            start = (number * 4 + row) % width
            rows.append(self._ramp[start : start + width])
        luma = bytearray(b"".join(rows))
        if self._clip.grain:
            offset = number * 7919 % (width * height)
            grain = self._grain[offset : offset + width * height]
            # Adding two numbers adds every byte of them, as no byte overflows into the next.
            total = int.from_bytes(luma, "big") + int.from_bytes(grain, "big")
            luma = bytearray(total.to_bytes(width * height, "big"))
        self._paint_number(luma, number)
        tint = (128 + 24 * math.sin(number / 20), 128 + 24 * math.cos(number / 20))
        frame.planes[0].update(bytes(luma))
        for plane, value in zip(frame.planes[1:], tint, strict=True):
            plane.update(bytes([int(value)]) * plane.buffer_size)
        frame.pts = number
        frame.time_base = Fraction(1, FRAMES_PER_SECOND)
        return frame

    def _paint_number(self, luma: bytearray, number: int) -> None:
        side = self._clip.width // (_NUMBER_BITS + 2)
        for row in range(side, 2 * side):
            for bit in range(_NUMBER_BITS):
                value = _WHITE if number >> (_NUMBER_BITS - 1 - bit) & 1 else _BLACK
                start = row * self._clip.width + side * (bit + 1)
                luma[start : start + side - 2] = bytes([value]) * (side - 2)


def _sound(hertz: int, number: int) -> Any:
    import av  # noqa: PLC0415 - as above

    first = number * _SAMPLES_PER_FRAME
    step = 2 * math.pi * hertz / SAMPLES_PER_SECOND
    samples = array(
        "f", (0.2 * math.sin(step * (first + index)) for index in range(_SAMPLES_PER_FRAME))
    )
    frame = av.AudioFrame(format="fltp", layout="mono", samples=_SAMPLES_PER_FRAME)
    frame.planes[0].update(samples.tobytes())
    frame.sample_rate = SAMPLES_PER_SECOND
    frame.pts = first
    frame.time_base = Fraction(1, SAMPLES_PER_SECOND)
    return frame
