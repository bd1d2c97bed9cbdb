"""The vectors of the chapters `segment` and `manifest`."""

import hashlib
import runpy
from pathlib import Path

import pytest

from bwcstore import _layout
from bwcstore._values import ObjectId, StoreId
from bwcstore.errors import BwcStoreError
from bwcstore.objects._manifest import Manifest, SegmentFacts, open_content, open_record
from bwcstore.objects._reader import ObjectReader
from bwcstore.objects._seal import associated_data
from bwcstore.objects._sealed_part import SealedPart
from bwcstore.testing._world import World
from tests.unit.objects.floe import decrypt

HERE = Path(__file__).parent
UNUSED = SealedPart(nonce=bytes(12), sealed=bytes(16))


def vectors(chapter: str) -> list[Path]:
    """The vectors of a chapter."""
    return sorted((HERE / chapter).glob("*.vec"))


def read_vector(path: Path) -> tuple[dict[str, str], bytes]:
    """The header and the raw bytes of a vector."""
    head, _, raw = path.read_bytes().partition(b"\n\n")
    return dict(line.split(": ", 1) for line in head.decode().splitlines()), raw


def test_the_vectors_are_those_that_the_generator_writes() -> None:
    """No vector is missing, left over or edited."""
    written = runpy.run_path(str(HERE / "make_objects.py"))["files"]()
    stored = {path: path.read_bytes() for path in vectors("segment") + vectors("manifest")}

    assert stored == written


def _opened(header: dict[str, str], raw: bytes, step: int) -> tuple[str, bytes]:
    """Read a segment vector in steps; return how it ended and what was released."""
    world = World()
    object_id = ObjectId.parse(header["object"])
    at = 0
    for number, length in enumerate(map(int, header["stored"].split())):
        name = _layout.segment(object_id, number)
        world.storage.contents[name] = raw[at : at + length]
        at += length
    shapes = [tuple(map(int, text.split("/"))) for text in header["segments"].split()]
    released = b""
    try:
        manifest = Manifest(
            store_id=StoreId.parse(header["store"]),
            object_id=object_id,
            chunk_bytes=int(header["chunk_bytes"]),
            header=bytes.fromhex(header["header"]),
            segments=tuple(
                SegmentFacts(leaves=bytes(32 * chunks), length_bytes=length)
                for chunks, length in shapes
            ),
            record=UNUSED,
            content=UNUSED,
        )
        key = bytes.fromhex(header["key"])
        workers = world.workers
        with ObjectReader(
            manifest, backend=world.backend, content_key=key, workers=workers
        ) as file:
            while part := file.read(step):
                released += part
    except BwcStoreError as exc:
        return exc.kind, released
    return "success", released


@pytest.mark.parametrize("path", vectors("segment"), ids=lambda path: path.stem)
def test_segment(path: Path) -> None:
    """Each object reads back, or is refused after exactly what may be released."""
    header, raw = read_vector(path)
    expect, released = _opened(header, raw, 65536 - 32)

    assert header["expect"] == expect
    assert int(header["released_bytes"]) == len(released)
    assert header["released"] == hashlib.sha256(released).hexdigest()


@pytest.mark.parametrize("path", vectors("segment"), ids=lambda path: path.stem)
@pytest.mark.parametrize("step", [1000, 1 << 30])
def test_segment_in_other_steps(path: Path, step: int) -> None:
    """In other steps the refusal is the same, and never more is released."""
    header, raw = read_vector(path)
    expect, released = _opened(header, raw, step)

    assert header["expect"] == expect
    assert len(released) <= int(header["released_bytes"])


@pytest.mark.parametrize(
    "name", ["chunk_and_one", "empty", "example", "full_chunk", "two_segments"]
)
def test_segment_is_floe(name: str) -> None:
    """Header and segments, joined, are a FLOE ciphertext to a decoder that knows only FLOE."""
    header, raw = read_vector(HERE / "segment" / f"{name}.vec")
    aad = associated_data(StoreId.parse(header["store"]), ObjectId.parse(header["object"]))
    found = decrypt(bytes.fromhex(header["key"]), aad, bytes.fromhex(header["header"]) + raw)

    assert header["released"] == hashlib.sha256(found).hexdigest()


@pytest.mark.parametrize("path", vectors("manifest"), ids=lambda path: path.stem)
def test_manifest(path: Path) -> None:
    """Each manifest reads and encodes again to its bytes, or is refused for the stated reason."""
    header, raw = read_vector(path)
    try:
        manifest = Manifest.decode(raw)
        record = open_record(manifest, key=bytes.fromhex(header["record_key"]))
        content = open_content(manifest, key=bytes.fromhex(header["content_key"]))
    except BwcStoreError as exc:
        assert header["expect"] == exc.kind  # noqa: PT017 - the vector says whether it is raised
        return

    assert "success" == header["expect"]
    assert (raw, header["sha256"]) == (manifest.encode(), str(manifest.digest))
    assert (header["record"], header["content"]) == (
        record.encode().decode(),
        content.encode().decode(),
    )


def test_worked_examples_are_the_vectors() -> None:
    """The bytes that the chapters print are those of the vectors that they name."""
    spec = HERE.parents[1] / "docs/spec"
    header, chunk = read_vector(HERE / "segment/example.vec")
    manifest, raw = read_vector(HERE / "manifest/empty_object.vec")
    segment_chapter = (spec / "segment.md").read_text("utf-8").replace("` `", "")
    manifest_chapter = (spec / "manifest.md").read_text("utf-8")

    assert f"`{chunk.hex()}`" in segment_chapter
    assert f"`{header['header'][84:]}`" in segment_chapter
    assert raw.decode() in manifest_chapter.replace("\n", "")
    assert f"`{manifest['sha256']}`" in manifest_chapter
    assert manifest["record"] in manifest_chapter
