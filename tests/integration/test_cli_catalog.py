"""Listing by criteria and querying tables, as they are run."""

import csv
import io
import shutil

import pytest

from tests.integration.cli_desk import Desk, ingest


def table(raw: bytes) -> list[dict[str, str]]:
    """CSV by the names of its columns."""
    return list(csv.DictReader(io.StringIO(raw.decode())))


def test_recordings_are_listed_by_criteria(desk: Desk) -> None:
    """By case, by what holds them, by day; as lines, as JSON, as CSV."""
    first, second = (str(one["object"]) for one in ingest(desk))
    desk.run("tag", first, "--case", "26-1042")
    desk.run("hold", "place", "evidentiary", "--object", second, "--authority", "agency")

    def listed(*arguments: str) -> set[str]:
        return {one["object"] for one in desk.run("ls", "--json", *arguments).lines}

    assert {first} == listed("--case", "26-1042")
    assert {second} == listed("--held")
    assert {first} == listed("--not-held")
    assert {first, second} == listed("--not-pending", "--until", "2100-01-01")
    assert set() == listed("--from", "2100-01-01T00:00:00Z")
    lines = table(desk.run("ls", "--csv", "--case", "26-1042").out)
    assert [first] == [line["object"] for line in lines]
    assert first in desk.run("ls", "--status", "present").out.decode()


def test_tables_are_queried(desk: Desk) -> None:
    """Rows with a value, without one, with one in a list; some columns; deleted in between."""
    ids = {str(one["object"]) for one in ingest(desk)}
    found = desk.run("query", "objects", "--columns", "object,status", "--json").lines

    assert [{"object", "status"}] * 2 == [set(one) for one in found]
    assert ids == {one["object"] for one in found}

    shutil.rmtree(desk.root / "evidence.catalog")
    actors = desk.run("query", "actors", "--where", "roles=responsible-authority", "--json").lines

    assert [False] == [one["revoked"] for one in actors]
    assert (desk.root / "evidence.catalog").is_dir()

    some = ("--where", "derived_from=", "--where", "opaque=false", "--where", "accesses=0")
    rows = table(desk.run("query", "objects", *some, "--csv").out)

    assert ids == {row["object"] for row in rows}
    assert {"present"} == {row["status"] for row in rows}
    assert b"present" in desk.run("query", "objects", "--where", "status=present").out


@pytest.mark.parametrize(
    "arguments",
    [
        ("query", "people"),
        ("query", "objects", "--columns", "name"),
        ("query", "objects", "--where", "name=x"),
        ("query", "objects", "--where", "status"),
        ("query", "objects", "--where", "opaque=maybe"),
        ("query", "objects", "--csv", "--json"),
        ("ls", "--status", "lost"),
        ("ls", "--from", "yesterday"),
        ("ls", "--csv", "--json"),
    ],
)
def test_what_cannot_be_asked(desk: Desk, arguments: tuple[str, ...]) -> None:
    """Unknown tables, columns and words are refused with a code."""
    assert "argument-invalid" in desk.run(*arguments, expected=3).err
