"""Files of facts and of cases, and any file of the law that is to be checked.

Reads files and nothing else; what they say is read in `_fact_file`, `_case_tables`, `_reading`
and `_agency_file`. A pack or an agency is named by the id of one that is shipped, or by a path
that ends in `.toml`, relative to the file that names it.
"""

import contextlib
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Final

import attrs

from bwcstore.errors import BwcStoreError, ErrorKind, InvalidInputError, NotFoundError
from bwcstore.statute._agency import AGENCY_FORMAT, Agency
from bwcstore.statute._files._agency_file import check_agency, pack_of
from bwcstore.statute._files._case_tables import CASES_FORMAT, CaseFile, check_cases, read_cases
from bwcstore.statute._files._fact_file import (
    FACTS_FORMAT,
    FactFile,
    check_fact_file,
    read_fact_file,
)
from bwcstore.statute._files._library import document_text, load_agency, load_pack
from bwcstore.statute._files._reading import check_pack, read_pack
from bwcstore.statute._files._toml import DocumentError, Problem, parse
from bwcstore.statute._pack import PACK_FORMAT, Pack

_SUFFIX: Final = ".toml"


@attrs.frozen(kw_only=True)
class _Finder:
    """Finds packs and agencies for the files of one folder, each once."""

    folder: Path
    packs: dict[str, Pack] = attrs.field(factory=dict)

    def __call__(self, pack: str, agency: str) -> tuple[Pack, Agency]:
        if pack not in self.packs:
            self.packs[pack] = load_pack(self._place(pack))
        return self.packs[pack], load_agency(self._place(agency), pack=self.packs[pack])

    def _place(self, name: str) -> str | Path:
        return self.folder / name if name.endswith(_SUFFIX) else name


def load_fact_file(path: Path) -> FactFile:
    """Load a fact file, with the pack and the agency that it names.

    Args:
        path: the path of the file.

    Raises:
        InvalidInputError: `source-not-found`, `source-unreadable`: the file cannot be read;
            something is wrong with it, or with what it names; see `read_fact_file`.
    """
    return read_fact_file(document_text(path), name=str(path), find=_Finder(folder=path.parent))


def load_cases(places: Iterable[Path], *, pack: Pack | None = None) -> tuple[CaseFile, ...]:
    """Load the case files of folders, and single ones.

    Args:
        places: paths of case files, and of folders in which they are looked for; folders are
            searched through, and other documents in them left out.
        pack: stands for the shipped pack of its id, where files name that.

    Raises:
        InvalidInputError: `source-not-found`, `source-unreadable`: a file cannot be read; something
            is wrong with one, or with what it names; see `read_cases`.
        NotFoundError: `name-absent`: there is no case file.
    """
    asked = tuple(places)
    known = {} if pack is None else {pack.id: pack}
    packs: dict[Path, dict[str, Pack]] = {}
    found = []
    for place in asked:
        inner = sorted(place.rglob(f"*{_SUFFIX}")) if place.is_dir() else [place]
        for path in inner:
            text = document_text(path)
            if place.is_dir() and not _is_of_cases(text, str(path)):
                continue
            find = _Finder(folder=path.parent, packs=packs.setdefault(path.parent, dict(known)))
            found.append(read_cases(text, name=str(path), find=find))
    if not found:
        where = ", ".join(str(one) for one in asked)
        raise NotFoundError(ErrorKind.NAME_ABSENT, f"no case file in {where or 'no place'}")
    return tuple(found)


def is_case_file(path: Path) -> bool:
    """Whether a file says that it is one of cases.

    Raises:
        InvalidInputError: `source-not-found`, `source-unreadable`: it cannot be read; it is not
            TOML.
    """
    return _is_of_cases(document_text(path), str(path))


def cases_of(pack: str) -> Path:
    """The folder of the cases of a shipped pack; of the source tree, where that is what runs."""
    package = Path(str(files("bwcstore.statute")))
    shipped = package / "cases" / pack
    return shipped if shipped.is_dir() else package.parents[2] / "tests" / "statutes" / pack


@attrs.frozen(kw_only=True)
class Checked:
    """What checking one file came to.

    Attributes:
        name: the file.
        format: what sort of document it says it is; empty where it does not.
        problems: what is wrong with it, by line.
    """

    name: str
    format: str
    problems: tuple[Problem, ...]


def check_files(paths: Iterable[Path]) -> tuple[Checked, ...]:
    """Check packs, agency files, fact files and case files, and say all that is wrong.

    An agency file is checked under the pack among these files that it names, else under the
    shipped one.

    Args:
        paths: the files.

    Raises:
        InvalidInputError: `source-not-found`, `source-unreadable`: a file cannot be read;
            `too-large`, `pack-syntax`: a file is too large, or not UTF-8.
    """
    texts = {path: document_text(path) for path in paths}
    packs: dict[str, Pack] = {}
    for path, text in texts.items():
        with contextlib.suppress(InvalidInputError):
            pack = read_pack(text, name=str(path))
            packs[pack.id] = pack
    return tuple(_checked(path, text, packs) for path, text in texts.items())


def _checked(path: Path, text: str, packs: Mapping[str, Pack]) -> Checked:
    name, written = str(path), ""
    try:
        document = parse(text, name=name)
        written = str(document.values.get("format", ""))
        problems = _problems(path, text, written, packs)
    except DocumentError as exc:
        problems = (exc.problem,)
    except BwcStoreError as exc:
        problems = (Problem(kind=exc.kind, name=name, line=1, message=exc.message),)
    return Checked(name=name, format=written, problems=problems)


def _problems(
    path: Path, text: str, written: str, packs: Mapping[str, Pack]
) -> tuple[Problem, ...]:
    name = str(path)
    find = _Finder(folder=path.parent, packs=dict(packs))
    match _kind(written):
        case "bwcstore-pack":
            return check_pack(text, name=name)
        case "bwcstore-agency":
            wanted = pack_of(text, name=name)
            return check_agency(text, name=name, pack=packs.get(wanted) or load_pack(wanted))
        case "bwcstore-facts":
            return check_fact_file(text, name=name, find=find)
        case "bwcstore-cases":
            return check_cases(text, name=name, find=find)
        case _:
            known = f"{PACK_FORMAT}, {AGENCY_FORMAT}, {FACTS_FORMAT} or {CASES_FORMAT}"
            raise InvalidInputError(
                ErrorKind.FORMAT_UNKNOWN, f"the format is {written!r:.60}, and not {known}"
            )


def _kind(written: str) -> str:
    return written.partition("/")[0]


def _is_of_cases(text: str, name: str) -> bool:
    try:
        written = str(parse(text, name=name).values.get("format", ""))
    except DocumentError as exc:
        raise InvalidInputError(exc.problem.kind, exc.problem.sentence) from exc
    return _kind(written) == _kind(CASES_FORMAT)
