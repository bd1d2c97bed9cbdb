"""A small pack and agency for tests: every sort of rule once or twice, and easy dates."""

from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Final

from bwcstore.statute._agency_file import read_agency
from bwcstore.statute._facts import Facts
from bwcstore.statute._pack import Law, Pack
from bwcstore.statute._reading import read_pack

PACK: Final = """\
format = "bwcstore-pack/1"

[pack]
id = "xx"
title = "A small law"
jurisdiction = "Nowhere"
reviewed = 2026-01-01

[[versions]]
effective = 2016-01-01
act = "Act 1"
verified = "text"

[[versions]]
effective = 2020-01-01
act = "Act 2"
verified = "secondary"

[[sources]]
id = "gazette"
title = "The gazette"
url = "https://example.org/gazette"
seen = 2026-01-01

[calendar]
country = "US"
weekend = ["saturday", "sunday"]
holidays = [
  { name = "New Year's Day", library = "New Year's Day", since = 1900 },
  { name = "Second Monday", library = "Columbus Day", since = 1900, optional = true },
]

[[facts]]
name = "collected_at"
type = "instant"
about = "recording"
question = "When was it made?"

[[facts]]
name = "force"
type = "code"
about = "recording"
question = "Was force used?"
codes = ["none", "some", "deadly"]

[[facts]]
name = "investigation"
type = "code"
about = "recording"
question = "Is there an investigation?"
codes = ["none", "active", "inactive"]

[[facts]]
name = "somebody_recorded"
type = "flag"
about = "recording"
question = "Can anybody be identified?"
absent = true

[[facts]]
name = "minor_recorded"
type = "flag"
about = "recording"
question = "Is a minor recorded?"

[[facts]]
name = "complaint_on"
type = "date"
about = "recording"
question = "When was a complaint made?"
absent = "never"

[[facts]]
name = "closed_on"
type = "date"
about = "recording"
question = "When was the case closed?"
absent = "never"

[[facts]]
name = "appointment_on"
type = "date"
about = "recording"
question = "When does somebody come to see it?"
absent = "never"
ahead = true

[[facts]]
name = "labels"
type = "codes"
about = "recording"
question = "How is it labelled?"
codes = ["training", "evidence"]
absent = []
several = "union"

[[facts]]
name = "keep_requests"
type = "requests"
about = "recording"
question = "Who asked to keep it?"
codes = ["written"]

[[facts]]
name = "holds"
type = "holds"
about = "recording"
question = "What holds it?"
codes = ["litigation"]

[[facts]]
name = "requested_on"
type = "date"
about = "request"
question = "When was it asked for?"
absent = "never"

[[facts]]
name = "answered_on"
type = "date"
about = "request"
question = "When was it answered?"
absent = "never"

[[facts]]
name = "authorized"
type = "flag"
about = "request"
question = "Is there a written authorization?"

[[facts]]
name = "last_audit_on"
type = "date"
about = "agency"
question = "When was the last audit?"

[definitions]
violent = "force in (some, deadly)"
secret = "investigation is active"

[[choices]]
id = "complaint_clock"
cite = "s. 9"
verified = "text"
says = "The agency chooses from when a complaint counts."
question = "From when?"
options = ["collection", "complaint"]
default = "complaint"

[[classes]]
id = "open"
cite = "s. 1"
verified = "text"
says = "Anyone may see it."
rank = 0
individuals = "open"
others = "open to all"

[[classes]]
id = "closed"
cite = "s. 1"
verified = "text"
says = "Those concerned may see it."
rank = 1
individuals = "closed"
others = "closed to others"

[[classes]]
id = "secret"
cite = "s. 1"
verified = "text"
says = "Nobody outside may see it."
rank = 2
individuals = "secret"
others = "secret to all"

[classification]
individuals_when = "somebody_recorded"

[[classification.rules]]
id = "secret-investigation"
cite = "s. 2"
verified = "secondary"
says = "What is investigated is secret."
when = "secret"
gives = "secret"

[[classification.rules]]
id = "open-force"
cite = "s. 3"
verified = "text"
says = "Force is everybody's business."
when = "violent"
gives = "open"

[[classification.rules]]
id = "closed-else"
cite = "s. 4"
verified = "text"
says = "Everything else is closed."
when = "always"
gives = "closed"

[[overlays]]
id = "minors"
cite = "s. 5"
verified = "text"
says = "Minors are made unrecognisable in copies."
when = "minor_recorded"
effect = "must-redact"
what = "faces and voices of minors"
acts = ["copy"]

[[overlays]]
id = "rumour"
cite = "s. 6"
verified = "unverified"
says = "The agency may dispel a rumour."
when = "somebody_recorded"
effect = "may-disclose"
what = "all of it"
classes = ["closed"]

[[floors]]
id = "basic"
cite = "s. 7(a)"
verified = "text"
says = "Ninety days."
when = "investigation is none"
period = "90 days"
start = "collected_at"

[[floors]]
id = "force"
cite = "s. 7(b)"
verified = "text"
says = "A year after force."
when = "violent"
period = "1 year"
start = "collected_at"

[[floors]]
id = "complaint"
cite = "s. 7(c)"
verified = "text"
says = "A year after a complaint."
when = "happened complaint_on and complaint_clock is complaint"
period = "1 year"
start = "complaint_on"

[[floors]]
id = "deadly"
cite = "s. 7(d)"
verified = "secondary"
says = "For ever after deadly force."
from = 2020-01-01
when = "force is deadly"
indefinite = true
ambiguity = "What deadly means."

[[floors]]
id = "case"
cite = "s. 7(e)"
verified = "text"
says = "Until the case is closed."
when = "labels has evidence"
until = "closed_on"

[[floors]]
id = "log"
cite = "s. 7(f)"
verified = "text"
says = "The log is kept for five years."
when = "always"
keeps = "metadata"
period = "5 years"
start = "collected_at"

[[ceilings]]
id = "top"
cite = "s. 8"
verified = "text"
says = "No longer than 120 days in training."
when = "labels has training"
period = "120 days"
start = "collected_at"

[[extensions]]
id = "on-request"
cite = "s. 10"
verified = "text"
says = "Up to 180 days on written request."
requests = "keep_requests"
accept = "written"
cap_days = 180

[[unclassified]]
id = "meanwhile"
cite = "s. 7(a)"
verified = "text"
says = "Ninety days while nothing is known."
period = "90 days"
start = "collected_at"

[[deadlines]]
id = "answer"
cite = "s. 11"
verified = "text"
says = "Ten business days."
when = "always"
duty = "answer the request"
owed_to = "the requester"
start = "requested_on"
period = "10 days"
counting = "business"
met = "happened answered_on"

[[deadlines]]
id = "release"
cite = "s. 12"
verified = "text"
says = "Fourteen days after a complaint."
when = "violent"
duty = "publish it"
owed_to = "everybody"
start = "complaint_on"
period = "14 days"
rolls = true
not_before = ["closed_on"]

[[deadlines]]
id = "audit"
cite = "s. 13"
verified = "text"
says = "An audit every two years."
when = "always"
duty = "have an audit"
owed_to = "the council"
start = "last_audit_on"
period = "2 years"
rolls = true

[[deadlines]]
id = "prompt"
cite = "s. 14"
verified = "text"
says = "Tell them at once."
when = "violent"
duty = "tell the family"
owed_to = "the family"
start = "complaint_on"
promptness = "at once"

[[actors]]
id = "officer"
cite = "s. 15"
verified = "text"
says = "An officer."

[[actors]]
id = "stranger"
cite = "s. 15"
verified = "text"
says = "Anybody else."

[[purposes]]
id = "work"
cite = "s. 15"
verified = "text"
says = "The agency's work."

[[requirements]]
id = "in-writing"
cite = "s. 16"
verified = "text"
says = "A written authorization."
when = "authorized"

[[requirements]]
id = "for-work"
cite = "s. 16"
verified = "text"
says = "For work."
when = "purpose is work"

[[access]]
id = "officers"
cite = "s. 17"
verified = "text"
says = "Officers see what they need."
actors = ["officer"]
when = "class in (closed, secret)"
view = "allow"
copy = "escalate"
requires = ["in-writing", "for-work"]
duties = ["write it down"]
deadlines = ["answer"]

[[access]]
id = "all"
cite = "s. 18"
verified = "text"
says = "What is open is open."
when = "class is open"
view = "allow"
copy = "allow"

[[access]]
id = "nobody"
cite = "s. 19"
verified = "text"
says = "Nobody else."
when = "always"
view = "deny"
copy = "deny"

[[contradictions]]
id = "minor-nobody"
cite = "s. 20"
verified = "text"
says = "A minor is somebody."
when = "minor_recorded and not somebody_recorded"

[[labels]]
id = "training"
cite = "s. 21"
verified = "text"
says = "For training."
expects = "force is none"

[[labels]]
id = "evidence"
cite = "s. 21"
verified = "text"
says = "For a case."
expects = "always"
"""

AGENCY: Final = """\
format = "bwcstore-agency/1"

[agency]
id = "xx-town"
pack = "xx"
title = "Town Police"
zone = "America/Chicago"
chief = "chief of police"
responsible_authority = "city clerk"

[policy]
roll_floors = true
grace_days = 0

[policy.choices]
complaint_clock = "complaint"

[[schedule]]
id = "standard"
cite = "schedule, line 1"
verified = "text"
says = "Everything, 60 days."
when = "always"
period = "60 days"
start = "collected_at"
confirmed = true
authority = "panel, 2019, no. 7"

[[schedule]]
id = "evidence"
cite = "schedule, line 2"
verified = "unverified"
says = "Evidence, three years."
when = "labels has evidence"
period = "3 years"
start = "collected_at"
confirmed = false
"""


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
