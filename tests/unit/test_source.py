"""Where recordings come from: what is opened, what is refused, what is noticed."""

import io
import os
import socket
from pathlib import Path

import fsspec
import pytest

from bwcstore._source import open_source
from bwcstore.errors import ErrorKind, InvalidInputError


def refusal(source: object) -> ErrorKind:
    """The kind of error that opening `source` gives."""
    with pytest.raises(InvalidInputError) as caught, open_source(source):  # type: ignore[arg-type]  # the point of the test
        pass
    return caught.value.kind


def test_a_regular_file_announces_its_name_and_length(tmp_path: Path) -> None:
    """Name as bytes, length as the file system has it."""
    path = tmp_path / "-clip one.mp4"
    path.write_bytes(b"abc")
    with open_source(path) as opened:
        assert (b"-clip one.mp4", 3, b"abc") == (
            opened.name,
            opened.length_bytes,
            opened.file.read(),
        )


def test_a_name_that_is_not_text_is_kept_as_bytes(tmp_path: Path) -> None:
    """Names are bytes on disk; none of them stops an ingest."""
    raw = b"caf\xe9\n.mp4"
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + raw))
    path.write_bytes(b"x")
    with open_source(path) as opened:
        assert raw == opened.name


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A vanished source has its own code."""
    assert refusal(tmp_path / "none.mp4") == ErrorKind.SOURCE_NOT_FOUND


def test_directories_pipes_devices_and_sockets_are_refused(tmp_path: Path) -> None:
    """Only regular files are opened by path, and opening a pipe does not hang."""
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        sources = [tmp_path, tmp_path / "pipe", Path("/dev/null"), tmp_path / "socket"]

        assert [ErrorKind.SOURCE_NOT_REGULAR] * 4 == [refusal(source) for source in sources]


def test_a_name_with_a_null_byte_is_an_input_error() -> None:
    """What the operating system cannot even look up is refused, not crashed on."""
    assert refusal("a\0b") == ErrorKind.SOURCE_UNREADABLE


def test_text_files_and_other_things_are_refused() -> None:
    """Only binary files have `readinto`."""
    assert [ErrorKind.ARGUMENT_INVALID] * 2 == [refusal(io.StringIO("x")), refusal(7)]


def test_a_stream_is_taken_as_it_is_and_left_open() -> None:
    """A file object is the caller's: read from where it stands, never closed."""
    stream = io.BytesIO(b"0123")
    stream.read(1)
    with open_source(stream) as opened:
        rest = opened.file.read()

    assert (b"123", False, None) == (rest, stream.closed, opened.length_bytes)


@pytest.mark.parametrize("change", ["append", "replace", "remove"])
def test_a_change_while_reading_is_noticed(tmp_path: Path, change: str) -> None:
    """Same file, same length, same time of change: anything else is `SOURCE_CHANGED`."""
    path = tmp_path / "clip"
    path.write_bytes(b"abc")
    with open_source(path) as opened:
        opened.check_unchanged()
        if change == "append":
            with path.open("ab") as file:
                file.write(b"d")
        elif change == "replace":
            other = tmp_path / "other"
            other.write_bytes(b"abc")
            other.replace(path)
        else:
            path.unlink()
        with pytest.raises(InvalidInputError) as caught:
            opened.check_unchanged()

    assert ErrorKind.SOURCE_CHANGED == caught.value.kind


def test_a_url_is_opened_with_fsspec() -> None:
    """Any file system that fsspec knows may be a source."""
    with fsspec.open("memory://dock/clip.mp4", "wb") as file:
        file.write(b"abcd")
    with open_source("memory://dock/clip.mp4") as opened:
        assert (b"clip.mp4", 4, b"abcd") == (opened.name, opened.length_bytes, opened.file.read())


def test_a_missing_url_is_named() -> None:
    """An absent source behind a URL has the same code as an absent file."""
    assert refusal("memory://dock/none.mp4") == ErrorKind.SOURCE_NOT_FOUND
