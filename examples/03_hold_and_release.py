"""Hold everything of a case, also what comes later; release it when two agree.

A hold is an entry in the ledger: from then on nothing that it binds or selects can be destroyed.
"""

from datetime import date
from io import BytesIO
from pathlib import Path

from bwcstore import (
    AuthorizationError,
    KeyFile,
    Recording,
    Role,
    Selection,
    Store,
    SystemEntropy,
    generate_actor_key,
)

entropy = SystemEntropy()
key = KeyFile.generate(Path("store.key"), entropy)
rivera = generate_actor_key(Path("rivera.pem"), entropy=entropy)
nowak = generate_actor_key(Path("nowak.pem"), entropy=entropy)

with Store.create("store", key=key, actor="rivera", actor_key=rivera.public_key) as store:
    with store.session(actor="rivera", reason="set up", signer=rivera) as session:
        session.adopt_law("us-mn", "us-mn-becker")
        session.enrol("nowak", roles=[Role.RECORDS], public_key=nowak.public_key)
        first = session.ingest(BytesIO(b"video one"), recording=Recording(case="26-1042"))

    # The order is kept under seal; the case number is in the open only as a keyed tag.
    with store.session(actor="nowak", reason="letter of 2 March", signer=nowak) as session:
        hold = session.place_hold(
            "litigation",
            selection=Selection.case("26-1042") | Selection.case("26-1043"),
            authority="court",
            review_on=date(2027, 3, 1),
            statement="Doe v. City: keep everything until further notice.",
        )

    # What comes later is held too.
    with store.session(actor="rivera", reason="end of shift", signer=rivera) as session:
        later = session.ingest(BytesIO(b"video two"), recording=Recording(case="26-1043"))
        other = session.ingest(BytesIO(b"video three"), recording=Recording(case="26-7"))

        held = [
            [one.hold_id for one in session.explain(ingested.object_id).holds]
            for ingested in (first, later, other)
        ]
    print("held:", *held)

    assert [[hold], [hold], []] == held

    # One alone cannot let go of a litigation hold, however often they ask.
    with store.session(actor="nowak", reason="settled", signer=nowak) as session:
        assert session.release_hold(hold) == "proposed"
        try:
            session.release_hold(hold)
        except AuthorizationError as refusal:
            print("refused:", refusal.kind)
        else:
            raise SystemExit("one person released the hold")

    with store.session(actor="rivera", reason="settled, file closed", signer=rivera) as session:
        assert session.release_hold(hold) == "released"
        print(session.explain(first.object_id).text().splitlines()[0])
