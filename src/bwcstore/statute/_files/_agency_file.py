"""From the text of an agency file to the agency.

Rules kept here (spec chapter `statute-pack`):

- an agency file has the tables of LAW-6 and no others; without a zone that exists it is refused;
- its choices and optional holidays are the pack's, and its conditions are over the pack's facts,
  definitions and choices (LAW-6, LAW-24);
- an entry that is confirmed says by whom (LAW-6).
"""

from datetime import date
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bwcstore._values import Digest
from bwcstore.errors import ErrorKind
from bwcstore.statute._agency import AGENCY_FORMAT, Agency
from bwcstore.statute._files._checks import schedule_problems
from bwcstore.statute._files._definitions import Definitions
from bwcstore.statute._files._fact_tables import sources
from bwcstore.statute._files._fields import Table, accepted, read_document
from bwcstore.statute._files._reading import digest_of
from bwcstore.statute._files._rule_tables import basis, only_one_of
from bwcstore.statute._files._toml import Problem
from bwcstore.statute._pack import Pack
from bwcstore.statute._rules import ScheduleEntry

GRACE_DAYS_MAX: Final = 3650
# Names that some systems keep beside the zones, for whatever zone the machine is in.
_NO_ZONES: Final = frozenset({"localtime", "posixrules"})


def pack_of(text: str, *, name: str) -> str:
    """The pack that an agency file names; nothing else of the file is looked at (spec: LAW-6).

    Args:
        text: the text of the agency's document.
        name: the name of its file, for messages.

    Raises:
        InvalidInputError: it is not an agency file, or names no pack; the kind is one of LAW-4.
    """
    return accepted(
        *read_document(
            text,
            name=name,
            written=AGENCY_FORMAT,
            read=lambda root: root.table("agency").slug("pack"),
        )
    )


def read_agency(text: str, *, name: str, pack: Pack) -> Agency:
    """Read an agency file, and refuse one with which anything is wrong (spec: LAW-6).

    Args:
        text: the text of the agency's document.
        name: the name of its file, for messages.
        pack: the pack that it is under.

    Raises:
        InvalidInputError: something is wrong with it; the kind is one of LAW-4 or `zone-missing`,
            the message gives the line and the entry, and the notes say what else is wrong.
    """
    return accepted(*_read(text, name, pack))


def check_agency(text: str, *, name: str, pack: Pack) -> tuple[Problem, ...]:
    """Everything that is wrong with an agency file, by line; see `read_agency`."""
    return _read(text, name, pack)[1]


def _read(text: str, name: str, pack: Pack) -> tuple[Agency | None, tuple[Problem, ...]]:
    def checked(root: Table) -> Agency:
        root.definitions = Definitions.of(pack.definitions)
        agency = _agency(root, pack)
        if not root.problems:
            root.problems += schedule_problems(agency, pack)
        return agency

    return read_document(text, name=name, written=AGENCY_FORMAT, read=checked)


def _agency(root: Table, pack: Pack) -> Agency:
    head, policy = root.table("agency"), root.table("policy")
    cited = sources(root)
    follows = head.slug("pack")
    if follows and follows != pack.id:
        message = f"pack: the agency is under {follows}, and it is read with pack {pack.id}"
        head.problem(ErrorKind.PACK_REFERENCE, message, "pack")
    agency_id, title, zone = head.slug("id"), head.text("title"), _zone(head)
    chief, authority = head.text("chief"), head.text("responsible_authority")
    kept = {holiday.name for holiday in pack.calendar.holidays if holiday.optional}
    optional = policy.references("optional_holidays", kept, "optional holiday")
    roll, grace = (
        policy.boolean("roll_floors"),
        policy.integer("grace_days", low=0, high=GRACE_DAYS_MAX),
    )
    choices = _choices(policy, pack)
    schedule = tuple(
        _entry(table, {source.id for source in cited}) for table in root.tables("schedule")
    )
    for table in (head, policy, root):
        table.close()
    return Agency(
        id=agency_id,
        pack=follows,
        title=title,
        digest=Digest(bytes(32)) if root.problems else digest_of(root),
        zone=zone,
        chief=chief,
        responsible_authority=authority,
        choices=choices,
        optional_holidays=frozenset(optional),
        roll_floors=roll,
        grace_days=grace,
        schedule=schedule,
        sources=cited,
        name=root.document.name,
    )


def _zone(head: Table) -> str:
    if not head.has("zone"):
        head.problem(ErrorKind.ZONE_MISSING, "the agency's time zone is missing: zone")
        return ""
    found = head.text("zone")
    try:
        known = bool(found) and found not in _NO_ZONES and bool(ZoneInfo(found))
    # A name of a folder, or one that leads out of the zones, is no zone either.
    except (ZoneInfoNotFoundError, ValueError, OSError):
        known = False
    if found and not known:
        head.problem(ErrorKind.ZONE_MISSING, f"zone: there is no time zone {found!r:.80}", "zone")
    return found


def _choices(policy: Table, pack: Pack) -> dict[str, str]:
    table = policy.table_or_empty("choices")
    found = table.strings()
    for name, option in found.items():
        asked = [choice.options for choice in pack.choices if choice.id == name]
        if not asked:
            message = f"pack {pack.id} has no choice {name!r:.80}"
            table.problem(ErrorKind.PACK_REFERENCE, message, name)
        elif option and not all(option in options for options in asked):
            message = f"{name}: one of {', '.join(asked[-1])} is needed, not {option!r:.80}"
            table.problem(ErrorKind.PACK_REFERENCE, message, name)
    return found


def _entry(table: Table, cited: set[str]) -> ScheduleEntry:
    entry_id = table.identify()
    begins, ends = table.day_or_none("from"), table.day_or_none("to")
    days = (date.min if begins is None else begins, ends)
    only_one_of(table, "period", "permanent")
    confirmed, authority = table.boolean("confirmed"), table.text_or_none("authority")
    if confirmed and authority is None:
        message = "authority: a confirmed entry says who approved it"
        table.problem(ErrorKind.FIELD_MISSING, message)
    found = ScheduleEntry(
        **basis(table, entry_id, days, cited),
        when=table.condition("when"),
        period=table.period_or_none("period"),
        start=table.name("start") if table.has("period") else None,
        permanent=table.true_or_absent("permanent"),
        confirmed=confirmed,
        authority=authority,
    )
    table.close()
    return found
