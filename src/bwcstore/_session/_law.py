"""Which law a store is kept under: adopted by an entry, its text kept in annexes (CUS-1 to 4)."""

from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import attrs

from bwcstore._encoding import Json
from bwcstore._session._acting import Acting
from bwcstore._session._annexes import get_annex, put_annex
from bwcstore._session._services import Services
from bwcstore._values import Digest, Instant
from bwcstore.custody._authority import Permission, Verb
from bwcstore.custody._clock import moment
from bwcstore.custody._policy import check_policy
from bwcstore.custody._records import LawAdopted, Policy
from bwcstore.custody._state import State
from bwcstore.errors import ErrorKind, IntegrityError, InvalidInputError
from bwcstore.ledger._draft import Decision
from bwcstore.statute._agency import Agency
from bwcstore.statute._civil import local_date
from bwcstore.statute._files._agency_file import read_agency
from bwcstore.statute._files._library import agency_text, pack_text
from bwcstore.statute._files._reading import read_pack
from bwcstore.statute._pack import Law, Pack

LIBRARIES: Final = ("bwcstore", "holidays", "tzdata")
_DAYS_MAX: Final = 16


@attrs.frozen(kw_only=True)
class Adopted:
    """The law of a store, read from its annexes.

    Attributes:
        entry: what was adopted.
        pack: the statutes.
        agency: the agency file.
        days: the laws of days that were asked for.
    """

    entry: LawAdopted
    pack: Pack
    agency: Agency
    days: dict[tuple[Digest, Digest, date], Law] = attrs.field(factory=dict, eq=False, repr=False)

    def on(self, day: date) -> Law:
        """The law of a day.

        Raises:
            InvalidInputError: `law-not-in-force`: the pack does not know that day's law.
        """
        key = self.entry.pack_annex, self.entry.agency_annex, day
        known = self.days.get(key)
        if known is None:
            # Making the law of a day costs some ms, and one access is to cost less than one.
            known = self.pack.law(self.agency, on=day)
            while len(self.days) >= _DAYS_MAX:
                self.days.pop(next(iter(self.days)), None)
            self.days[key] = known
        return known

    def now(self, at: Instant) -> Law:
        """The law of the local day of an instant.

        Raises:
            InvalidInputError: `law-not-in-force`: the pack does not know that day's law.
        """
        return self.on(self.today(at))

    def today(self, at: Instant) -> date:
        """The local date of an instant."""
        return local_date(at, self.zone)

    @property
    def zone(self) -> ZoneInfo:
        """The agency's time zone."""
        return ZoneInfo(self.agency.zone)


def adopt_law(acting: Acting, pack: str | Path, agency: str | Path) -> LawAdopted:
    """Adopt a pack and an agency file; see `Session.adopt_law`."""
    services = acting.services
    acting.allow(Verb.ADOPT_LAW)
    services.require_writable()
    pack_words, pack_name = pack_text(pack)
    agency_words, agency_name = agency_text(agency)
    read = read_pack(pack_words, name=pack_name)
    under = read_agency(agency_words, pack=read, name=agency_name)
    body: dict[str, Json] = {
        "pack": read.id,
        "pack_sha256": str(read.digest),
        "pack_annex": str(put_annex(services.backend, pack_words.encode())),
        "agency": under.id,
        "agency_sha256": str(under.digest),
        "agency_annex": str(put_annex(services.backend, agency_words.encode())),
        "zone": under.zone,
    }

    def plan(state: State, permission: Permission, now: Instant) -> Decision:
        # A law that says nothing of today would leave every question without an answer.
        read.version_on(local_date(moment(state, now), ZoneInfo(under.zone)))
        return Decision(drafts=(acting.draft(permission, "law.adopted", body, now=now),))

    acting.commit(Verb.ADOPT_LAW, plan)
    return require_law(services, services.log.state).entry


def require_law(services: Services, state: State) -> Adopted:
    """The law that a store is kept under.

    Raises:
        InvalidInputError: none was adopted (`law-not-adopted`).
        IntegrityError: an annex is missing, altered, or not what the entry says.
        StorageError: reading failed.
    """
    adopted = state.store.law
    if adopted is None:
        raise InvalidInputError(
            ErrorKind.LAW_NOT_ADOPTED, "no statute pack was adopted for this store"
        )
    pack, agency = _read(services, adopted.pack_annex, adopted.agency_annex)
    if pack.digest != adopted.pack_sha256 or agency.digest != adopted.agency_sha256:
        raise IntegrityError(
            ErrorKind.ANNEX_DIGEST, "the annexes of the law do not say what their entry says"
        )
    return Adopted(entry=adopted, pack=pack, agency=agency, days=services.days)


def law_of(services: Services, state: State, now: Instant) -> Law | None:
    """The law of the day of a decision; None where none was adopted.

    Raises:
        InvalidInputError: `law-not-in-force`: the pack does not know that day's law.
        IntegrityError: as `require_law` says.
        StorageError: reading failed.
    """
    if state.store.law is None:
        return None
    return require_law(services, state).now(moment(state, now))


def _read(services: Services, pack_annex: Digest, agency_annex: Digest) -> tuple[Pack, Agency]:
    known = services.laws.get((pack_annex, agency_annex))
    if known is None:
        pack = _parsed_pack(_text(services, pack_annex))
        text = _text(services, agency_annex)
        known = pack, read_agency(text, pack=pack, name=f"annex {agency_annex}")
        services.laws[pack_annex, agency_annex] = known
    return known


def _text(services: Services, annex: Digest) -> str:
    try:
        return get_annex(services.backend, annex).decode()
    except UnicodeDecodeError as exc:
        raise IntegrityError(
            ErrorKind.ANNEX_DIGEST, f"annex {annex} is no text, and so no law"
        ) from exc


@lru_cache(maxsize=4)
def _parsed_pack(text: str) -> Pack:
    return read_pack(text, name="annex")


def library_versions() -> list[Json]:
    """What else dates are computed with, for the record of a decision (PRG-13)."""
    from importlib.metadata import version  # noqa: PLC0415 - few sessions destroy; it costs 20 ms

    return [{"name": name, "version": version(name)} for name in LIBRARIES]


def set_policy(acting: Acting, policy: Policy) -> None:
    """Set the agency's own rules; see `Session.set_policy`."""
    check_policy(policy)
    body: dict[str, Json] = {
        "approvals": policy.approvals,
        "large_objects": policy.large_objects,
        "brake_multiple": policy.brake_multiple,
        "brake_objects": policy.brake_objects,
        "brake_days": policy.brake_days,
        "waiting_hours": policy.waiting_hours,
        "plan_days": policy.plan_days,
        "clock_hours": policy.clock_hours,
        "dual_release": [*sorted(policy.dual_release)],
        "narrowed": [
            {"kind": kind, "roles": [*sorted(roles)]}
            for kind, roles in sorted(policy.narrowed.items())
        ],
    }

    def plan(_: State, permission: Permission, now: Instant) -> Decision:
        check_policy(policy, by=permission.actor)
        return Decision(drafts=(acting.draft(permission, "policy.set", body, now=now),))

    acting.commit(Verb.SET_POLICY, plan)
