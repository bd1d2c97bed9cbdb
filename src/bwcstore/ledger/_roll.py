"""The entries between two generations (spec: LED-41, LED-42)."""

from collections.abc import Callable
from typing import TypeVar

from bwcstore._encoding import Json
from bwcstore._values import STORE_SCOPE, ActorId, Instant
from bwcstore.ledger._chain import CLOSED_KIND, OPENED_KIND, Chain
from bwcstore.ledger._draft import Decide, Decision, Draft
from bwcstore.ledger._scope import Folded, heads_root

S = TypeVar("S", bound=Folded)


def closing(
    chain: Chain[S], by: ActorId, permit: Callable[[S, Instant], object] | None = None
) -> Decide[S]:
    """Decides the last entry of the generation, unless `permit` raises or somebody else has
    closed it.
    """

    def decide(state: S, now: Instant) -> Decision:
        if chain.current.closed:
            return Decision()
        if permit is not None:
            permit(state, now)
        count, root = heads_root(state.heads())
        body: dict[str, Json] = {"heads_count": count, "heads_root": str(root)}
        return Decision(
            drafts=(Draft(scope=STORE_SCOPE, kind=CLOSED_KIND, by=by, body=body),),
        )

    return decide


def opening(chain: Chain[S]) -> Decide[S]:
    """Decides the first entry of the next generation, unless somebody else has opened it."""

    def decide(_: S, __: Instant) -> Decision:
        last = chain.last
        if last is None or not chain.current.closed:
            return Decision()
        body: dict[str, Json] = {
            "generation": chain.current.number + 1,
            "previous_size": chain.current.tree.size,
            "previous_root": chain.current.tree.root().hex(),
            "heads_count": last.body["heads_count"],
            "heads_root": last.body["heads_root"],
        }
        return Decision(
            drafts=(Draft(scope=STORE_SCOPE, kind=OPENED_KIND, by=last.by, body=body),),
        )

    return decide
