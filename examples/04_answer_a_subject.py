"""Answer a subject who asks for a copy: what the law asks for, a redacted copy, who got what.

The master is never touched: what is given away is another evidence object, made of it.
"""

from io import BytesIO
from pathlib import Path

from bwcstore import (
    KeyFile,
    RetentionError,
    Role,
    Store,
    SystemEntropy,
    generate_actor_key,
)

key = KeyFile.generate(Path("store.key"), SystemEntropy())
rivera = generate_actor_key(Path("rivera.pem"), entropy=SystemEntropy())

with Store.create("store", key=key, actor="rivera", actor_key=rivera.public_key) as store:
    with store.session(actor="rivera", reason="set up", signer=rivera) as session:
        session.adopt_law("us-mn", Path(__file__).with_name("sample-agency.toml"))
        session.enrol("nowak", roles=[Role.RECORDS])
        master = session.ingest(BytesIO(b"everybody's faces")).object_id

    with store.session(actor="nowak", reason="request of 4 March") as session:
        # What a person has looked at, so that the law can be asked.
        for fact in ("criminal_investigation", "discharge", "force_result"):
            session.assert_fact(fact, "none", object_id=master)
        session.assert_fact("source_kind", "worn", object_id=master)
        session.assert_fact("event_documented", "neither", object_id=master)
        for flag, value in {"subjects_recorded": True, "nonconsenting_subjects": True}.items():
            session.assert_fact(flag, value, object_id=master)
        for flag in ("death_by_force", "undercover_officer", "other_law_restricts"):
            session.assert_fact(flag, False, object_id=master)

        request = session.receive_request(
            "subject-copy", requester="recorded_individual", objects=[master], name="J. Doe"
        )
        session.assert_fact("requester_is_subject", True, request=request)
        owed = [duty for duty in session.duties() if duty.about == f"act/{request}"]
        print(f"owed to {owed[0].owed_to} by {owed[0].due} ({owed[0].cite})")

        # A copy of the master would show people who have not agreed to it.
        try:
            session.release(
                master,
                right="subject",
                recipient="recorded_individual",
                mode="copy",
                request=request,
            )
        except RetentionError as refusal:
            print("refused:", refusal.message)
        else:
            raise SystemExit("a copy was released that shows everybody")

        redacted = session.derive(
            master,
            BytesIO(b"one face"),
            operation="redact",
            tool="blur",
            tool_version="2.1",
            redactions=["others-in-copy"],
        ).object_id
        released = session.release(
            redacted, right="subject", recipient="recorded_individual", mode="copy", request=request
        )
        session.answer_request(request, "granted")
        session.close_request(request)
        print("released by", released.ground.rule, released.ground.cite)
        given = [len(session.releases(object_id)) for object_id in (master, redacted)]

assert given == [0, 1]
