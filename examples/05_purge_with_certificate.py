"""Destroy what is due, and only that: plan, approve, run, and a certificate that anyone can check.

The clock of this example is simulated, so that four months pass in a moment.
"""

from io import BytesIO
from pathlib import Path

import attrs

from bwcstore import (
    AuthorizationError,
    Instant,
    KeyFile,
    Policy,
    Role,
    Store,
    SystemEntropy,
    VerifierKey,
    generate_actor_key,
    system_environment,
    verify_certificate,
)
from bwcstore.testing import SimClock

clock = SimClock(Instant.parse("2026-03-02T15:00:00.000000Z"))
world = attrs.evolve(system_environment(), clock=clock)
key = KeyFile.generate(Path("store.key"), SystemEntropy())
rivera = generate_actor_key(Path("rivera.pem"), entropy=SystemEntropy())
nowak = generate_actor_key(Path("nowak.pem"), entropy=SystemEntropy())

facts = {"source_kind": "worn", "criminal_investigation": "none", "force_result": "none"}
facts |= {"discharge": "none", "event_documented": "neither"}
flags = ("deadly_force", "death_by_force", "force_reported")

with Store.create(
    "store", key=key, actor="rivera", actor_key=rivera.public_key, environment=world
) as store:
    with store.session(actor="rivera", reason="set up", signer=rivera) as session:
        session.adopt_law("us-mn", Path(__file__).with_name("sample-agency.toml"))
        # The clock of the example makes a step that two would have to confirm otherwise.
        session.set_policy(Policy(clock_hours=24 * 365))
        session.enrol("nowak", roles=[Role.RECORDS], public_key=nowak.public_key)
        due, kept = (session.ingest(BytesIO(video)).object_id for video in (b"one", b"two"))
        for object_id in (due, kept):
            for fact, value in facts.items():
                session.assert_fact(fact, value, object_id=object_id)
            for flag in flags:
                session.assert_fact(flag, False, object_id=object_id)

    clock.advance(120 * 86_400)

    with store.session(actor="nowak", reason="monthly purge", signer=nowak) as session:
        plan = session.plan_purge()
        print(f"{len(plan.due)} recordings are due, because of", plan.due[0].floors[0].ground.cite)
        act = session.propose_purge(plan)
        try:
            session.approve_purge(act, plan_sha256=plan.digest)
        except AuthorizationError as refusal:
            print("refused:", refusal.kind)

    with store.session(actor="rivera", reason="checked the list", signer=rivera) as session:
        session.approve_purge(act, plan_sha256=plan.digest)
        # A complaint comes in after the approval: what is held is not destroyed.
        session.place_hold("evidentiary", objects=[kept])

    with store.session(actor="nowak", reason="monthly purge", signer=nowak) as session:
        done = session.run_purge(act)
    certificate = store.certificate(due)
    statuses = [store.object(object_id).status for object_id in (due, kept)]
    print("destroyed:", *done.completed, "withheld:", *done.withheld.values())

# Whoever has the certificate and the store's verifier key needs nothing else.
verified = verify_certificate(certificate, key=VerifierKey.parse(store.verifier_key))
print("certificate", verified.number, verified.state)

assert statuses == ["purged", "present"]
