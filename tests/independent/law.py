"""What a statute pack makes of one recording, written from the specification alone."""

import dataclasses
import datetime as dt
import functools
import hashlib
import tomllib
import zoneinfo
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import holidays
from canonical import RefusedError, encode
from conditions import NEVER, Answer, Known, after
from facts import known

Table = dict[str, Any]

FOREVER = "without limit"
End = dt.date | str
"""A date, or FOREVER."""

OUTCOMES = ("allow", "escalate", "deny")
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def read(path: Path) -> Table:
    """Read a pack or an agency file (LAW-1, LAW-6)."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


def digest(document: Table) -> str:
    """The digest of a pack or of an agency file (LAW-5)."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: plain(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [plain(inner) for inner in value]
        return value.isoformat() if isinstance(value, dt.date) else value

    return hashlib.sha256(encode(plain(document))).hexdigest()


def of_the_day(rules: Iterable[Table], day: dt.date) -> list[Table]:
    """The rules that are law on a day (LAW-3)."""
    return [rule for rule in rules if rule.get("from", day) <= day <= rule.get("to", day)]


@functools.cache
def given_holidays(country: str, year: int) -> dict[dt.date, frozenset[str]]:
    """The names that the holidays library gives to the days of a year."""
    found = holidays.country_holidays(country, years=year)
    return {day: frozenset(found.get_list(day)) for day in found if day.year == year}


def latest(ends: Iterable[End]) -> End | None:
    """The latest of some ends; None where there is none."""
    ends = list(ends)
    return FOREVER if FOREVER in ends else max(ends, default=None)  # type: ignore[type-var]


def later(end: End, other: End | None) -> bool:
    """Whether an end is later than another, or without limit while that is not."""
    if other is None or FOREVER in {end, other}:
        return other != FOREVER
    return end > other  # type: ignore[operator]


@dataclasses.dataclass
class Judged:
    """One floor, entry or rule with its answer; an end where it has one."""

    rule: Table
    answer: Answer
    missed: frozenset[str]
    end: End = FOREVER
    no_start: frozenset[str] = frozenset()


class Law:
    """What the law of one day is for one agency and one recording."""

    def __init__(
        self,
        pack: Table,
        agency: Table,
        given: Mapping[str, Any],
        day: dt.date,
        on: dt.date | None = None,
        **said: str,
    ) -> None:
        """Read the facts and refuse those that cannot be.

        The judgement is of a day, by the law of the same or another day; `said` is the purpose.
        """
        self.pack, self.agency, self.day, self.on = pack, agency, day, on or day
        if self.on < pack["versions"][0]["effective"]:
            raise RefusedError("law-not-in-force", f"no law is known on {self.on}")
        self.facts = known(pack, given, zoneinfo.ZoneInfo(agency["agency"]["zone"]), day)
        self.choices = {one["id"]: one["default"] for one in self.rules("choices")}
        self.choices |= agency["policy"].get("choices", {})
        self.said = said
        for rule in self.rules("contradictions"):
            if self.over().yes(rule["when"]):
                raise RefusedError("fact-contradiction", rule["id"])

    def rules(self, table: str) -> list[Table]:
        """The rules of one table of the pack that are law on the day."""
        return of_the_day(self.pack.get(table, []), self.on)

    def over(self, about: str | None = None, **codes: str) -> Known:
        """What is known, about one subject or all, with the codes that are no facts."""
        told = {one["name"] for one in self.pack["facts"] if about in {None, one["about"]}}
        facts = {name: value for name, value in self.facts.items() if name in told}
        return Known(facts | self.choices | codes, self.pack.get("definitions", {}), self.day)

    # Time

    def at_rest(self, day: dt.date) -> bool:
        """Whether a day is a day of rest (LAW-14)."""
        of = self.pack.get("calendar", {})
        if DAYS[day.weekday()] in of.get("weekend", []):
            return True
        kept = self.agency["policy"].get("optional_holidays", [])
        names = given_holidays(of["country"], day.year).get(day, frozenset()) if of else ()
        return any(
            one["since"] <= day.year
            and (not one.get("optional") or one["name"] in kept)
            and bool({one["library"], f"{one['library']} (observed)"} & set(names))
            for one in of.get("holidays", [])
        )

    def rolled(self, day: dt.date) -> dt.date:
        """The first day from a day on that is no day of rest (LAW-14)."""
        while self.at_rest(day) and day < dt.date.max:
            day = after(day, "1 day")
        return day

    def counted(self, day: dt.date, rule: Table) -> dt.date:
        """The end of the period of a rule, in business days where it says so (LAW-15)."""
        if rule.get("counting") != "business":
            return after(day, rule["period"])
        for _ in range(int(rule["period"].split()[0])):
            day = self.rolled(after(day, "1 day"))
        return day

    # Class

    def classify(self) -> Table:
        """The class, the rule that gives it, the labels, and what is missing (LAW-50 to LAW-52)."""
        ranks = {one["id"]: one["rank"] for one in self.rules("classes")}
        tried = self._up_to_yes(of_the_day(self.pack["classification"]["rules"], self.on))
        of = max((one.rule["gives"] for one in tried), key=lambda name: ranks[name])
        first = next(one.rule for one in tried if one.rule["gives"] == of)
        labels = next(one for one in self.rules("classes") if one["id"] == of)
        individuals = self.over().judge(self.pack["classification"]["individuals_when"])[0]
        overlays = {
            rule["id"]: answer
            for rule in self.rules("overlays")
            if of in rule.get("classes", [of])
            and (answer := self.over("recording", **{"class": of}).judge(rule["when"])[0])
            is not False
        }
        return {
            "class": of,
            "class_rule": first["id"],
            "class_missing": set().union(*(one.missed for one in tried)),
            "individuals": None if individuals is False else labels["individuals"],
            "others": labels["others"],
            "overlays": overlays,
        }

    def _up_to_yes(self, rules: Iterable[Table], **codes: str) -> list[Judged]:
        """The unknown rules up to the first that is yes, and that one (LAW-50, LAW-70)."""
        tried = []
        for rule in rules:
            one = Judged(rule, *self.over(**codes).judge(rule["when"]))
            if one.answer is not False:
                tried.append(one)
            if one.answer:
                break
        return tried

    # Retention

    def _ended(self, rule: Table) -> Judged:
        """Judge one floor, entry or ceiling, and find its end (LAW-60)."""
        one = Judged(rule, *self.over().judge(rule.get("when", "always")))
        if "until" in rule:
            until = self.facts.get(rule["until"])
            one.end = until if until not in {None, NEVER} and until <= self.day else FOREVER
            one.no_start = frozenset() if until else frozenset({rule["until"]})
        elif "period" in rule:
            start = self.facts.get(rule["start"], NEVER)
            if start == NEVER:
                one.no_start = frozenset({rule["start"]})
            else:
                one.end = after(start, rule["period"])
        return one

    def _floors(self, keeps: str) -> list[Judged]:
        """The floors that keep recordings, or metadata."""
        floors = self.rules("floors")
        return [self._ended(one) for one in floors if one.get("keeps", "recordings") == keeps]

    def retention(self) -> Table:
        """How long the recording is kept, and what that rests on (LAW-60 to LAW-69)."""
        floors = self._floors("recordings")
        entries = [self._ended(one) for one in of_the_day(self.agency.get("schedule", []), self.on)]
        possible = [one for one in floors + entries if one.answer is not False]
        certain = [one for one in possible if one.answer]
        floor = latest(one.end for one in floors if one.answer)
        if floor is None and any(one.answer is None for one in floors):
            ends = [self._ended(one).end for one in self.rules("unclassified")]
            floor = latest(end for end in ends if end != FOREVER)
        last = self._extended(latest(one.end for one in possible)) or FOREVER
        holds = [one for name in self._of_type("holds") for one in self.facts[name]]
        releases = [one["released"] for one in holds if one.get("released")]
        last = latest([last, *releases]) if last != FOREVER else FOREVER
        sure = latest(one.end for one in certain)
        missing = (
            set()
            .union(*(one.no_start for one in possible))
            .union(*(one.missed for one in possible if one.answer is None and later(one.end, sure)))
        )
        open_ones = [one for one in floors + entries if not one.answer and later(one.end, last)]
        made = {
            "last_protected": last,
            "statutory_floor": self._extended(floor),
            "floors": {one.rule["id"] for one in certain},
            "held": any(
                one["placed"] <= self.day and not (one.get("released") or dt.date.max) <= self.day
                for one in holds
            ),
            "missing": missing,
            "could_change": missing
            if last == FOREVER
            else set().union(*(self.over().asked(one.rule["when"]) for one in open_ones))
            & {one["name"] for one in self.pack["facts"]},
            "authority": [
                one.rule["id"] for one in entries if one.answer and one.rule["confirmed"]
            ],
            "metadata_last_protected": latest(
                one.end for one in self._floors("metadata") if one.answer is not False
            )
            or FOREVER,
        }
        made |= self._dates(last, made)
        return made | {"status": self._status(made, certain, possible)}

    def _of_type(self, kind: str) -> list[str]:
        return [one["name"] for one in self.pack["facts"] if one["type"] == kind]

    def _extended(self, end: End | None) -> End | None:
        """An end with the requests that are accepted (LAW-62)."""
        if not isinstance(end, dt.date):
            return end
        rules = self.rules("extensions")
        asked = [
            (one["received"], one["id"], one, name)
            for name in self._of_type("requests")
            for one in self.facts[name]
            if not one.get("withdrawn") or one["withdrawn"] > self.day
        ]
        for received, _, one, name in sorted(asked, key=lambda item: item[:2]):
            caps = [
                rule["cap_days"]
                for rule in rules
                if rule["requests"] == name
                and Known(one["answers"], {}, self.day).yes(rule["accept"])
            ]
            if caps:
                end = after(max(end, received), f"{min(one['days'], max(caps))} days")
        return end

    def _dates(self, last: End, made: Table) -> Table:
        """The days of destruction and the ceiling (LAW-66, LAW-67)."""
        policy = self.agency["policy"]
        ends = [one.end for one in map(self._ended, self.rules("ceilings")) if one.answer]
        ceiling = min((end for end in ends if isinstance(end, dt.date)), default=None)
        found: Table = {"ceiling": ceiling, "ceiling_passed": bool(ceiling and self.day > ceiling)}
        found |= {"plain": None, "conservative": None, "disposal": None}
        if not isinstance(last, dt.date):
            return found
        grace = f"{policy['grace_days']} days"
        found["plain"] = plain = after(last, "1 day")
        found["conservative"] = after(after(self.rolled(last), "1 day"), grace)
        if made["held"] or not made["authority"]:
            return found
        found["disposal"] = found["conservative"] if policy["roll_floors"] else after(plain, grace)
        if ceiling:
            found["disposal"] = min(found["disposal"], max(after(ceiling, "1 day"), plain))
        return found

    def _status(self, made: Table, certain: list[Judged], possible: list[Judged]) -> str:
        """The first status that applies (LAW-68)."""
        last = made["last_protected"]
        if any({"indefinite", "permanent"} & set(one.rule) for one in certain):
            return "indefinite"
        if made["held"]:
            return "held"
        if any("until" in one.rule and one.end == FOREVER and not one.no_start for one in certain):
            return "awaiting-event"
        if last == FOREVER and possible:
            return "undetermined"
        if last != FOREVER and self.day <= last:
            return "protected"
        if not made["authority"]:
            return "no-authority"
        return "waiting" if self.day < made["disposal"] else "due"

    # Access

    def access(self, actor: str) -> Table:
        """Who may view and copy, under which overlays and requirements (LAW-70 to LAW-72)."""
        classed = self.classify()
        of = {"class": classed["class"]}
        about = [one for one in self.rules("access") if actor in one.get("actors", [actor])]
        tried = self._up_to_yes(about, **of, **self.said)
        required = {name for one in tried for name in one.rule.get("requires", [])}
        asked = {
            rule["id"]: self.over(**self.said).judge(rule["when"])
            for rule in self.rules("requirements")
            if rule["id"] in required
        }
        unmet = {name for name, (answer, _) in asked.items() if not answer}
        missing = classed["class_missing"].union(
            *(one.missed for one in tried), *(missed for _, missed in asked.values())
        )
        made: Table = {"missing": missing - {"purpose"}}
        for act in ("view", "copy"):
            outcome = max((one.rule[act] for one in tried), key=OUTCOMES.index)
            made[f"{act}_rule"] = next(one.rule["id"] for one in tried if one.rule[act] == outcome)
            made[f"{act}_unmet"] = unmet if outcome == "allow" else set()
            made[act] = "deny" if made[f"{act}_unmet"] else outcome
            made[f"{act}_overlays"] = {
                rule["id"]: rule["effect"]
                for rule in self.rules("overlays")
                if of["class"] in rule.get("classes", [of["class"]])
                and actor in rule.get("actors", [actor])
                and act in rule.get("acts", [act])
                and self._counts(rule, self.over(**of).judge(rule["when"])[0])
            }
        return made

    def _counts(self, rule: Table, answer: Answer) -> bool:
        """Whether an overlay counts (LAW-72)."""
        return answer is not False and (answer or rule["effect"] in {"must-redact", "withhold"})

    # Deadlines

    def deadlines(self, about: str) -> dict[str, Table]:
        """What is owed by when (LAW-80, LAW-81)."""
        subjects = {one["name"]: one["about"] for one in self.pack["facts"]}
        made = {}
        for rule in self.rules("deadlines"):
            start = self.facts.get(rule["start"])
            if subjects[rule["start"]] != about or start == NEVER:
                continue
            answer, missed = self.over().judge(rule["when"])
            if answer is not False:
                days = {rule["start"], *rule.get("not_before", [])}
                missing = missed | (days - self.facts.keys())
                made[rule["id"]] = self._deadline(rule, start) | {"missing": missing}
        return made

    def _deadline(self, rule: Table, start: dt.date | None) -> Table:
        """One deadline that arises."""
        plain = rolled = None
        if start and "period" in rule:
            later_ones = [self.facts.get(name, NEVER) for name in rule.get("not_before", [])]
            plain = max([self.counted(start, rule), *(day for day in later_ones if day != NEVER)])
            rolled = self.rolled(plain) if rule.get("rolls") else plain
        status = "owed"
        if "met" in rule and self.over().yes(rule["met"]):
            status = "met"
        elif plain and rolled and self.day > plain:
            status = "overdue" if self.day > rolled else "past-plain"
        return {"plain": plain, "rolled": rolled, "status": status}
