"""Answer a subject who asks for a copy: what the law says, a redacted copy, and what was given.

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
        for fact, value in {
            "source_kind": "worn",
            "criminal_investigation": "none",
            "subjects_recorded": True,
            "nonconsenting_subjects": True,
            "undercover_officer": False,
            "other_law_restricts": False,
        }.items():
            session.assert_fact(fact, value, object_id=master)
        request = session.receive_request(
            "subject-copy", requester="recorded_individual", objects=[master], name="J. Doe"
        )
        for duty in session.duties():
            if duty.about == f"act/{request}":
                print(f"owed to {duty.owed_to} by {duty.due}: {duty.duty} ({duty.cite})")

        # A copy of the master would show people who have not agreed.
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
