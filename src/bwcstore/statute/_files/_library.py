"""Packs and agency files that are shipped with the library, and those of the caller.

Reads files and nothing else; what they say is read in `_reading` and `_agency_file`.
"""

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from bwcstore.errors import ErrorKind, InvalidInputError, NotFoundError
from bwcstore.statute._agency import Agency
from bwcstore.statute._files._agency_file import pack_of, read_agency
from bwcstore.statute._files._reading import read_pack
from bwcstore.statute._files._toml import SIZE_MAX
from bwcstore.statute._pack import Pack

_SUFFIX: Final = ".toml"
_PACKS: Final = "packs"
_AGENCIES: Final = "agencies"


def pack_ids() -> tuple[str, ...]:
    """The ids of the packs that are shipped, in alphabetical order."""
    return _ids(_PACKS)


def agency_ids() -> tuple[str, ...]:
    """The ids of the agency files that are shipped, in alphabetical order."""
    return _ids(_AGENCIES)


def load_pack(pack: str | Path) -> Pack:
    """Load a pack.

    Args:
        pack: the id of one that is shipped, or the path of a file, which ends in `.toml`.

    Raises:
        NotFoundError: `pack-unknown`: no pack of this id is shipped.
        InvalidInputError: `source-not-found`, `source-unreadable`: the file cannot be read;
            something is wrong with it; see `read_pack`.
    """
    text, name = pack_text(pack)
    return read_pack(text, name=name)


def load_agency(agency: str | Path, *, pack: Pack | None = None) -> Agency:
    """Load an agency file.

    Args:
        agency: the id of one that is shipped, or the path of a file, which ends in `.toml`.
        pack: the pack that it is under; without one, the shipped pack that it names.

    Raises:
        NotFoundError: `pack-unknown`: no agency file of this id, or no pack of the id that it
            names, is shipped.
        InvalidInputError: `source-not-found`, `source-unreadable`: the file cannot be read;
            something is wrong with it or with its pack; see `read_agency`.
    """
    text, name = agency_text(agency)
    if pack is None:
        pack = load_pack(pack_of(text, name=name))
    return read_agency(text, name=name, pack=pack)


def pack_text(pack: str | Path) -> tuple[str, str]:
    """The text of a pack and the name of its file; see `load_pack`."""
    return _text(pack, _PACKS, "pack")


def agency_text(agency: str | Path) -> tuple[str, str]:
    """The text of an agency file and the name of the file; see `load_agency`."""
    return _text(agency, _AGENCIES, "agency file")


def document_text(path: Path) -> str:
    """The text of a file of the caller.

    Args:
        path: the path of the file.

    Raises:
        InvalidInputError: `source-not-found`, `source-unreadable`: the file cannot be read;
            `too-large`, `pack-syntax`: it is too large, or not UTF-8.
    """
    return _decoded(_read(path), str(path))


def _folder(folder: str) -> Traversable:
    return files("bwcstore.statute").joinpath(folder)


def _ids(folder: str) -> tuple[str, ...]:
    place = _folder(folder)
    if not place.is_dir():
        return ()
    names = (one.name for one in place.iterdir())
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX)))


def _text(wanted: str | Path, folder: str, what: str) -> tuple[str, str]:
    if isinstance(wanted, Path) or wanted.endswith(_SUFFIX):
        path = Path(wanted)
        return document_text(path), str(path)
    shipped = _ids(folder)
    if wanted not in shipped:
        raise NotFoundError(
            ErrorKind.PACK_UNKNOWN,
            f"no {what} {wanted!r:.80} is shipped; there are: {', '.join(shipped) or 'none'}",
        )
    name = f"{wanted}{_SUFFIX}"
    return _decoded(_folder(folder).joinpath(name).read_bytes(), name), name


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            # One byte more than is read: the reader then says that it is too large.
            return file.read(SIZE_MAX + 1)
    except FileNotFoundError as exc:
        raise InvalidInputError(ErrorKind.SOURCE_NOT_FOUND, f"no such file: {path}") from exc
    except (OSError, ValueError) as exc:
        raise InvalidInputError(ErrorKind.SOURCE_UNREADABLE, f"cannot read {path}: {exc}") from exc


def _decoded(raw: bytes, name: str) -> str:
    if len(raw) > SIZE_MAX:
        raise InvalidInputError(
            ErrorKind.TOO_LARGE, f"{name}: the document has more than {SIZE_MAX} bytes"
        )
    try:
        return raw.decode()
    except UnicodeDecodeError as exc:
        line = raw.count(b"\n", 0, exc.start) + 1
        raise InvalidInputError(
            ErrorKind.PACK_SYNTAX, f"{name}:{line}: not UTF-8 at byte {exc.start}"
        ) from exc
