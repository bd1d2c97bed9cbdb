"""Whether each recording that was destroyed might be: every `purge.started`, judged once more.

Rules kept here (spec: AUD-34): from the ledger and its annexes alone; by the law that the store
was kept under at that entry; what cannot be repeated is not proven.
"""

from datetime import date
from typing import Final, cast
from zoneinfo import ZoneInfo

import attrs

from bwcstore._encoding import Json, decode
from bwcstore._limits import ANNEX_SIZE_MAX
from bwcstore._values import StoreId
from bwcstore.audit._annexes import AnnexAudit
from bwcstore.audit._findings import Findings, Severity
from bwcstore.audit._known import facts, holding
from bwcstore.audit._lineage import Case
from bwcstore.audit._records import Law as Adopted
from bwcstore.audit._records import Plan
from bwcstore.errors import BwcStoreError, ErrorKind
from bwcstore.statute._agency import Agency
from bwcstore.statute._civil import local_date
from bwcstore.statute._files._agency_file import read_agency
from bwcstore.statute._files._reading import read_pack
from bwcstore.statute._judgements import Retention, RetentionStatus
from bwcstore.statute._pack import Law, Pack
from bwcstore.statute._retention import retention

CLAUSE_PROVEN: Final = "AUD-34"
PLAN_FORMAT: Final = "bwcstore-plan/1"


class _UnprovenError(Exception):
    """Why a destruction is not proven."""


@attrs.frozen
class _Read:
    """A law as its annexes have it."""

    pack: Pack
    agency: Agency


class Rejudge:
    """Judges purges once more, and checks the plans that they were made under."""

    def __init__(self, annexes: AnnexAudit, findings: Findings, store: StoreId | None) -> None:
        self._annexes = annexes
        self._findings = findings
        self._store = store
        self._laws: dict[Adopted, _Read | str] = {}
        self._days: dict[tuple[Adopted, date], Law] = {}
        self._plans: dict[str, frozenset[str]] = {}

    def check_plan(self, plan: Plan) -> None:
        """Check that the text of a plan is there, and says what its entry says."""
        raw = self._annexes.read(plan.annex)
        if raw is None:
            return
        why = self._read_plan(plan, raw)
        if why is not None:
            self._findings.add(
                ErrorKind.PLAN_ALTERED,
                CLAUSE_PROVEN,
                where=plan.where,
                entry=plan.index,
                message=f"entry {plan.index}: the text of the plan {why}",
            )

    def _read_plan(self, plan: Plan, raw: bytes) -> str | None:
        """Remember which recordings a plan names; what is wrong with it, if anything is."""
        if plan.annex != plan.digest:
            return "is not the one of the plan's digest"
        try:
            value = decode(raw, what="plan", size_max=ANNEX_SIZE_MAX)
            objects = cast("list[dict[str, Json]]", value["objects"])
            names = [cast("str", one["object"]) for one in objects]
            said = (value["format"], value["store"], value["as_of"])
        except (BwcStoreError, KeyError, TypeError) as exc:
            return f"cannot be read: {exc}"
        store = self._store.text if self._store else said[1]
        if said != (PLAN_FORMAT, store, plan.as_of):
            return f"is of format {said[0]}, store {said[1]} and day {said[2]}"
        if not all(isinstance(one, str) for one in names) or len(names) != plan.objects_count:
            return f"names {len(names)} recordings, and its entry {plan.objects_count}"
        self._plans[plan.digest] = frozenset(names)
        return None

    def check(self, case: Case) -> None:
        """Judge one recording; report it where nothing shows that it might be destroyed."""
        try:
            self._prove(case)
        except _UnprovenError as exc:
            why = str(exc)
        except BwcStoreError as exc:
            why = f"the law cannot be asked: {exc.message}"
        else:
            return
        self._findings.add(
            ErrorKind.PURGE_UNPROVEN,
            CLAUSE_PROVEN,
            severity=Severity.ERROR if case.whole else Severity.WARNING,
            where=case.where,
            entry=case.index,
            object_id=case.object,
            message=f"entry {case.index}: object {case.object}: {why}"
            + ("" if case.whole else " (entries before it are missing)"),
        )

    def _prove(self, case: Case) -> None:
        law = self._law(case)
        as_of = date.fromisoformat(cast("str", case.body["as_of"]))
        decided_on = local_date(case.decided_at, law.zone)
        if as_of != decided_on:
            raise _UnprovenError(f"judged for {as_of}, and decided on {decided_on}")
        if case.plan is not None and case.object not in self._plans.get(
            case.plan.digest, frozenset()
        ):
            raise _UnprovenError("no text of the plan names it")
        if held := holding(case, law.zone):
            raise _UnprovenError(f"it was held by {', '.join(held)}")
        found = retention(facts(case, law, as_of), law=law, as_of=as_of)
        if found.status is not RetentionStatus.DUE or found.missing:
            known = ", ".join(found.missing)
            raise _UnprovenError(
                f"on {as_of} it was {found.status}, protected until {found.last_protected}"
                + (f", and not known are {known}" if known else "")
            )
        _compare(case, found)

    def _law(self, case: Case) -> Law:
        adopted = case.law
        if adopted is None:
            raise _UnprovenError("no law was adopted before")
        stated = (case.body["pack_sha256"], case.body["agency_sha256"])
        if stated != (adopted.pack_sha256, adopted.agency_sha256):
            raise _UnprovenError("it was judged by another law than the store was kept under")
        if adopted not in self._laws:
            self._laws[adopted] = self._read(adopted)
        read = self._laws[adopted]
        if isinstance(read, str):
            raise _UnprovenError(read)
        day = date.fromisoformat(cast("str", case.body["as_of"]))
        if (adopted, day) not in self._days:
            self._days[adopted, day] = read.pack.law(read.agency, on=day)
        return self._days[adopted, day]

    def _read(self, adopted: Adopted) -> _Read | str:
        """The law of a store from its annexes, or why it cannot be had."""
        texts = [self._annexes.read(one) for one in (adopted.pack_annex, adopted.agency_annex)]
        try:
            pack_text, agency_text = [(one or b"").decode() for one in texts]
            pack = read_pack(pack_text, name=f"annex {adopted.pack_annex}")
            agency = read_agency(agency_text, name=f"annex {adopted.agency_annex}", pack=pack)
            zone = ZoneInfo(agency.zone).key
        except (BwcStoreError, ValueError) as exc:
            return f"the text of the law cannot be read: {exc}"
        said = (str(pack.digest), str(agency.digest), zone)
        if said != (adopted.pack_sha256, adopted.agency_sha256, adopted.zone):
            return "the text of the law says another thing than its entry"
        return _Read(pack, agency)


def _compare(case: Case, found: Retention) -> None:
    """Compare what the entry says with what the law says.

    Raises:
        _UnprovenError: they differ.
    """
    authority = cast("list[dict[str, str]]", case.body["authority"])
    known = {(one.rule, one.cite) for one in found.authority}
    pairs = (
        ("last_protected", str(found.last_protected), case.body["last_protected"]),
        ("disposal", str(found.disposal), case.body["disposal"]),
    )
    for what, expected, stated in pairs:
        if expected != stated:
            libraries = cast("list[dict[str, str]]", case.body["libraries"])
            used = ", ".join(f"{one['name']} {one['version']}" for one in libraries)
            raise _UnprovenError(
                f"{what} is stated as {stated}, and is {expected} (computed then with {used})"
            )
    if not authority or not {(one["rule"], one["cite"]) for one in authority} <= known:
        raise _UnprovenError("the authority that is stated is none that the law gives")
