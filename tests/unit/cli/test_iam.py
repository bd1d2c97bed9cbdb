"""`iam`: policies printed for whoever attaches them."""

import json
from collections.abc import Callable

import pytest

from bwcstore.cli._app import run
from bwcstore.cli._exit import Exit
from bwcstore.storage import StorageAreas, StorageRole, identity_policy

Printed = Callable[..., str]
STORE = "s3://evidence/bwc"
AREAS = StorageAreas(
    evidence=STORE, vaults=("s3://keys/bwc",), claims="s3://claims/bwc", partition="aws-us-gov"
)
WHERE = (
    *(STORE, "--vault", "s3://keys/bwc", "--claims", "s3://claims/bwc"),
    *("--partition", "aws-us-gov"),
)


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str]) -> Printed:
    """Run a command that ends well; what it printed."""

    def done(*arguments: str) -> str:
        assert 0 == run(arguments)
        return capsys.readouterr().out

    return done


@pytest.mark.parametrize("role", StorageRole, ids=lambda role: role.value)
def test_a_role_is_printed_as_it_is_attached(printed: Printed, role: StorageRole) -> None:
    """The policy of each role, the same for a person and for a program."""
    plain = printed("iam", "role", role.value, *WHERE)
    line = printed("iam", "role", role.value, *WHERE, "--json")

    assert identity_policy(role, AREAS) == json.loads(plain) == json.loads(line)
    assert 1 == line.count("\n") < plain.count("\n")


def test_the_policies_of_all_buckets_are_printed(printed: Printed) -> None:
    """One for each bucket, with what was said of the locks."""
    arn = "arn:aws-us-gov:iam::123456789012:role/bwc-purger"
    found = json.loads(
        printed(
            *("iam", "buckets", *WHERE, "--principal", f"purger={arn}"),
            *("--lock", "governance", "--record-lock-days", "20"),
        )
    )
    text = json.dumps(found["evidence"])

    assert ["claims", "evidence", "keys"] == sorted(found)
    assert '"s3:object-lock-mode": "GOVERNANCE"' in text
    assert '"s3:object-lock-remaining-retention-days": "19"' in text
    assert {"AWS": [arn]} in [one["Principal"] for one in found["evidence"]["Statement"]]


def test_an_administrator_is_spared_in_every_bucket(printed: Printed) -> None:
    """Without one, nothing is said of who may change the policies."""
    arn = "arn:aws-us-gov:iam::123456789012:role/chief"
    found = [printed("iam", "buckets", *WHERE, *more) for more in ((), ("--administrator", arn))]

    assert [0, 3] == [text.count('"s3:PutBucketPolicy"') for text in found]
    assert [0, 3] == [text.count(f'"{arn}"') for text in found]


@pytest.mark.parametrize("principal", ["purger", "nobody=arn:aws:iam::1:role/a", "purger="])
def test_a_principal_needs_its_role(capsys: pytest.CaptureFixture[str], principal: str) -> None:
    """What is no role, or names nobody, is refused by its code."""
    code = run(("iam", "buckets", STORE, "--principal", principal, "--json"))
    error = json.loads(capsys.readouterr().err)["error"]

    assert (Exit.INVALID_INPUT, "argument-invalid") == (code, error["kind"])
