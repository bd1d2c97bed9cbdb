"""The vectors of the chapters `encoding` and `names`."""

import runpy
from pathlib import Path

import pytest

from bwcstore import _encoding as encoding
from bwcstore import _layout as layout
from bwcstore._values import Digest, ObjectId
from bwcstore.errors import FormatError

HERE = Path(__file__).parent


def vectors(chapter: str) -> list[Path]:
    """The vectors of a chapter."""
    return sorted((HERE / chapter).glob("*.vec"))


def read_vector(path: Path) -> tuple[dict[str, str], bytes]:
    """The header and the raw bytes of a vector."""
    head, _, raw = path.read_bytes().partition(b"\n\n")
    return dict(line.split(": ", 1) for line in head.decode().splitlines()), raw


def test_the_vectors_are_those_that_the_generator_writes() -> None:
    """No vector is missing, left over or edited."""
    written = runpy.run_path(str(HERE / "make_kernel.py"))["files"]()
    stored = {path: path.read_bytes() for path in vectors("encoding") + vectors("names")}

    assert stored == written


@pytest.mark.parametrize("path", vectors("encoding"), ids=lambda path: path.stem)
def test_encoding(path: Path) -> None:
    """Each document is read and written again as it was, or refused for the stated reason."""
    header, raw = read_vector(path)
    if header["expect"] != "success":
        with pytest.raises(FormatError) as caught:
            encoding.decode(raw, what=path.stem)

        assert caught.value.kind == header["expect"]
        return

    assert encoding.encode(encoding.decode(raw, what=path.stem)) == raw
    assert str(encoding.sha256(raw)) == header["sha256"]


@pytest.mark.parametrize("path", vectors("names"), ids=lambda path: path.stem)
def test_names(path: Path) -> None:
    """Each thing has the stated name."""
    header, raw = read_vector(path)
    number = int(header.get("number", "0"))
    generation = int(header.get("generation", "0"))
    match header["what"]:
        case "segment":
            name = layout.segment(ObjectId(header["object"]), number)
        case "manifest":
            name = layout.manifest(ObjectId(header["object"]), Digest.parse(header["digest"]))
        case "batch":
            name = layout.batch(generation, number)
        case "checkpoint":
            name = layout.checkpoint(generation, number)
        case "annex":
            name = layout.annex(Digest.parse(header["digest"]))
        case "tile":
            name = layout.tile(generation, int(header["level"]), number)
        case _:
            name = layout.bundle(generation, number)

    assert name.encode() == raw
