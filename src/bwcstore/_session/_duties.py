"""What is owed, from the ledger as it is now."""

from datetime import date, datetime, time

from bwcstore._session._law import require_law
from bwcstore._session._services import Services
from bwcstore._values import Instant
from bwcstore.custody._duties import Duty, duties
from bwcstore.errors import ErrorKind, InvalidInputError


def owed(services: Services, as_of: date | None) -> tuple[Duty, ...]:
    """What is owed on a day, with what is known now; see `Session.duties`."""
    services.log.refresh()
    now = services.environment.clock.now()
    adopted = require_law(services, services.log.state)
    day = as_of or adopted.today(now)
    if day < adopted.today(services.log.last_at):
        raise InvalidInputError(
            ErrorKind.ARGUMENT_INVALID, f"what was owed on {day}: the ledger has later entries"
        )
    at = now
    if day != adopted.today(now):
        noon = datetime.combine(day, time(12), adopted.zone)
        at = Instant.from_datetime(noon)
    law = adopted.on(day)
    return services.log.view(lambda state: duties(state, law=law, at=at))
