"""The vectors of the chapter `certificate`, read by the library and by an independent verifier."""

import importlib
import runpy
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from bwcstore.errors import BwcStoreError
from bwcstore.ledger._note import VerifierKey
from bwcstore.purge._certificate import verify_certificate

HERE: Final = Path(__file__).parent
FOLDER: Final = HERE / "certificate"
INDEPENDENT: Final = HERE.parent / "independent"
sys.path.append(str(INDEPENDENT))  # its modules lie side by side
verifier: Any = importlib.import_module("certificate")
refused: Any = importlib.import_module("canonical").RefusedError
sys.path.remove(str(INDEPENDENT))


def vectors() -> list[Path]:
    """Every vector of the chapter."""
    return sorted(FOLDER.glob("*.vec"))


def read_vector(path: Path) -> tuple[dict[str, str], bytes]:
    """The header and the raw bytes of a vector."""
    head, _, raw = path.read_bytes().partition(b"\n\n")
    return dict(line.split(": ", 1) for line in head.decode().splitlines()), raw


def outcome(raw: bytes, key: VerifierKey, history: bytes | None = None) -> str:
    """`success`, or the code of the refusal."""
    try:
        verify_certificate(raw, key=key, history=history)
    except BwcStoreError as error:
        return error.kind.value
    return "success"


def test_the_vectors_are_those_that_the_generator_writes() -> None:
    """No vector is missing, left over or edited."""
    written = runpy.run_path(str(HERE / "make_certificate.py"))["files"]()

    assert written == {path: path.read_bytes() for path in vectors()}


@pytest.mark.parametrize("path", vectors(), ids=lambda path: path.stem)
def test_vector(path: Path) -> None:
    """The bytes are accepted or refused as the header says, and say what it says."""
    header, raw = read_vector(path)
    key = VerifierKey.parse(header["vkey"])
    if header["what"] == "history":
        _, of = read_vector(FOLDER / f"{header['certificate']}.vec")

        assert header["expect"] == outcome(of, key, raw)
        return

    assert header["expect"] == outcome(raw, key)
    if header["expect"] == "success":
        stated = verify_certificate(raw, key=key).statement
        names = ("store", "object", "number", "state", "claim")
        assert {name: header[name] for name in names} == {name: str(stated[name]) for name in names}


@pytest.mark.parametrize(
    "path", [one for one in vectors() if "history" not in one.stem], ids=lambda path: path.stem
)
def test_vector_by_the_independent_verifier(path: Path) -> None:
    """A verifier that shares no code comes to the same outcome; it reads no histories."""
    header, raw = read_vector(path)
    found, claim = "success", None
    try:
        claim = verifier.check(raw, header["vkey"])["claim"]
    except refused as error:
        found = error.code

    assert (header["expect"], header.get("claim")) == (found, claim)
