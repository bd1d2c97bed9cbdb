"""What a simulated agency remembers, in plain values, and what the law makes of it.

The law is asked with an evaluator that was written from the specification alone and shares no code
with the library.
"""

import importlib
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import attrs

from bwcstore._values import ActId, Instant, ObjectId

HERE: Final = Path(__file__).parent
AGENCY: Final = HERE / "agency.toml"
PACK: Final = HERE.parents[1] / "src/bwcstore/statute/packs/us-mn.toml"
ZONE: Final = ZoneInfo("America/Chicago")

sys.path.append(str(HERE.parent / "independent"))  # its modules lie side by side
_evaluator: Any = importlib.import_module("law")
_refused: Any = importlib.import_module("canonical").RefusedError
sys.path.remove(str(HERE.parent / "independent"))


@attrs.define(kw_only=True)
class Asked:
    """A request about one recording, as the agency remembers it."""

    kind: str
    received: date
    days: int | None = None
    outcome: str | None = None
    answered: date | None = None


@attrs.define(kw_only=True)
class Held:
    """A hold, as the agency remembers it: on recordings, or on everything of a case."""

    kind: str
    placed: date
    objects: frozenset[ObjectId] = frozenset()
    case: str | None = None
    released: date | None = None


@attrs.define(kw_only=True)
class Clip:
    """One recording, as the agency remembers it."""

    object_id: ObjectId
    data: bytes
    collected: datetime
    facts: dict[str, Any] = attrs.field(factory=dict)
    assertions: dict[str, str] = attrs.field(factory=dict)
    labels: set[str] = attrs.field(factory=set)
    cases: set[str] = attrs.field(factory=set)
    requests: dict[ActId, Asked] = attrs.field(factory=dict)
    gone: date | None = None


class SecondOpinion:
    """The law, asked with what the agency remembers."""

    def __init__(self) -> None:
        self._pack = _evaluator.read(PACK)
        self._agency = _evaluator.read(AGENCY)

    def status(self, clip: Clip, holds: dict[str, Held], day: date) -> str:
        """Where a recording stands on a day."""
        given = dict(clip.facts)
        given["collected_at"] = clip.collected
        given["labels"] = sorted(clip.labels)
        given["holds"] = [
            {"id": name, "kind": held.kind, "placed": held.placed, "released": held.released}
            if held.released
            else {"id": name, "kind": held.kind, "placed": held.placed}
            for name, held in holds.items()
            if clip.object_id in held.objects or held.case in clip.cases
        ] + [_pending(act, asked) for act, asked in clip.requests.items()]
        given["retention_requests"] = [
            _extension(act, asked)
            for act, asked in clip.requests.items()
            if asked.kind == "subject-retain" and asked.outcome not in (None, "denied")
        ]
        try:
            law = _evaluator.Law(self._pack, self._agency, given, day)
        except _refused:
            return "refused"
        return str(law.retention()["status"])


def _pending(act: ActId, asked: Asked) -> dict[str, Any]:
    held = {"id": str(act), "kind": "data_request_pending", "placed": asked.received}
    return held | ({"released": asked.answered} if asked.answered else {})


def _extension(act: ActId, asked: Asked) -> dict[str, Any]:
    request = {
        "id": str(act),
        "received": asked.received,
        "days": asked.days,
        "answers": {one["flag"]: one["value"] for one in _FLAGS},
    }
    return request | ({"withdrawn": asked.answered} if asked.outcome == "withdrawn" else {})


def moment(day: date, hour: int) -> Instant:
    """A moment of a day, by the agency's clock."""
    return Instant.from_datetime(datetime(day.year, day.month, day.day, hour, tzinfo=ZONE))


def civil(at: Instant) -> datetime:
    """A moment as the evaluator takes it."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at.microseconds)


def microseconds(at: Instant) -> int:
    """What moments are compared by."""
    return at.microseconds


FAR_AHEAD: Final = Instant.parse("2099-01-01T00:00:00.000000Z")
FAR_BACK: Final = Instant.parse("1971-01-01T00:00:00.000000Z")
_FLAGS: Final = (
    {"flag": "by_subject", "value": True},
    {"flag": "written", "value": True},
    {"flag": "evidentiary_purpose", "value": True},
)
WANTED: Final = {"by_subject": True, "written": True, "evidentiary_purpose": True}
ORDINARY: Final = {
    "source_kind": "worn",
    "discharge": "none",
    "force_result": "none",
    "deadly_force": False,
    "death_by_force": False,
    "event_documented": "neither",
    "force_reported": False,
    "criminal_investigation": "none",
}
