"""Something that the agency owes, as a value: about what, to whom, by when, by which provision."""

from datetime import date
from typing import Final

import attrs

from bwcstore._encoding import Json
from bwcstore._values import ActId, ObjectId
from bwcstore.errors import InvalidInputError
from bwcstore.statute._judgements import Deadline, DeadlineStatus

HOLD_REVIEW: Final = "hold-review"
REQUEST_ANSWER: Final = "request-answer"
FACTS_UNSOUND: Final = "facts-unsound"


@attrs.frozen(kw_only=True)
class Duty:
    """Something that is owed.

    Attributes:
        about: `object/<id>`, `act/<id>` (a request), `hold/<id>` or `agency`.
        rule: the rule of the pack, `request-answer`, `hold-review` or `facts-unsound`.
        duty: what is owed, in words.
        owed_to: to whom.
        cite: the provision; None for the agency's own.
        due: the day by which it is owed, counted plainly; where the law has a word in place of a
            number of days, the day from which that word counts; None where it is not known.
        rolled: the same with days of rest left out, where the law does so.
        promptness: the law's own word where it names no number of days.
        status: `owed`, `past-plain` or `overdue`.
        certain: it is known to be owed; else a fact is missing and it may be.
        missing: the facts that keep it from being known, sorted.
        request: the request that it follows from.
        objects: the recordings that it is about.
    """

    about: str
    rule: str
    duty: str
    owed_to: str
    cite: str | None
    due: date | None
    rolled: date | None
    promptness: str | None = None
    status: DeadlineStatus = DeadlineStatus.OWED
    certain: bool = True
    missing: tuple[str, ...] = ()
    request: ActId | None = None
    objects: tuple[ObjectId, ...] = ()

    def to_json(self) -> dict[str, Json]:
        """The JSON form."""
        return {
            "about": self.about,
            "rule": self.rule,
            "duty": self.duty,
            "owed_to": self.owed_to,
            "cite": self.cite,
            "due": self.due.isoformat() if self.due else None,
            "rolled": self.rolled.isoformat() if self.rolled else None,
            "promptness": self.promptness,
            "status": self.status.value,
            "certain": self.certain,
            "missing": [*self.missing],
            "request": str(self.request) if self.request else None,
            "objects": [str(one) for one in self.objects],
        }


def duty_of(about: str, found: Deadline) -> Duty:
    """The duty that a deadline of the law engine is."""
    due = found.start if found.plain is None else found.plain
    return Duty(
        about=about,
        rule=found.id,
        duty=found.duty,
        owed_to=found.owed_to,
        cite=found.ground.cite,
        due=due,
        rolled=found.rolled or due,
        promptness=found.promptness,
        status=found.status,
        certain=found.ground.certain,
        missing=found.missing,
    )


def unsound(about: str, why: InvalidInputError) -> Duty:
    """The duty to correct facts with which the law cannot be asked (REQ-15)."""
    return Duty(
        about=about,
        rule=FACTS_UNSOUND,
        duty=f"correct what is recorded; the law cannot be asked with it: {why.message}",
        owed_to="the agency itself",
        cite=None,
        due=None,
        rolled=None,
    )
