"""What is owed, from the ledger as it is now."""

from datetime import date, datetime, time

from bwcstore._session._law import require_law
from bwcstore._session._services import Services
from bwcstore._values import Instant
from bwcstore.custody._clock import moment
from bwcstore.custody._duties import duties
from bwcstore.custody._duty import Duty
from bwcstore.custody._holding import civil_day
from bwcstore.errors import ErrorKind, InvalidInputError


def owed(services: Services, as_of: date | None) -> tuple[Duty, ...]:
    """What is owed on a day, with what is known now; see `Session.duties`."""
    services.log.refresh()
    adopted = require_law(services, services.log.state)
    at = moment(services.log.state, services.environment.clock.now())
    today = adopted.today(at)
    if as_of is not None and civil_day(as_of, "as_of") < today:
        raise InvalidInputError(
            ErrorKind.ARGUMENT_INVALID,
            f"as_of: what is owed is known from today, {today}, on; not for {as_of}",
        )
    day = as_of or today
    if day > today:
        at = Instant.from_datetime(datetime.combine(day, time(12), adopted.zone))
    law = adopted.on(day)
    return services.log.view(lambda state: duties(state, law=law, at=at))
