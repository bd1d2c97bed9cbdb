"""Everything that is true of a recording, for whoever may see it; see `Session.explain`."""

from datetime import date, datetime, time

from bwcstore._session._acting import Acting
from bwcstore._session._destroying import locked_by_storage
from bwcstore._session._history import require
from bwcstore._session._law import Adopted, require_law
from bwcstore._values import Instant, ObjectId
from bwcstore.custody._authority import Verb
from bwcstore.custody._clock import moment
from bwcstore.custody._derived import as_law_sees
from bwcstore.custody._explained import Destruction
from bwcstore.custody._explaining import ObjectExplanation, explain_object
from bwcstore.custody._object_records import ObjectState
from bwcstore.custody._state import State
from bwcstore.errors import ErrorKind, InvalidInputError
from bwcstore.purge._proof import Withheld, judge
from bwcstore.statute._pack import Law


def explain(acting: Acting, object_id: ObjectId, *, as_of: date | None) -> ObjectExplanation:
    """Say everything that is true of a recording; see `Session.explain`."""
    services = acting.services
    services.log.refresh()
    found = require(services, object_id)
    acting.allow(Verb.SHOW, object_id=object_id)
    adopted = None
    if services.log.state.store.law is not None:
        adopted = require_law(services, services.log.state)
    now = services.environment.clock.now()
    locks: dict[ObjectId, str] = {}
    if found.purged is None:
        locks = locked_by_storage(
            [found], backend=services.backend, workers=services.environment.workers, now=now
        )

    def told(state: State) -> ObjectExplanation:
        here = state.object(object_id) or found
        at = _at(adopted, moment(state, now), as_of)
        law = None if adopted is None else adopted.now(at)
        return explain_object(
            state,
            here,
            law=law,
            at=at,
            destruction=_destruction(state, here, law, at),
            locks=tuple(locks.values()),
        )

    return services.log.view(told)


def _at(adopted: Adopted | None, now: Instant, as_of: date | None) -> Instant:
    if as_of is None:
        return now
    if adopted is None:
        raise InvalidInputError(
            ErrorKind.LAW_NOT_ADOPTED, "another day than today needs a zone: adopt a law first"
        )
    if as_of == adopted.today(now):
        return now
    return Instant.from_datetime(datetime.combine(as_of, time(12), tzinfo=adopted.zone))


def _destruction(state: State, found: ObjectState, law: Law | None, at: Instant) -> Destruction:
    if law is None:
        return Destruction(
            allowed=False,
            code=ErrorKind.LAW_NOT_ADOPTED.value,
            says="no statute pack was adopted for this store",
        )
    judged = judge(as_law_sees(state, found), state.store, law=law, at=at)
    if isinstance(judged, Withheld):
        return Destruction(allowed=False, code=judged.kind.value, says=judged.message)
    cites = ", ".join(dict.fromkeys(one.cite for one in judged.authority))
    return Destruction(
        allowed=True,
        code=None,
        says=f"it had to be kept until {judged.last_protected}, is due since {judged.disposal}, "
        f"and may be destroyed by {cites}",
    )
