"""A small pack and agency for tests: every sort of rule once or twice, and easy dates."""

from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final

from bwcstore.statute._facts import Facts
from bwcstore.statute._files._agency_file import read_agency
from bwcstore.statute._files._reading import read_pack
from bwcstore.statute._pack import Law, Pack

HERE: Final = Path(__file__).parent
PACK: Final = (HERE / "small-pack.toml").read_text("utf-8")
AGENCY: Final = (HERE / "small-agency.toml").read_text("utf-8")


@cache
def small_pack() -> Pack:
    """The pack of this module."""
    return read_pack(PACK, name="small.toml")


@cache
def small_law(on: date, *changes: tuple[str, str]) -> Law:
    """The law of a day, for the agency of this module with some text replaced."""
    text = AGENCY
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    agency = read_agency(text, name="town.toml", pack=small_pack())
    return small_pack().law(agency, on=on)


def facts(values: Mapping[str, object]) -> Facts:
    """Facts of the pack of this module."""
    return small_pack().read_facts(values)
