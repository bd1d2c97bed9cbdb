"""What a probe of a real bucket finds, and that each of its checks can fail."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

import bwcstore
from bwcstore._layout import CANARIES
from bwcstore._system import SystemClock, SystemEntropy
from bwcstore._values import Locking, LockMode
from bwcstore.errors import ErrorKind
from bwcstore.storage._keysource import KeyFile
from bwcstore.storage._probe_result import Outcome, PlaceKind, ProbeResult, Protocol, Verdict
from bwcstore.storage._s3 import S3Backend
from bwcstore.storage._s3_canaries import Canaries, Canary, TooLateError
from bwcstore.storage._s3_probe import in_time, probe_bucket
from tests.integration.s3_service import S3Service
from tests.s3.lossy import Faults, lossy
from tests.s3.places import open_bucket, options

_WAYS = ("put", "multipart")


def _outcomes(result: ProbeResult, *outcomes: Outcome) -> set[str]:
    return {check.name for check in result.checks if check.outcome in outcomes}


def _failed(result: ProbeResult) -> set[str]:
    return _outcomes(result, Outcome.FAILED)


def _both(*names: str) -> set[str]:
    return {f"{name}-{way}" for name in names for way in _WAYS}


def _left(backend: S3Backend) -> list[str]:
    return [one.name for one in backend.all_versions("")]


@contextmanager
def _behind(service: S3Service, bucket: str, faults: Faults) -> Iterator[S3Backend]:
    """A fresh prefix of a bucket, reached through a service with faults."""
    with (
        lossy(service, faults) as endpoint,
        closing(open_bucket(service, bucket, endpoint)) as found,
    ):
        yield found


# --- What real buckets do -----------------------------------------------------------------------


@pytest.mark.spec("PRB-1", "PRB-5", "PRB-7", "PRB-8")
@pytest.mark.parametrize("gateway", ["serial", "parallel"])
def test_a_locked_bucket_is_proven(s3_server: S3Service, locked_bucket: str, gateway: str) -> None:
    """Every check holds but racing, which decides the protocol; nothing is left behind."""
    with closing(open_bucket(s3_server, locked_bucket, getattr(s3_server, gateway))) as backend:
        found = probe_bucket(backend)
        left = _left(backend)

    racing = _both("race") if gateway == "parallel" else set()

    assert Verdict.PROVEN is found.verdict
    assert racing == _outcomes(found, Outcome.FAILED, Outcome.REFUSED, Outcome.NOT_APPLICABLE)
    assert (Protocol.CLAIMED if racing else Protocol.NUMBERED) is found.protocol
    assert [] == left


@pytest.mark.spec("PRB-5", "PRB-2")
def test_a_lock_that_can_be_bypassed_is_found_out(s3_server: S3Service, locked_bucket: str) -> None:
    """Credentials that may bypass the weaker mode delete and shorten: the store is not proven."""
    with closing(open_bucket(s3_server, locked_bucket, s3_server.serial)) as backend:
        found = probe_bucket(backend, mode=LockMode.GOVERNANCE, creates_for_one=True)

    assert _both("delete-locked-bypass", "shorten-lock") == _failed(found)
    assert _both("downgrade-lock") == _outcomes(found, Outcome.NOT_APPLICABLE)
    assert Verdict.UNPROVEN is found.verdict


@pytest.mark.spec("PRB-5")
def test_a_bucket_without_locks_proves_nothing(s3_server: S3Service, plain_bucket: str) -> None:
    """No lock can be tried; what can be tried is."""
    with closing(open_bucket(s3_server, plain_bucket, s3_server.serial)) as backend:
        found = probe_bucket(backend)

    assert Verdict.UNPROVEN is found.verdict
    assert set() == _failed(found)
    assert _both("delete-locked", "shorten-lock") < _outcomes(found, Outcome.NOT_APPLICABLE)
    assert Protocol.NUMBERED is found.protocol


@pytest.mark.spec("PRB-6")
def test_a_place_for_keys(s3_server: S3Service, plain_bucket: str, locked_bucket: str) -> None:
    """Keys need a bucket that keeps nothing of what is deleted."""
    with closing(open_bucket(s3_server, plain_bucket, s3_server.serial)) as backend:
        fit = probe_bucket(backend, place=PlaceKind.VAULT, creates_for_one=True)
    with closing(open_bucket(s3_server, locked_bucket, s3_server.serial)) as backend:
        unfit = probe_bucket(backend, place=PlaceKind.VAULT, creates_for_one=True)

    assert (set(), Verdict.NOT_APPLICABLE) == (_failed(fit), fit.verdict)
    assert {"no-versions", "no-locks", "delete-is-final"} == _failed(unfit)
    assert Verdict.UNPROVEN is unfit.verdict


@pytest.mark.spec("PRB-6")
def test_a_place_for_claims(s3_server: S3Service, plain_bucket: str, locked_bucket: str) -> None:
    """Claims need a bucket where a name is created for one, and that keeps no versions."""
    with closing(open_bucket(s3_server, plain_bucket, s3_server.parallel)) as backend:
        fit = probe_bucket(backend, place=PlaceKind.CLAIMS)
    with closing(open_bucket(s3_server, locked_bucket, s3_server.parallel)) as backend:
        unfit = probe_bucket(backend, place=PlaceKind.CLAIMS)

    assert (set(), Verdict.NOT_APPLICABLE) == (_failed(fit), fit.verdict)
    assert {"no-versions", "race-put"} == _failed(unfit)


# --- What goes wrong is found -------------------------------------------------------------------

_FAULTS: Mapping[str, tuple[Faults, set[str]]] = {
    "locks get lost": (
        Faults(loses=("x-amz-object-lock",)),
        _both(
            "extend-lock",
            "delete-locked",
            "delete-locked-bypass",
            "shorten-lock",
            "downgrade-lock",
            "remove-lock",
        ),
    ),
    "locks are made weaker": (
        Faults(weakens=True),
        _both(
            "extend-lock", "delete-locked-bypass", "shorten-lock", "downgrade-lock", "remove-lock"
        ),
    ),
    "locks can be changed": (
        Faults(takes_any_retention=True),
        _both("shorten-lock", "downgrade-lock", "remove-lock"),
    ),
    "holds get lost": (Faults(pretends="legal-hold"), _both("delete-held")),
    "conditions get lost": (Faults(loses=("if-none-match",)), {"create-put-taken"}),
    "versions are replaced": (
        Faults(replaces=True),
        {"version-on-top", "delete-marker", "create-put-marked"},
    ),
}


@pytest.mark.spec("PRB-2", "PRB-3", "PRB-5")
@pytest.mark.parametrize("fault", _FAULTS)
def test_storage_that_lets_go_is_unproven(
    s3_server: S3Service, locked_bucket: str, fault: str
) -> None:
    """Whatever the service answered: what is gone afterwards has failed."""
    faults, expected = _FAULTS[fault]

    with _behind(s3_server, locked_bucket, faults) as backend:
        found = probe_bucket(backend, creates_for_one=True)

    assert expected <= _failed(found)
    assert Verdict.UNPROVEN is found.verdict


@pytest.mark.spec("PRB-4")
def test_a_denial_is_no_proof(s3_server: S3Service, locked_bucket: str) -> None:
    """Where these credentials may delete no version at all, that they cannot proves nothing."""
    with _behind(s3_server, locked_bucket, Faults(forbids="DELETE")) as backend:
        found = probe_bucket(backend, creates_for_one=True)
        name = backend.place.key("")
    with closing(_again(s3_server, locked_bucket, name)) as backend:
        Canaries(backend).remove_leftovers(stale_seconds=-60)
        left = _left(backend)

    assert _both("delete-locked", "delete-locked-bypass", "delete-held") <= _outcomes(
        found, Outcome.REFUSED
    )
    assert _both("delete-after-expiry") <= _failed(found)
    assert Verdict.UNPROVEN is found.verdict
    assert [] == left


def _again(service: S3Service, bucket: str, prefix: str) -> S3Backend:
    return S3Backend(
        f"s3://{bucket}/{prefix}",
        clock=SystemClock(),
        entropy=SystemEntropy(),
        options=options(service, service.serial),
    )


@pytest.mark.spec("PRB-3")
def test_a_trial_that_comes_too_late_is_made_again(s3_server: S3Service, plain_bucket: str) -> None:
    """Under a longer lock; what is always late is not held."""
    tried: list[int] = []

    def slow(seconds: int) -> tuple[Outcome, str]:
        tried.append(seconds)
        canaries.check_in_time(
            Canary(name="", version="", until=canaries.now().plus_seconds(seconds - 3))
        )
        return Outcome.HELD, ""

    def late(_: int) -> tuple[Outcome, str]:
        raise TooLateError

    with closing(open_bucket(s3_server, plain_bucket, s3_server.serial)) as backend:
        canaries = Canaries(backend)
        found = in_time(slow)
        never = in_time(late)

    assert ([2, 5], Outcome.HELD) == (tried, found[0])
    assert Outcome.REFUSED is never[0]


# --- Canaries -----------------------------------------------------------------------------------


@pytest.mark.spec("PRB-8")
def test_canaries_of_a_broken_probe_are_removed(s3_server: S3Service, locked_bucket: str) -> None:
    """What an earlier probe left goes once it is old and its lock is over, and no sooner."""
    with closing(open_bucket(s3_server, locked_bucket, s3_server.serial)) as backend:
        canaries = Canaries(backend)
        free = canaries.store("put", canaries.fresh())
        canaries.store_on_top(free.name)
        canaries.call("delete_object", free.name)
        locked = canaries.store_locked("put", mode=LockMode.COMPLIANCE, seconds=3)
        young = canaries.remove_leftovers(stale_seconds=600)
        there = set(_left(backend))
        old = canaries.remove_leftovers(stale_seconds=-60)
        still = set(_left(backend))
        stays = canaries.remove([locked.name])
        left = _left(backend)

    assert (0, {free.name, locked.name}) == (young, there)
    assert (1, {locked.name}) == (old, still)
    assert ({}, []) == (stays, left)


@pytest.mark.spec("PRB-8")
def test_a_bucket_that_locks_everything_keeps_no_canary(
    s3_server: S3Service, s3_client: Any, locked_bucket: str
) -> None:
    """Canaries have short locks of their own where the bucket would lock them for years."""
    rule = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 400}}
    s3_client.put_object_lock_configuration(
        Bucket=locked_bucket,
        ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule},
    )

    with closing(open_bucket(s3_server, locked_bucket, s3_server.serial)) as backend:
        found = probe_bucket(backend, creates_for_one=True)
        left = _left(backend)

    assert [] == left
    assert _both("delete-unlocked") == _outcomes(found, Outcome.NOT_APPLICABLE)
    assert Verdict.PROVEN is found.verdict


@pytest.mark.spec("PRB-8")
def test_a_probe_that_breaks_off_leaves_what_is_locked_alone(
    s3_server: S3Service, locked_bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An interruption is passed on, and what can be removed at once is."""
    with closing(open_bucket(s3_server, locked_bucket, s3_server.serial)) as backend:
        monkeypatch.setattr(backend, "list", _interrupted(backend))
        with pytest.raises(KeyboardInterrupt):
            probe_bucket(backend, creates_for_one=True)
        unlocked = [
            one.name
            for one in backend.all_versions("")
            if "ObjectLockRetainUntilDate"
            not in backend.client.call(
                "head_object", Key=backend.place.key(one.name), VersionId=one.version_id
            ).fields
        ]

    assert [] == unlocked


def _interrupted(backend: S3Backend) -> Any:
    listed, calls = backend.list, []

    def interrupted(prefix: str) -> Any:
        calls.append(prefix)
        if len(calls) > 1:
            raise KeyboardInterrupt
        return listed(prefix)

    return interrupted


# --- Stores -------------------------------------------------------------------------------------


@pytest.mark.spec("PRB-9", "PRB-10", "PRB-11")
@pytest.mark.parametrize("mode", LockMode)
def test_a_new_store_says_whether_it_is_proven(
    s3_server: S3Service, locked_bucket: str, plain_bucket: str, tmp_path: Path, mode: LockMode
) -> None:
    """From its first entries on; only locks that nobody can bypass are proven."""
    KeyFile.generate(tmp_path / "key", SystemEntropy())

    with bwcstore.Store.create(
        f"s3://{locked_bucket}/evidence",
        key=KeyFile(tmp_path / "key"),
        actor="chief",
        vaults=[f"s3://{plain_bucket}/keys"],
        locking=Locking(mode=mode),
        s3=options(s3_server, s3_server.serial),
    ) as store:
        probed, size, warned = store.probed["evidence"], store.size, store.warnings
        canaries = [*store._services.backend.list(CANARIES)]

    proven = mode is LockMode.COMPLIANCE

    assert ("proven" if proven else "unproven") == probed.verdict
    assert (3, "numbered", []) == (size, probed.protocol, canaries)
    assert proven is (ErrorKind.UNPROVEN_WORM not in warned)
