"""Packs and agency files that are shipped, and files of the caller."""

from datetime import date
from pathlib import Path

import pytest

from bwcstore.errors import BwcStoreError, ErrorKind, InvalidInputError, NotFoundError
from bwcstore.statute._civil import RestDays
from bwcstore.statute._files._library import (
    agency_ids,
    agency_text,
    load_agency,
    load_pack,
    pack_ids,
    pack_text,
)
from tests.unit.statute.small import AGENCY, PACK, small_pack


@pytest.mark.spec("LAW-1", "LAW-4")
@pytest.mark.parametrize("pack_id", pack_ids())
def test_shipped_packs(pack_id: str) -> None:
    """Every shipped pack is read without a problem, and has the id of its file."""
    pack = load_pack(pack_id)

    assert (pack_id, f"{pack_id}.toml") == (pack.id, pack.name)


@pytest.mark.spec("LAW-6")
@pytest.mark.parametrize("agency_id", agency_ids())
def test_shipped_agencies(agency_id: str) -> None:
    """Every shipped agency file is read under its pack, and has the id of its file."""
    agency = load_agency(agency_id)

    assert agency_id == agency.id
    assert agency.pack in pack_ids()
    assert agency == load_agency(agency_id, pack=load_pack(agency.pack))


@pytest.mark.spec("LAW-14")
@pytest.mark.parametrize("pack_id", pack_ids())
def test_shipped_holidays_are_known_to_the_library(pack_id: str) -> None:
    """Every holiday of a shipped pack falls on some working day of seven years."""
    calendar = load_pack(pack_id).calendar
    first = date(2024, 1, 1).toordinal()
    days = [date.fromordinal(first + n) for n in range(7 * 366)]

    for holiday in calendar.holidays:
        alone = RestDays(country=calendar.country, weekend=frozenset(), holidays=(holiday,))

        assert [day for day in days if alone.rests(day)], holiday.name


def test_there_are_packs_to_test() -> None:
    """The tests above look at something, and ids come in alphabetical order."""
    assert pack_ids()
    assert sorted(pack_ids()) == list(pack_ids())
    assert sorted(agency_ids()) == list(agency_ids())


@pytest.mark.spec("LAW-6")
def test_unknown_ids_name_those_that_exist() -> None:
    """An id that is not shipped is refused, and the message names those that are."""
    for load, shipped in ((load_pack, pack_ids()), (load_agency, agency_ids())):
        with pytest.raises(NotFoundError) as caught:
            load("xx-nowhere")

        assert ErrorKind.PACK_UNKNOWN == caught.value.kind
        assert caught.value.message.endswith(", ".join(shipped) or "none")


@pytest.mark.parametrize("id_", ["../packs/us-mn", "", "us-mn/", "US-MN"])
def test_ids_are_no_paths(id_: str) -> None:
    """An id leads nowhere but to a shipped file of that very name."""
    with pytest.raises(NotFoundError):
        pack_text(id_)


def test_files_of_the_caller(tmp_path: Path) -> None:
    """A path that ends in `.toml`, as text or as a path, is a file of the caller."""
    pack, agency = tmp_path / "small.toml", tmp_path / "town.toml"
    pack.write_text(PACK, encoding="utf-8")
    agency.write_text(AGENCY, encoding="utf-8")
    read = load_pack(str(pack))

    assert small_pack() == read == load_pack(pack)
    assert str(pack) == read.name
    assert "xx-town" == load_agency(agency, pack=read).id
    assert (AGENCY, str(agency)) == agency_text(str(agency))


@pytest.mark.spec("LAW-6")
def test_an_agency_under_a_pack_that_is_not_shipped(tmp_path: Path) -> None:
    """Without its pack, an agency file is read under the shipped pack that it names, or refused."""
    agency = tmp_path / "town.toml"
    agency.write_text(AGENCY, encoding="utf-8")

    with pytest.raises(NotFoundError) as caught:
        load_agency(agency)

    assert "'xx'" in caught.value.message


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    """A missing file and a folder are the caller's mistakes, each with its code."""
    folder = tmp_path / "folder.toml"
    folder.mkdir()

    for path, kind in (
        (tmp_path / "missing.toml", ErrorKind.SOURCE_NOT_FOUND),
        (folder, ErrorKind.SOURCE_UNREADABLE),
        (Path("a\0.toml"), ErrorKind.SOURCE_UNREADABLE),
    ):
        with pytest.raises(InvalidInputError) as caught:
            load_pack(path)

        assert kind == caught.value.kind


@pytest.mark.spec("LAW-1", "LAW-4")
@pytest.mark.parametrize(
    ("raw", "kind", "where"),
    [
        (b"a = 1\nb = '\xff'\n", ErrorKind.PACK_SYNTAX, ":2: "),
        (b"#" * (1024 * 1024 + 1), ErrorKind.TOO_LARGE, ": "),
        (b"#" * (64 * 1024 * 1024), ErrorKind.TOO_LARGE, ": "),
        (b"", ErrorKind.FIELD_MISSING, ":1: "),
        (b"a = 1\nb = \n", ErrorKind.PACK_SYNTAX, ":2: "),
    ],
)
def test_files_that_are_no_packs(tmp_path: Path, raw: bytes, kind: ErrorKind, where: str) -> None:
    """A file that is not UTF-8, too large or no pack is refused by its name and line."""
    path = tmp_path / "law.toml"
    path.write_bytes(raw)

    with pytest.raises(BwcStoreError) as caught:
        load_pack(path)

    assert isinstance(caught.value, InvalidInputError)
    assert kind == caught.value.kind
    assert f"{path}{where}" in caught.value.message
