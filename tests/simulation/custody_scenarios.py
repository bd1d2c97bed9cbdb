"""The verbs of custody and destruction as stories that may be told again."""

from datetime import date
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from bwcstore._values import Instant, ObjectId
from bwcstore.custody._knowledge import holdings
from bwcstore.custody._selection import Selection
from bwcstore.errors import ErrorKind
from bwcstore.objects._manifest import content_key_id
from tests.simulation.custody_stage import (
    BRIEF,
    a_hold,
    a_releasable_recording,
    a_stepped_clock,
    a_store,
    a_town,
    act_of,
    all_due,
    an_approved_plan,
    approve,
    but,
    entries,
    first,
    how_many,
    tell_once,
)
from tests.simulation.scenarios import Scenario
from tests.simulation.stage import Stage
from tests.unit.session.purging import AGENCY, PACK
from tests.unit.session.world import CHUNK, recording, stream

CHICAGO: Final = ZoneInfo("America/Chicago")


# --- Law and facts -----------------------------------------------------------------------------


def adopt_law(stage: Stage) -> None:
    """A law is adopted."""
    with stage.session() as session:
        made = session.adopt_law(PACK, AGENCY)
    stage.told.fact("law.adopted", pack_sha256=str(made.pack_sha256))
    stage.close()


def law_can_be_asked(stage: Stage) -> None:
    """The texts that its entry names can be read."""
    with stage.session() as session:
        plan = session.plan_purge()
    assert () == plan.due
    stage.close()


def set_policy(stage: Stage) -> None:
    """The agency's own rules change."""
    with stage.session() as session:
        session.set_policy(BRIEF)
    stage.told.fact("policy.set", clock_hours=BRIEF.clock_hours)
    stage.close()


def policy_counts(stage: Stage) -> None:
    """The policy is the one that was set."""
    assert BRIEF.clock_hours == stage.store()._services.log.state.store.policy.clock_hours
    stage.close()


def facts(stage: Stage) -> None:
    """A fact is asserted and retracted, a label added."""
    clip_id = first(stage)
    with stage.session() as session:
        said = session.assert_fact("minor_recorded", value=True, object_id=clip_id)
        stage.told.fact("fact.asserted", assertion=said)
        retracted = session.retract_fact(said, object_id=clip_id)
        stage.told.fact("fact.asserted", assertion=retracted, supersedes=said)
        labelled = session.label(clip_id, ["training"])
        stage.told.fact("fact.asserted", assertion=labelled)
    stage.close()


def every_retraction_has_its_fact(stage: Stage) -> None:
    """Nothing was retracted that was not asserted, and the label is explained."""
    asserted = entries(stage, "fact.asserted")
    said = {one.body["assertion"] for one in asserted}
    assert {one.body["supersedes"] for one in asserted if "supersedes" in one.body} <= said
    with stage.session() as session:
        assert "training" in session.explain(first(stage)).text()
    stage.close()


def tags_and_times(stage: Stage) -> None:
    """A recording gets a case, and its time is corrected."""
    clip_id = first(stage)
    with stage.session() as session:
        session.add_tags(clip_id, case="26-1")
        tell_once(stage, "tags.added")
        claim = session.correct_time(
            clip_id, Instant.parse("2025-12-31T00:00:00.000000Z"), statement="the clock was wrong"
        )
    stage.told.fact("collected.claimed", claim=claim)
    stage.close()


def case_selects_it(stage: Stage) -> None:
    """A hold on the case holds it."""
    with stage.session() as session:
        session.place_hold("litigation", selection=Selection.case("26-1"))
    assert _is_held(stage)
    stage.close()


def consent(stage: Stage) -> None:
    """Somebody agrees, and takes it back."""
    clip_id = first(stage)
    with stage.session() as session:
        given = session.record_consent(clip_id, covers="identity")
        stage.told.fact("consent.recorded", consent=given)
        session.withdraw_consent(clip_id, given)
        stage.told.fact("consent.withdrawn", consent=given)
    stage.close()


def consents_are_withdrawn(stage: Stage) -> None:
    """The last one that was given was taken back, once."""
    withdrawn = [one.body["consent"] for one in entries(stage, "consent.withdrawn")]
    assert entries(stage, "consent.recorded")[-1].body["consent"] in withdrawn
    assert len(set(withdrawn)) == len(withdrawn)


# --- Holds and requests ------------------------------------------------------------------------


def place_hold(stage: Stage) -> None:
    """One hold on a recording, one on a time."""
    with stage.session() as session:
        one = session.place_hold("litigation", objects=[first(stage)])
        stage.told.fact("hold.placed", hold=one)
        stage.told.fact("hold.bound", hold=one)
        two = session.place_hold(
            "litigation", selection=Selection.collected(date(2020, 1, 1), date(2030, 1, 1))
        )
        stage.told.fact("hold.placed", hold=two)
    stage.close()


def _is_held(stage: Stage) -> bool:
    store = stage.store()
    found = holdings(
        store.object(first(stage)),
        store._services.log.state.store,
        zone=CHICAGO,
    )
    return bool(found)


def both_hold(stage: Stage) -> None:
    """Of each decision all entries are there; released one by one, the recording is free."""
    placed = entries(stage, "hold.placed")
    bound = how_many(stage, "hold.bound")
    assert sum(one.body["objects_count"] == 1 for one in placed) == bound
    for one in placed:
        assert _is_held(stage)
        for login in ("chief", "ann"):
            with stage.session(login) as session:
                session.release_hold(str(one.body["hold"]))
    assert not _is_held(stage)
    stage.close()


def release_hold(stage: Stage) -> None:
    """Two people release a hold."""
    hold = stage.memo["hold"]
    for login in ("chief", "ann"):
        with (
            but(ErrorKind.HOLD_RELEASED),
            but(ErrorKind.SECOND_ACTOR_REQUIRED),
            stage.session(login) as session,
        ):
            session.release_hold(hold)
    tell_once(stage, "hold.release_proposed", hold=hold)
    tell_once(stage, "hold.released", hold=hold)
    stage.close()


def released_once(stage: Stage) -> None:
    """By two people, once."""
    proposed, released = entries(stage, "hold.release_proposed"), entries(stage, "hold.released")
    assert (1, 1) == (len(proposed), len(released))
    assert proposed[0].by != released[0].by
    assert not _is_held(stage)
    stage.close()


def request(stage: Stage) -> None:
    """Somebody asks that a recording be kept; it is granted, told and closed."""
    clip_id = first(stage)
    with stage.session() as session:
        act = session.receive_request("subject-view", requester="stranger")
        stage.told.fact("request.received", requester="stranger")
        session.bind_request(act, [clip_id])
        stage.told.fact("request.bound", request=str(act))
        session.answer_request(act, "granted")
        stage.told.fact("request.answered", request=str(act), outcome="granted")
        session.send_notice(act, clip_id, "grant")
        stage.told.fact("notice.sent", request=str(act))
        session.close_request(act)
        stage.told.fact("request.closed", outcome="granted")
    stage.close()


def answered_requests_hold_nothing(stage: Stage) -> None:
    """Requests that were left bound still hold; once they are answered, nothing does."""
    with stage.session() as session:
        for line in session.requests():
            waits = [one for one in line.objects if line.objects[one] is None]
            if waits:
                assert _is_held(stage)
                session.answer_request(line.request.act, "withdrawn")
    assert not _is_held(stage)
    stage.close()


# --- Copies ------------------------------------------------------------------------------------


def derive(stage: Stage) -> None:
    """A redacted copy is made."""
    with stage.session() as session:
        made = stage.take(
            session.derive(
                first(stage),
                stream(5),
                operation="redact",
                tool="blur",
                tool_version="1",
                redactions=["minors"],
            )
        )
    stage.told.fact("derivative.made", derivative=str(made.object_id))
    stage.close()


def derivatives_have_parents(stage: Stage) -> None:
    """Each end names the other."""
    made = {one.body["derivative"] for one in entries(stage, "derivative.made")}
    tied = {str(one.scope.id.object_id) for one in entries(stage, "derived.from")}
    assert made == tied


def release(stage: Stage) -> None:
    """The recording is given to another office, as a file."""
    target = Path(stage.memo["folder"]) / "given"
    target.unlink(missing_ok=True)
    with stage.session() as session:
        made = session.release(
            first(stage), right="discretion", recipient="agency_staff", mode="copy", target=target
        )
    assert recording(CHUNK + 1) == target.read_bytes()
    stage.told.fact("release.made", release=made.release_id)
    stage.told.left(stage.area, first(stage), id(target), CHUNK + 1)
    stage.close()


def releases_precede_accesses(stage: Stage) -> None:
    """No export without its release before it."""
    released = [one.index for one in entries(stage, "release.made")]
    exported = [one.index for one in entries(stage, "object.accessed")]
    for number, index in enumerate(exported):
        assert released[number] < index


# --- Destruction -------------------------------------------------------------------------------


def _destroyed(stage: Stage) -> None:
    an_approved_plan(stage)
    run_purge(stage)


def propose(stage: Stage) -> None:
    """A plan is proposed, approved and withdrawn."""
    with stage.session() as session:
        plan = session.propose_purge(session.plan_purge())
        stage.told.fact("plan.proposed", objects_count=2)
    approve(stage, plan)
    with stage.session() as session:
        session.withdraw_purge(plan)
    stage.told.fact("plan.withdrawn")
    stage.close()


def plans_can_be_read(stage: Stage) -> None:
    """Every plan that was proposed can be read."""
    with stage.session() as session:
        assert how_many(stage, "plan.proposed") == len(session.plans())
    stage.close()


def run_purge(stage: Stage) -> None:
    """An approved plan is carried out."""
    plan = act_of(stage, "plan")
    with stage.session() as session:
        run = session.run_purge(plan)
        for _ in run.completed:
            stage.told.fact("purge.completed", plan=str(plan))
        if run.epoch is not None:
            stage.told.fact("keys.epoch_destroyed", epoch=run.epoch)
    assert {} == dict(run.withheld)
    if not stage.plan.fired:
        assert {} == dict(run.failed)
    tell_once(stage, "purge.run_ended")
    stage.close()


def everything_is_destroyed(stage: Stage) -> None:
    """Each recording once, with its keys, its bytes, and the epoch of its keys."""
    gone = [stage.memo["clip-0"], stage.memo["clip-1"]]
    started, completed = entries(stage, "purge.started"), entries(stage, "purge.completed")
    assert sorted(gone) == sorted(str(one.scope.id.object_id) for one in started)
    assert sorted(gone) == sorted(str(one.scope.id.object_id) for one in completed)
    kept = {one.key_id for one in stage.vault().inventory()}
    assert not {content_key_id(ObjectId(one)) for one in gone} & kept
    last = max(one.index for one in completed)
    assert max(one.index for one in entries(stage, "keys.epoch_destroyed")) > last
    for one in gone:
        assert stage.store().certificate(ObjectId(one))
    stage.close()


def attest(stage: Stage) -> None:
    """Backups are declared, and what became of them and the root key is attested."""
    with stage.session() as session:
        session.declare_backups({"tape": "vault"})
        stage.told.fact("backups.declared")
        session.attest_erasure(0, root="replaced", backups={"tape": "destroyed"})
    stage.told.fact("erasure.attested", epoch=0)
    stage.close()


def erasure_is_claimed(stage: Stage) -> None:
    """The certificate says that it is erased."""
    raw = stage.store().certificate(first(stage))
    assert b'"state":"erased"' in raw
    stage.close()


def confirm_clock(stage: Stage) -> None:
    """Two people confirm a step of the clock."""
    jump = int(stage.memo["jump"])
    for login in ("chief", "ann"):
        with but(ErrorKind.SECOND_ACTOR_REQUIRED), stage.session(login) as session:
            session.confirm_clock(jump)
            stage.told.fact("clock.confirmed", jump=jump)
    stage.close()


def clock_is_confirmed(stage: Stage) -> None:
    """By two people, each once."""
    confirmed = entries(stage, "clock.confirmed")
    assert 2 == len(confirmed) == len({one.by for one in confirmed})
    assert () == tuple(stage.store()._services.log.state.unconfirmed)
    stage.close()


CUSTODY_SCENARIOS: Final = (
    Scenario(name="adopt-law", prepare=a_store, act=adopt_law, done=law_can_be_asked),
    Scenario(name="set-policy", prepare=a_store, act=set_policy, done=policy_counts),
    Scenario(name="facts", prepare=a_town, act=facts, done=every_retraction_has_its_fact),
    Scenario(name="tags-and-times", prepare=a_town, act=tags_and_times, done=case_selects_it),
    Scenario(name="consent", prepare=a_town, act=consent, done=consents_are_withdrawn),
    Scenario(name="place-hold", prepare=a_town, act=place_hold, done=both_hold),
    Scenario(name="release-hold", prepare=a_hold, act=release_hold, done=released_once),
    Scenario(name="request", prepare=a_town, act=request, done=answered_requests_hold_nothing),
    Scenario(name="derive", prepare=a_town, act=derive, done=derivatives_have_parents),
    Scenario(
        name="release", prepare=a_releasable_recording, act=release, done=releases_precede_accesses
    ),
    Scenario(name="plan", prepare=all_due, act=propose, done=plans_can_be_read),
    Scenario(name="purge", prepare=an_approved_plan, act=run_purge, done=everything_is_destroyed),
    Scenario(name="attest", prepare=_destroyed, act=attest, done=erasure_is_claimed),
    Scenario(
        name="confirm-clock", prepare=a_stepped_clock, act=confirm_clock, done=clock_is_confirmed
    ),
)
