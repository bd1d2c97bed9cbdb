"""The facts that are given for a judgement, and those that are absent (LAW-30 to LAW-34)."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from canonical import RefusedError
from conditions import NEVER

Table = dict[str, Any]


def value_of(spec: Table, value: Any, zone: dt.tzinfo) -> Any:
    """The value of a fact in the form in which it is judged (LAW-11, LAW-31, LAW-32)."""
    kind, codes = spec["type"], spec.get("codes", [])
    if kind in {"date", "instant"} and value == NEVER:
        return NEVER
    if kind == "instant" and isinstance(value, dt.datetime):
        if value.tzinfo is None:
            raise RefusedError("time-naive", f"{spec['name']} has no offset")
        return value.astimezone(zone).date()
    if kind == "requests" and any(set(one["answers"]) != set(codes) for one in value):
        raise RefusedError("request-incomplete", f"{spec['name']} leaves a flag open")
    if kind == "codes":
        fits = isinstance(value, (list, set, frozenset)) and set(value) <= set(codes)
    elif kind == "date":
        fits = isinstance(value, dt.date) and not isinstance(value, dt.datetime)
    elif kind == "holds":
        fits = all(one["kind"] in codes for one in value)
    elif kind == "code":
        fits = isinstance(value, str) and value in codes
    elif kind == "requests":
        fits = all(1 <= one["days"] <= 36_500 for one in value)
    else:
        fits = isinstance(value, bool)
    if not fits:
        raise RefusedError("fact-type", f"{spec['name']} cannot be {value!r}")
    return frozenset(value) if kind == "codes" else value


def known(pack: Table, given: Mapping[str, Any], zone: dt.tzinfo, day: dt.date) -> Table:
    """The facts that are known, those that are absent with what that says (LAW-30 to LAW-34)."""
    specs = {spec["name"]: spec for spec in pack["facts"]}
    made: Table = {}
    if set(given) - set(specs):
        raise RefusedError("fact-unknown", f"not declared: {set(given) - set(specs)}")
    for name, spec in specs.items():
        listed = spec["type"] in {"requests", "holds"}
        value = given.get(name, [] if listed else spec.get("absent"))
        if value is None:
            continue
        made[name] = value = value_of(spec, value, zone)
        starts = [one.get("received", one.get("placed")) for one in value] if listed else [value]
        if not spec.get("ahead") and any(
            isinstance(start, dt.date) and start > day for start in starts
        ):
            raise RefusedError("fact-future", f"{name} is after {day}")
        if listed and len({one["id"] for one in value}) < len(value):
            raise RefusedError("fact-contradiction", f"{name} has one id twice")
        for one in value if listed else []:
            start, end = (
                one.get("received", one.get("placed")),
                one.get("withdrawn") or one.get("released"),
            )
            if end and end < start:
                raise RefusedError("fact-contradiction", f"{name} ends before it begins")
    return made
