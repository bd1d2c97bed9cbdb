"""Stores in which the verbs of custody have something to do, and what their stories share."""

import contextlib
from collections.abc import Iterator
from typing import Final

from bwcstore._encoding import Json
from bwcstore._values import ActId, ObjectId
from bwcstore.custody._authority import Role
from bwcstore.custody._records import Policy
from bwcstore.errors import (
    AuthorizationError,
    ErrorKind,
    InvalidInputError,
    NotFoundError,
)
from bwcstore.ledger._entry import Entry
from bwcstore.testing._invariants import Fact
from tests.simulation.stage import Stage
from tests.unit.session.purging import AGENCY, DAY, DUE_DAYS, PACK, POLICY, clip
from tests.unit.session.world import CHUNK, stream

STEP_HOURS: Final = 30
BRIEF: Final = Policy(clock_hours=24, brake_objects=25, waiting_hours=24, plan_days=30)


def entries(stage: Stage, kind: str) -> list[Entry]:
    """Every entry of a kind, as another process finds it."""
    return [one for one in stage.another()._services.log.entries() if one.kind == kind]


def how_many(stage: Stage, kind: str) -> int:
    """How many entries of a kind there are."""
    return len(entries(stage, kind))


def first(stage: Stage) -> ObjectId:
    """The first recording."""
    return ObjectId(stage.memo["first"])


def act_of(stage: Stage, name: str) -> ActId:
    """A plan or request that was kept in mind."""
    return ActId(stage.memo[name])


@contextlib.contextmanager
def but(kind: ErrorKind) -> Iterator[None]:
    """What an earlier attempt has done already is no failure."""
    try:
        yield
    except (AuthorizationError, InvalidInputError, NotFoundError) as exc:
        if exc.kind is not kind:
            raise


def tell_once(stage: Stage, kind: str, **body: Json) -> None:
    """A verb has returned that finds what an earlier attempt did."""
    if Fact(kind=kind, body=body) not in stage.told.facts:
        stage.told.fact(kind, **body)


# --- Before ------------------------------------------------------------------------------------


def a_store(stage: Stage) -> None:
    """A store without a law, with a recording."""
    stage.create()
    with stage.session() as session:
        stage.memo["first"] = str(session.ingest(stream(7)).object_id)
    stage.close()


def a_town(stage: Stage, *, clips: int = 1) -> None:
    """A store under a small law, with people and recordings."""
    stage.create()
    with stage.session() as session:
        session.adopt_law(PACK, AGENCY)
        session.set_policy(POLICY)
        session.enrol("ann", roles=[Role.RECORDS])
        for number in range(clips):
            made = clip(session, CHUNK + 1)
            stage.memo.setdefault("first", str(made))
            stage.memo[f"clip-{number}"] = str(made)
    stage.close()


def a_hold(stage: Stage) -> None:
    """A recording that is held."""
    a_town(stage)
    with stage.session() as session:
        stage.memo["hold"] = session.place_hold("litigation", objects=[first(stage)])
    stage.close()


def all_due(stage: Stage) -> None:
    """Two recordings that are due."""
    a_town(stage, clips=2)
    stage.clock.advance(DUE_DAYS * DAY)


def a_plan(stage: Stage) -> None:
    """A plan for them."""
    all_due(stage)
    with stage.session() as session:
        stage.memo["plan"] = str(session.propose_purge(session.plan_purge()))
    stage.close()


def an_approved_plan(stage: Stage) -> None:
    """The plan, approved."""
    a_plan(stage)
    approve(stage, act_of(stage, "plan"))
    stage.close()


def approve(stage: Stage, plan: ActId) -> None:
    """Somebody else approves a plan."""
    with stage.session("ann") as session:
        digest = session.purge_status(plan).plan_sha256
        with but(ErrorKind.APPROVED_ALREADY):
            session.approve_purge(plan, plan_sha256=digest)
    stage.told.fact("plan.approved", plan_sha256=str(digest))


def a_stepped_clock(stage: Stage) -> None:
    """The clock has stepped beyond what the policy lets pass, and an entry shows it."""
    a_town(stage)
    with stage.session() as session:
        session.set_policy(BRIEF)
    stage.clock.advance(STEP_HOURS * 3_600)
    with stage.session() as session:
        session.enrol("bob", roles=[Role.RECORDS])
    (jump,) = stage.store()._services.log.state.jumps
    stage.memo["jump"] = str(jump.index)
    stage.close()


def a_releasable_recording(stage: Stage) -> None:
    """A recording that may leave."""
    a_town(stage)
    with stage.session() as session:
        session.authorize("chief", purposes=["investigation"])
        session.assert_fact("minor_recorded", value=False, object_id=first(stage))
    stage.close()
