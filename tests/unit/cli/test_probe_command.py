"""The commands `probe` and `storage attest` on places without locks."""

from pathlib import Path

import pytest

from bwcstore.cli._exit import Exit
from bwcstore.cli._probe_command import worst_last
from bwcstore.storage._probe_result import PlaceKind, ProbeResult, Protocol, Verdict
from tests.unit.cli.office import Office, open_office


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """A store in a directory."""
    return open_office(tmp_path)


@pytest.mark.spec("PRB-6")
def test_a_directory_needs_no_store(office: Office, tmp_path: Path) -> None:
    """What is found is printed; that a disk refuses nothing is no failure."""
    place = tmp_path / "place"
    place.mkdir()
    told = office.run("probe", str(place))
    document = office.run("probe", str(place), "--as", "vault", "--json").document

    assert "create-put-taken" in told.out
    assert "delete-locked" not in told.out
    assert "not applicable" in told.out
    (found,) = document["probes"]
    assert ("vault", "not-applicable", "numbered") == (
        found["place"],
        found["verdict"],
        found["protocol"],
    )
    assert {"check": "delete-is-final", "outcome": "held", "detail": ""} in found["checks"]


def test_no_replica_hides_behind_another() -> None:
    """Whatever replica was found wanting is recorded last, so that it is what a store shows."""
    found = [
        (
            PlaceKind.VAULT,
            ProbeResult(location=where, checks=(), verdict=verdict, protocol=Protocol.NUMBERED),
        )
        for where, verdict in (
            ("first", Verdict.UNPROVEN),
            ("second", Verdict.NOT_APPLICABLE),
            ("third", Verdict.NOT_APPLICABLE),
        )
    ]
    order = [result.location for _, result in worst_last(found)]

    assert ["second", "third", "first"] == order


@pytest.mark.spec("PRB-9")
def test_the_places_of_a_store_are_tried_and_recorded(office: Office) -> None:
    """Evidence, and every replica of the keys."""
    untold = office.run("probe", "--json").document
    told = office.run("probe", "--record", "--json").document
    doctor = office.run("doctor", "--json", expected=Exit.FINDINGS).document

    assert [False, True] == [untold["recorded"], told["recorded"]]
    assert "evidence" == told["probes"][0]["place"]
    assert {"vault"} == {one["place"] for one in told["probes"][1:]}
    assert {"evidence: not-applicable", "vault: not-applicable"} == {
        one.partition(",")[0] for one in doctor["probes"]
    }


def test_a_place_has_no_ledger(office: Office, tmp_path: Path) -> None:
    """What was found of another place is not recorded in this store."""
    refused = office.run("probe", str(tmp_path), "--record", expected=Exit.USAGE)
    absent = office.run("probe", str(tmp_path / "absent"), expected=Exit.STORAGE)

    assert "--record" in refused.err
    assert "no such directory" in absent.err


@pytest.mark.spec("PRB-12")
def test_attesting(office: Office) -> None:
    """What nobody can see is said by somebody."""
    done = office.run("storage", "attest", "vault", "no-snapshots", "no-backups", "--json")
    office.run("storage", "attest", "vault", "No!", expected=Exit.INVALID_INPUT)

    assert {"place": "vault", "words": "no-backups no-snapshots"} == done.document
