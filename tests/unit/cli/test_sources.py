"""Which files an ingest takes, and by which name it knows them again."""

import os
from pathlib import Path

import pytest

from bwcstore.cli._sources import Found, Unreadable, find, source_id


def _names(root: Path, *, hidden: bool = False) -> list[str]:
    return [
        one.relative.as_posix() for one in find([root], hidden=hidden) if isinstance(one, Found)
    ]


def _dock(root: Path) -> Path:
    dock = root / "dock"
    for name in ("b/2.mp4", "b/10.mp4", "a/x.mp4", "Z.mp4", ".hidden/y.mp4", ".z.mp4"):
        path = dock / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return dock


def test_folders_are_walked_in_order_of_names(tmp_path: Path) -> None:
    """The order is that of the bytes of names, and hidden names are left out."""
    assert ["Z.mp4", "a/x.mp4", "b/10.mp4", "b/2.mp4"] == _names(_dock(tmp_path))


def test_hidden_names_on_request(tmp_path: Path) -> None:
    """With `--hidden` nothing is left out."""
    assert {".hidden/y.mp4", ".z.mp4"} < set(_names(_dock(tmp_path), hidden=True))


def test_links_and_pipes_in_folders_are_left_out(tmp_path: Path) -> None:
    """Only regular files of the folder itself are taken: no links, no pipes."""
    dock = _dock(tmp_path)
    (dock / "link.mp4").symlink_to(dock / "Z.mp4")
    (dock / "loop").symlink_to(dock, target_is_directory=True)
    os.mkfifo(dock / "pipe")

    assert ["Z.mp4", "a/x.mp4", "b/10.mp4", "b/2.mp4"] == _names(dock)


def test_a_named_file_is_taken_as_it_is(tmp_path: Path) -> None:
    """A file that is named is passed on, whatever it is: ingest judges it."""
    path = tmp_path / ".absent"

    assert [Found(path=path, relative=Path(".absent"))] == list(find([path], hidden=False))


def test_a_folder_that_cannot_be_listed_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What could not be looked into is reported, and the rest is found."""
    dock = _dock(tmp_path)
    real = os.scandir

    def scandir(path: Path) -> object:
        if Path(path).name == "a":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    found = list(find([dock], hidden=False))

    assert [dock / "a"] == [one.path for one in found if isinstance(one, Unreadable)]
    assert 3 == sum(isinstance(one, Found) for one in found)


def _id(path: Path, relative: Path) -> str:
    made = source_id(Found(path=path, relative=relative), "X60A0001")
    assert made is not None
    return made.text


def test_a_file_is_known_by_path_length_and_time(tmp_path: Path) -> None:
    """The id tells two files of one name apart, and one file from what it was before."""
    path = tmp_path / "a.mp4"
    path.write_bytes(b"12345")
    os.utime(path, ns=(0, 1_700_000_000_123_456_789))

    assert _id(path, Path("d/a.mp4")) == "d/a.mp4;5;1700000000123456789"
    os.utime(path, ns=(0, 1))
    assert _id(path, Path("d/a.mp4")) == "d/a.mp4;5;1"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (b"caf\xc3\xa9.mp4", "caf%C3%A9.mp4"),
        (b"\xff\xfe.mp4", "%FF%FE.mp4"),
        (b"two\nlines.mp4", "two%0Alines.mp4"),
        (b"50%.mp4", "50%25.mp4"),
        (b"-rf.mp4", "-rf.mp4"),
    ],
)
def test_any_name_makes_an_id(tmp_path: Path, name: bytes, expected: str) -> None:
    """Whatever bytes a name holds, its id is one line of ASCII, and no two names share one."""
    path = tmp_path / os.fsdecode(name)
    path.write_bytes(b"")
    os.utime(path, ns=(0, 0))

    assert f"{expected};0;0" == _id(path, Path(os.fsdecode(name)))


def test_a_very_long_path_makes_an_id(tmp_path: Path) -> None:
    """A path too long for an id is stood for by its digest."""
    path = tmp_path / "a.mp4"
    path.write_bytes(b"")
    os.utime(path, ns=(0, 0))
    made = {_id(path, Path("x" * count)) for count in (1500, 1501)}

    assert len(made) == 2
    assert all(text.startswith("sha256:") for text in made)


def test_what_is_not_there_has_no_id(tmp_path: Path) -> None:
    """Ingest itself says why a file cannot be read."""
    assert source_id(Found(path=tmp_path / "no", relative=Path("no")), "x") is None
    assert source_id(Found(path=tmp_path, relative=Path("dir")), "x") is None
