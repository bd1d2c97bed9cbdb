"""How many requests the library makes: as many as the script on costs counts."""

import importlib.util
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import attrs
import pytest

from bwcstore import Session
from bwcstore.storage._s3_options import PART_BYTES_MIN
from bwcstore.testing.backend_suite import pattern
from tests.integration.s3_service import S3Service
from tests.s3.fault_proxy import FaultProxy, Seen
from tests.s3.ground import CHUNK, SEGMENT_BYTES, Ground

SCRIPT: Final = Path(__file__).parents[2] / "examples/s3_costs.py"
LENGTH: Final = 3 * SEGMENT_BYTES - CHUNK // 2


@attrs.frozen(kw_only=True)
class Counted:
    """A store behind a proxy that sees every request, and a session in it."""

    proxy: FaultProxy
    session: Session
    claimed: bool

    def asked(self) -> tuple[int, int]:
        """Requests that cost as much as storing, and as reading, since this was last asked."""
        seen = [one for one in self.proxy.seen if not _of_keys(one)]
        self.proxy.heal()
        stores = [_is_store(one) for one in seen if one.method != "DELETE"]
        return sum(stores), len(stores) - sum(stores)

    def told(self, act: str) -> tuple[int, int]:
        """What the script says of an act."""
        found: tuple[int, int] = _script().counts(LENGTH, claimed=self.claimed)[act].asked
        return found


def _of_keys(seen: Seen) -> bool:
    return "/keys/" in seen.path or "prefix=keys" in seen.query


def _is_store(seen: Seen) -> bool:
    return seen.method in ("PUT", "POST") or "versions" in seen.query.split("&")[0]


def _script() -> Any:
    spec = importlib.util.spec_from_file_location("s3_costs", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    script: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    script.SEGMENT, script.PART, script.CHUNK = SEGMENT_BYTES, PART_BYTES_MIN, CHUNK
    return script


@pytest.fixture(scope="module", params=["numbered", "claimed"])
def opened(
    s3_server: S3Service, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Counted]:
    """A store that has looked at its first locks."""
    ground = Ground.lay(s3_server, tmp_path_factory.mktemp("counts"), request.param)
    with FaultProxy(ground.endpoint) as proxy:
        ground.begin()
        through = attrs.evolve(ground, endpoint=proxy.endpoint)
        with (
            through.open() as store,
            store.session(actor="chief", reason="count", purpose="investigation") as session,
        ):
            session.authorize("chief", purposes=["investigation"])
            session.ingest(io.BytesIO(pattern(SEGMENT_BYTES)))
            yield Counted(proxy=proxy, session=session, claimed=ground.claimed)


@pytest.fixture
def counted(opened: Counted) -> Counted:
    """The store when its locks are as they are wanted, and its last claim was made just now."""
    opened.session.sync_locks()
    opened.session.sync_locks()
    opened.proxy.heal()
    return opened


def test_storing_and_reading(counted: Counted) -> None:
    """An ingest, an entry and a full read."""
    made = counted.session.ingest(io.BytesIO(pattern(LENGTH))).object_id
    ingest = counted.asked()
    counted.session.place_hold("litigation", objects=[made])
    entry = counted.asked()
    with counted.session.read(made) as found:
        found.read()
    read = counted.asked()

    assert counted.told("ingest") == ingest
    # Claims are looked at again only after a pause.
    assert counted.told("one entry")[0] == entry[0]
    assert counted.told("one full read") == read


def test_a_sync_of_nothing_new(counted: Counted) -> None:
    """Recordings are locked as they are stored: however many are new, a sync tells of none."""
    for number in range(3):
        counted.session.ingest(io.BytesIO(bytes([number])))
    counted.asked()
    counted.session.sync_locks()

    assert (2 if counted.claimed else 1, 1) == counted.asked()


def test_a_legal_hold(counted: Counted) -> None:
    """Placed by one sync, and looked at by the next; besides, the syncs make their own entries."""
    made = counted.session.ingest(io.BytesIO(pattern(LENGTH))).object_id
    counted.session.place_hold("litigation", objects=[made])
    counted.asked()
    counted.session.sync_locks()
    counted.session.sync_locks()
    found = counted.asked()

    commit = 2 if counted.claimed else 1
    put, get = counted.told("legal hold")
    assert (put + 3 * commit, get + 4) == found
