"""Where a store and its keys lie, as the shared options and variables say it."""

from pathlib import Path
from typing import Final

import pytest
import typer

from bwcstore._places import bucket_name, catalog_place, place_of
from bwcstore.cli._beside import beside, make_room
from bwcstore.cli._options import Common, Needs, shared_parameters, split_places
from bwcstore.errors import BwcStoreError, ErrorKind
from bwcstore.storage._s3_options import S3Options, S3Place

EVIDENCE: Final = "s3://evidence/agency/bwc"


def take(**said: object) -> Common:
    """The shared options, of which some were given."""
    given = {one.name: one.default for one in shared_parameters(Needs.SESSION)} | said
    return Common.take(given, Needs.SESSION)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ()),
        ("/a:/b c:d", ("/a", "/b c", "d")),
        ("s3://keys/bwc", ("s3://keys/bwc",)),
        ("s3://keys/bwc:/a:s3://other", ("s3://keys/bwc", "/a", "s3://other")),
        ("/a/s3:s3://keys/bwc:", ("/a/s3", "s3://keys/bwc")),
    ],
)
def test_places_in_a_variable(text: str, expected: tuple[str, ...]) -> None:
    """Colons separate places, but for the one in `s3://`."""
    assert expected == split_places(text)


def test_a_url_stays_whole() -> None:
    """Store, claims and vaults may each be a bucket; nothing takes a slash from a URL."""
    common = take(store=EVIDENCE, vault=["s3://keys/bwc", "/a/b"], claims="s3://claims/bwc")

    assert S3Place(bucket="evidence", prefix="agency/bwc/") == common.store
    assert ["s3://keys/bwc", "/a/b"] == [str(one) for one in common.vaults]
    assert "s3://claims/bwc" == str(common.claims)


def test_an_option_wins_over_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Vaults that are named are those, and the variable counts without."""
    monkeypatch.setenv("BWCSTORE_VAULTS", "s3://keys/bwc:/second")

    assert ["/first"] == [str(one) for one in take(store="/s", vault=["/first"]).vaults]
    assert ["s3://keys/bwc", "/second"] == [str(one) for one in take(store="/s").vaults]


def test_a_store_in_a_bucket_has_no_vault_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a disk the vault is beside the store; for a bucket it must be said, but to look only."""
    monkeypatch.delenv("BWCSTORE_VAULTS", raising=False)
    common = take(store=EVIDENCE)

    assert (Path("/a/s.vault"),) == take(store="/a/s").vaults
    assert () == common.known_vaults
    with pytest.raises(typer.BadParameter, match="BWCSTORE_VAULTS"):
        _ = common.vaults


def test_object_storage_is_reached_as_it_was_said() -> None:
    """What is said of object storage is what is used; what is not stays as the library has it."""
    said = take(
        endpoint_url="https://s3.example.gov", profile="p", bucket_region="r", try_seconds=3.0
    )

    assert take().s3 is None
    assert S3Options(profile="p") == take(profile="p", endpoint_url="").s3
    assert said.s3 == S3Options(
        endpoint_url="https://s3.example.gov", profile="p", region="r", deadline_seconds=3.0
    )


def test_no_option_takes_a_credential() -> None:
    """Credentials come from the AWS configuration only: an option would show them to everybody."""
    names = {one.name for one in shared_parameters(Needs.SESSION)}

    assert not [name for name in names if "secret" in name or "access" in name or "token" in name]


def test_keys_of_a_bucket_lie_in_the_configuration(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """They carry the names of bucket and prefix, in a folder that only the user can enter."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "configuration"))
    path = beside(place_of(EVIDENCE), "key")
    make_room(path, place_of(EVIDENCE))

    assert tmp_path / "configuration/bwcstore/evidence.agency.bwc.key" == path
    assert 0o700 == path.parent.stat().st_mode & 0o777
    assert Path("/a/s.key") == beside(Path("/a/s"), "key")


def test_room_is_made_for_the_own_folder_only(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A folder that the user names must be there: a misspelt one is not made."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "configuration"))
    make_room(tmp_path / "elsewhere/a.key", place_of(EVIDENCE))
    make_room(tmp_path / "configuration/bwcstore/a.key", tmp_path / "store")

    assert [] == list(tmp_path.iterdir())


def test_a_user_without_home_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no home, the program says what to set instead of failing."""

    def homeless() -> Path:
        raise RuntimeError

    monkeypatch.setattr(Path, "home", homeless)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    with pytest.raises(BwcStoreError) as keys:
        beside(place_of(EVIDENCE), "key")
    with pytest.raises(BwcStoreError) as catalog:
        catalog_place(place_of(EVIDENCE), None)

    assert ErrorKind.ARGUMENT_INVALID is keys.value.kind is catalog.value.kind
    assert "XDG_CONFIG_HOME" in keys.value.message


def test_names_of_buckets_fit_a_file_name() -> None:
    """The longest prefix still gives a name, and another one that is cut alike another name."""
    long = S3Place(bucket="evidence", prefix="ü" * 128 + "/")
    other = S3Place(bucket="evidence", prefix="ü" * 127 + "u/")

    assert "evidence" == bucket_name(S3Place(bucket="evidence", prefix=""))
    assert len(bucket_name(long).encode()) <= 160
    assert bucket_name(long) != bucket_name(other)
