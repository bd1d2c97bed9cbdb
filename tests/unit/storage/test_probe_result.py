"""What checks come to: weighed against their controls, a verdict, a protocol."""

import pytest

from bwcstore.storage._probe_result import (
    CHECKS,
    RACES,
    Check,
    Outcome,
    Protocol,
    Verdict,
    in_order,
    protocol_of,
    verdict_on_locks,
    verdict_without_locks,
)


def checks(**outcomes: Outcome) -> list[Check]:
    """Every check of a locked bucket, held unless said otherwise; `_` stands for `-`."""
    given = {name.replace("_", "-"): outcome for name, outcome in outcomes.items()}
    return [Check(name=name, outcome=given.get(name, Outcome.HELD)) for name in CHECKS]


def outcome(found: tuple[Check, ...], name: str) -> Outcome:
    """The outcome of one check."""
    return next(check.outcome for check in found if check.name == name)


@pytest.mark.spec("PRB-4")
@pytest.mark.parametrize(
    ("control", "weighed"),
    [
        ("delete-unlocked", {"delete-locked", "delete-locked-bypass", "delete-held"}),
        ("delete-after-expiry", {"delete-locked", "delete-locked-bypass", "delete-held"}),
        (
            "bypass-governance",
            {
                "delete-locked-bypass",
                "delete-held",
                "shorten-lock",
                "downgrade-lock",
                "remove-lock",
            },
        ),
        ("extend-lock", {"shorten-lock", "downgrade-lock", "remove-lock"}),
    ],
)
@pytest.mark.parametrize("came", [Outcome.REFUSED, Outcome.FAILED])
def test_a_refusal_needs_its_control(control: str, weighed: set[str], came: Outcome) -> None:
    """What was refused where its control did not hold tells nothing, in that way of storing."""
    found = in_order(checks(**{f"{control}-put".replace("-", "_"): came}))

    refused = {one.name for one in found if one.outcome is Outcome.REFUSED}

    assert {f"{name}-put" for name in weighed} == refused - {f"{control}-put"}


@pytest.mark.spec("PRB-4")
def test_what_failed_stays_so() -> None:
    """A deletion that went through needs no control."""
    found = in_order(checks(delete_locked_put=Outcome.FAILED, delete_unlocked_put=Outcome.REFUSED))

    assert Outcome.FAILED is outcome(found, "delete-locked-put")


@pytest.mark.spec("PRB-4")
def test_a_control_that_is_missing_holds_nothing() -> None:
    """A check whose controls were never made is not held."""
    found = in_order([Check(name="delete-locked-put", outcome=Outcome.HELD)])

    assert Outcome.REFUSED is outcome(found, "delete-locked-put")


def test_checks_have_one_order() -> None:
    """However they were made."""
    found = in_order([*reversed(checks())])

    assert CHECKS == tuple(check.name for check in found)
    assert len(set(CHECKS)) == len(CHECKS) <= 64


@pytest.mark.spec("PRB-5")
@pytest.mark.parametrize("name", CHECKS)
@pytest.mark.parametrize("came", [Outcome.FAILED, Outcome.REFUSED])
def test_every_check_but_racing_counts(name: str, came: Outcome) -> None:
    """Proven is only what did as it should in everything that could be tried."""
    found = verdict_on_locks(in_order(checks(**{name.replace("-", "_"): came})))

    assert (Verdict.PROVEN if name in RACES else Verdict.UNPROVEN) is found


@pytest.mark.spec("PRB-6")
def test_a_place_without_locks_fails_by_what_failed() -> None:
    """What could not be tried is no failure there."""
    assert Verdict.NOT_APPLICABLE is verdict_without_locks(checks(no_replication=Outcome.REFUSED))
    assert Verdict.UNPROVEN is verdict_without_locks(checks(delete_is_final=Outcome.FAILED))


@pytest.mark.spec("PRB-7")
def test_protocol_by_creating_and_racing() -> None:
    """Creating must hold in every cell; racing decides between the two protocols."""
    assert Protocol.NUMBERED is protocol_of(checks())
    assert Protocol.CLAIMED is protocol_of(checks(race_put=Outcome.FAILED))
    assert Protocol.CLAIMED is protocol_of(checks(race_multipart=Outcome.REFUSED))
    assert Protocol.NONE is protocol_of(checks(create_put_taken=Outcome.FAILED))
    assert Protocol.NONE is protocol_of(checks(create_multipart_free=Outcome.REFUSED))
    assert Protocol.NONE is protocol_of([])
