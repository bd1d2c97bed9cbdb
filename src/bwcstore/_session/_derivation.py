"""The entries that tie a derivative to what it was made of, in the decision that ingests it."""

from bwcstore._session._acting import Acting
from bwcstore._values import Instant, ObjectId, ScopeId
from bwcstore.custody._authority import Permission, Verb, decide
from bwcstore.custody._deriving import Derived, require_parent
from bwcstore.custody._state import State
from bwcstore.ledger._draft import Draft


def ties(
    acting: Acting,
    permission: Permission,
    derived: Derived,
    *,
    object_id: ObjectId,
    state: State,
    now: Instant,
) -> tuple[Draft, Draft]:
    """Draft `derived.from` and `derivative.made` (REL-2).

    Raises:
        AuthorizationError: the actor may derive and may not ingest.
        BwcStoreError: as `require_parent` says.
    """
    # A derivative is an object of its own: whoever makes one needs the right to both (REL-3).
    decide(state.store, Verb.INGEST, actor_tag=acting.who.actor_tag, now=now)
    parent = require_parent(state, derived.parent)
    return (
        acting.draft(
            permission,
            "derived.from",
            derived.body(parent),
            now=now,
            scope=ScopeId.object(object_id),
            private=derived.private(),
        ),
        acting.bare_draft(
            permission,
            "derivative.made",
            {"derivative": str(object_id)},
            now=now,
            scope=ScopeId.object(derived.parent),
        ),
    )
