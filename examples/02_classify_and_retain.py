"""Ask the law about one recording: its class, how long it is kept, and what would change that.

The law is a statute pack, the agency adds its time zone and its records schedule, and people say
what they know of the recording. Nothing here needs a store. None of it is legal advice.
"""

from datetime import date, datetime
from pathlib import Path

from bwcstore.statute import Hold, classify, load_agency, load_pack, retention

# The schedule is confirmed: the body that the law names has approved it, and the file says how.
Path("agency.toml").write_text(
    """
format = "bwcstore-agency/1"

[agency]
id = "us-mn-sample"
pack = "us-mn"
title = "Sample City Police"
zone = "America/Chicago"
chief = "Chief of Police"
responsible_authority = "City Clerk"
[policy]
roll_floors = true
grace_days = 3

[[schedule]]
id = "recordings"
cite = "Sample City Records Schedule, item 7"
verified = "text"
says = "Recordings are destroyed after 90 days, unless the law keeps them longer."
when = "always"
period = "90 days"
start = "collected_at"
confirmed = true
authority = "Records Disposition Panel, 14 March 2023, schedule 23-041"
""",
    encoding="utf-8",
)
pack = load_pack("us-mn")
agency = load_agency(Path("agency.toml"), pack=pack)

# A traffic stop, late in the evening: in London it was already the next day.
stop = {
    "collected_at": datetime.fromisoformat("2024-01-15T23:30:00-06:00"),
    "source_kind": "worn",
    "discharge": "none",
    "force_result": "none",
    "deadly_force": False,
    "death_by_force": False,
    "criminal_investigation": "none",
}
today = date(2024, 2, 1)
law = pack.law(agency, on=today)

found = classify(pack.read_facts(stop), law=law, as_of=today)
print(f"{found.individuals}, by {found.ground.cite} ({found.ground.verified})")
assert (found.class_id, found.missing) == ("private", ())

kept = retention(pack.read_facts(stop), law=law, as_of=today)
# The 90th day is a Sunday: protected until Monday, then three days of grace.
assert kept.last_protected == date(2024, 4, 14)
assert (kept.earliest_plain, kept.disposal) == (date(2024, 4, 15), date(2024, 4, 19))

# A formal complaint makes it a year; a hold suspends whatever the date is.
complaint = {**stop, "complaint_date": date(2024, 1, 30)}
kept = retention(pack.read_facts(complaint), law=law, as_of=today)
assert kept.last_protected == date(2025, 1, 30)
hold = Hold(id="H-1", kind="litigation", placed=date(2024, 1, 31))
kept = retention(pack.read_facts({**complaint, "holds": [hold]}), law=law, as_of=today)
assert (kept.status, kept.disposal) == ("held", None)

# Deadly force: a year by the law of 2020, without end by the law of 2024.
used = {**stop, "collected_at": datetime.fromisoformat("2020-06-01T12:00:00-05:00")}
used |= {"deadly_force": True, "force_result": "great_bodily", "event_documented": "itself"}
for day, end in ((date(2020, 7, 1), date(2021, 6, 1)), (date(2024, 7, 1), None)):
    kept = retention(pack.read_facts(used), law=pack.law(agency, on=day), as_of=day)
    print(f"by the law of {day}: until {kept.last_protected or 'without end'}")
    assert kept.last_protected == end
