"""Facts: what a custodian knows of a recording, typed as a pack declares them.

Rules kept here (spec chapter `statute-pack`):

- a fact is given or absent; what an absent one means is said by its declaration, and where it
  says nothing the fact is unknown (LAW-30);
- a value has the type that is declared, and nothing is converted silently (LAW-31);
- every moment carries its zone: a naive one is refused (LAW-32).
"""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum, unique
from typing import Final, cast

import attrs

from bwcstore._values import Instant, check_text
from bwcstore.errors import ErrorKind, InvalidInputError

RECORDING_FACTS_MAX: Final = 63
LABELS: Final = "labels"
DAYS_MAX: Final = 36_500


@unique
class FactType(StrEnum):
    """What kind of value a fact has.

    Attributes:
        FLAG: true or false.
        CODE: one of the declared codes.
        CODES: a set of declared codes, possibly empty.
        DATE: a civil date in the agency's zone.
        INSTANT: a moment; conditions see its civil date in the agency's zone.
        REQUESTS: requests that the recording be kept longer, in any order.
        HOLDS: legal holds, in any order.
    """

    FLAG = "flag"
    CODE = "code"
    CODES = "codes"
    DATE = "date"
    INSTANT = "instant"
    REQUESTS = "requests"
    HOLDS = "holds"


@unique
class Subject(StrEnum):
    """What a fact is about: the recording, the request of somebody, or the agency."""

    RECORDING = "recording"
    REQUEST = "request"
    AGENCY = "agency"


@unique
class Several(StrEnum):
    """What several assertions of one fact for the same date come to.

    Attributes:
        ERROR: they contradict each other.
        LATEST: the latest of the asserted dates or moments counts.
        UNION: all of them together.
    """

    ERROR = "error"
    LATEST = "latest"
    UNION = "union"


def _check_id(_: object, __: object, value: str) -> None:
    check_text(value, "id of a request or a hold", length_max=256)


@attrs.frozen(kw_only=True)
class RetentionRequest:
    """A request that the recording be kept beyond its time.

    Attributes:
        id: the caller's id of the request.
        received: the civil date on which the agency received it.
        days: how many more days are asked for, 1 to 36,500.
        withdrawn: the civil date on which it was withdrawn, if it was.
        answers: the flags that the pack asks about such a request, by name, each true or false.
    """

    id: str = attrs.field(validator=_check_id)
    received: date
    days: int = attrs.field()
    withdrawn: date | None = None
    answers: Mapping[str, bool] = attrs.field(factory=dict, hash=False)

    @days.validator
    def _check_days(self, _: object, value: int) -> None:
        if type(value) is not int or not 1 <= value <= DAYS_MAX:
            raise InvalidInputError(
                ErrorKind.FACT_TYPE, f"a request asks for 1 to {DAYS_MAX} days, not {value!r:.20}"
            )


@attrs.frozen(kw_only=True)
class Hold:
    """A legal hold.

    Attributes:
        id: the caller's id of the hold.
        kind: one of the kinds that the pack declares.
        placed: the civil date from which it holds.
        released: the civil date of its release; that day is still protected.
    """

    id: str = attrs.field(validator=_check_id)
    kind: str
    placed: date
    released: date | None = None


Value = (
    bool | str | date | Instant | frozenset[str] | tuple[RetentionRequest, ...] | tuple[Hold, ...]
)


def unknown_code(fact: str) -> ErrorKind:
    """How a code that is not declared is refused: labels are what people get wrong most."""
    return ErrorKind.LABEL_UNKNOWN if fact == LABELS else ErrorKind.FACT_TYPE


@attrs.frozen(kw_only=True)
class FactSpec:
    """The declaration of a fact.

    Attributes:
        name: lower snake case.
        type: what kind of value it has.
        about: what it is about.
        question: what a custodian is asked.
        codes: the codes of a code or a set of codes; the flags of requests; the kinds of holds.
        absent: what it is when nobody has said: a value of its type, `never` for a date or a
            moment, or None for unknown.
        several: what several assertions for one date come to.
        ahead: whether its date may lie after the day of the judgement.
        cite: where the law speaks of it.
        note: what the person who answers should know.
        line: its line in the file of the pack.
    """

    name: str
    type: FactType
    about: Subject
    question: str
    codes: tuple[str, ...] = ()
    absent: bool | str | frozenset[str] | None = None
    several: Several = Several.ERROR
    ahead: bool = False
    cite: str | None = None
    note: str | None = None
    line: int = attrs.field(default=0, eq=False)

    def checked(self, value: object) -> Value:
        """Return `value` as a value of this fact.

        Text and lists stand for what they say where a fact file gives them: a code, a list of
        codes, or lists of requests and holds as values of those classes.

        Raises:
            InvalidInputError: `fact-type`: the value is not of the declared type or no declared
                code; `label-unknown`: a label that is not declared; `time-naive`: a moment without
                a zone; `request-incomplete`: a request does not answer what the pack asks about
                it.
        """
        match self.type:
            case FactType.FLAG if type(value) is bool:
                return value
            case FactType.CODE if isinstance(value, str):
                return self._code(value)
            case FactType.CODES if isinstance(value, (list, tuple, set, frozenset)):
                return frozenset(self._code(one) for one in value)
            case FactType.DATE if type(value) is date:
                return value
            case FactType.INSTANT if isinstance(value, Instant):
                return value
            case FactType.INSTANT if isinstance(value, datetime):
                return self._instant(value)
            case FactType.REQUESTS if isinstance(value, (list, tuple)):
                return self._requests(value)
            case FactType.HOLDS if isinstance(value, (list, tuple)):
                return self._holds(value)
            case _:
                raise self._wrong(value, self.type)

    def _wrong(self, value: object, wanted: str) -> InvalidInputError:
        return InvalidInputError(
            ErrorKind.FACT_TYPE,
            f"fact {self.name}: a {wanted} is needed, not {type(value).__name__} {value!r:.60}",
        )

    def _code(self, value: object) -> str:
        if not isinstance(value, str):
            raise self._wrong(value, f"code of {', '.join(self.codes)}")
        if value not in self.codes:
            raise InvalidInputError(
                unknown_code(self.name),
                f"fact {self.name}: a code of {', '.join(self.codes)} is needed, not {value!r:.60}",
            )
        return value

    def _instant(self, value: datetime) -> Instant:
        if value.tzinfo is None:
            raise InvalidInputError(
                ErrorKind.TIME_NAIVE,
                f"fact {self.name}: {value.isoformat()} has no time zone; write it with an offset",
            )
        return Instant.from_datetime(value)

    def _requests(self, value: object) -> tuple[RetentionRequest, ...]:
        found = cast("tuple[object, ...] | list[object]", value)
        for one in found:
            if not isinstance(one, RetentionRequest):
                raise self._wrong(one, "request")
            if (unanswered := set(self.codes) - set(one.answers)) or not set(one.answers) <= set(
                self.codes
            ):
                about = ", ".join(sorted(unanswered or set(one.answers) - set(self.codes)))
                says = "does not say" if unanswered else "says what nobody asks:"
                raise InvalidInputError(
                    ErrorKind.REQUEST_INCOMPLETE,
                    f"fact {self.name}: request {one.id!r:.60} {says} {about}",
                )
        return cast("tuple[RetentionRequest, ...]", self._distinct(found))

    def _holds(self, value: object) -> tuple[Hold, ...]:
        found = cast("tuple[object, ...] | list[object]", value)
        for one in found:
            if not isinstance(one, Hold):
                raise self._wrong(one, "hold")
            self._code(one.kind)
        return cast("tuple[Hold, ...]", self._distinct(found))

    def _distinct(self, found: tuple[object, ...] | list[object]) -> tuple[object, ...]:
        ids = [cast("Hold | RetentionRequest", one).id for one in found]
        if len(set(ids)) < len(ids):
            raise InvalidInputError(
                ErrorKind.FACT_CONTRADICTION, f"fact {self.name}: one id stands for two of them"
            )
        return tuple(found)


@attrs.frozen
class Facts:
    """The facts of one recording, and of a request about it where there is one.

    Attributes:
        values: the facts that are given, by name; made by `Pack.facts`, which checks them.
    """

    values: Mapping[str, Value] = attrs.field(hash=False)

    def with_values(self, values: Mapping[str, Value]) -> "Facts":
        """These facts with some of them replaced or added; unchecked."""
        return Facts({**self.values, **values})
