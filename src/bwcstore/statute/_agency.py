"""An agency file as a value.

Rules kept here (spec chapter `statute-pack`):

- an agency narrows: it chooses where the statute leaves a choice, and brings its schedule
  (LAW-6);
- it is known by a digest of what it says, not of how the file is laid out (LAW-5).

Files become agencies in `_files._agency_file`, and nowhere else.
"""

from collections.abc import Mapping
from datetime import date
from typing import Final

import attrs

from bwcstore._values import Digest
from bwcstore.statute._rules import ScheduleEntry

AGENCY_FORMAT: Final = "bwcstore-agency/1"


@attrs.frozen(kw_only=True)
class Source:
    """Where the wording of a rule was seen.

    Attributes:
        id: its id within the pack.
        title: what it is.
        url: where it is, if it is on the web.
        seen: the day on which it was looked at.
    """

    id: str
    title: str
    url: str | None = None
    seen: date | None = None


@attrs.frozen(kw_only=True)
class Agency:
    """One agency: its zone, its records schedule and its choices.

    Attributes:
        id: its id: by custom that of its pack, and its name.
        pack: the id of the pack it is under.
        title: its name.
        digest: SHA-256 over the canonical encoding of what the file says.
        zone: the IANA name of its time zone.
        chief: the title of its chief law enforcement officer, or as the law says.
        responsible_authority: the title of its responsible authority.
        choices: its answers to the pack's choices.
        optional_holidays: the optional holidays that it keeps.
        roll_floors: whether a protected period that ends on a day of rest goes on to the next
            business day when the agency itself destroys.
        grace_days: how many more days it keeps everything.
        schedule: its records schedule.
        sources: where what the file says was seen.
        name: the name of the file, for messages.
    """

    id: str
    pack: str
    title: str
    digest: Digest
    zone: str
    chief: str
    responsible_authority: str
    choices: Mapping[str, str] = attrs.field(factory=dict, hash=False)
    optional_holidays: frozenset[str] = frozenset()
    roll_floors: bool = True
    grace_days: int = 0
    schedule: tuple[ScheduleEntry, ...] = ()
    sources: tuple[Source, ...] = ()
    name: str = attrs.field(default="", eq=False)
