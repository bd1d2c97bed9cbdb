"""The kinds of entry by which custody is kept: law, facts, holds, requests, releases.

Part of the table in `bwcstore.ledger._kinds`, which says what the rules are.
"""

from typing import Final

from bwcstore.ledger._kind import (
    BASES,
    Field,
    Kind,
    civil_date,
    code,
    digest,
    fact_value,
    flag,
    identifier,
    instant,
    many,
    number,
    one_of,
    prose,
    query,
    record,
    tags,
    text,
    zone_name,
)

REQUEST_KINDS: Final = (
    "subject-view",
    "subject-copy",
    "subject-public",
    "subject-retain",
    "public",
    "kin-inspection",
    "agency-share",
    "court-order",
)
OUTCOMES: Final = ("granted", "denied", "withdrawn")
NOTICES: Final = ("grant", "denial", "expiry")
RIGHTS: Final = (
    "subject",
    "public",
    "kin",
    "agency-share",
    "prosecution",
    "court-order",
    "discretion",
)
OPERATIONS: Final = ("redact", "clip", "transcode", "still", "audio", "transcript")
HOLD_AUTHORITIES: Final = ("agency", "court", "prosecutor", "subject", "other")
FACT_BASES: Final = ("report", "document", "system", "observation", "statement")
CORRECTION: Final = "correction"

_REASON: Final = {"reason": Field(prose, "free text, names people", required=False)}
_OPTIONAL: Final = {"required": False}
_STATEMENT: Final = {"statement": Field(prose, "free text, names people", **_OPTIONAL), **_REASON}

CUSTODY_KINDS: Final = (
    Kind(
        name="law.adopted",
        meaning="From here on the store is kept under this statute pack and this agency file.",
        scope="store",
        open={
            "pack": Field(code, "id of the statute pack"),
            "pack_sha256": Field(digest, "the pack by what it says (LAW-5)"),
            "pack_annex": Field(digest, "its text, kept so that decisions can be repeated"),
            "agency": Field(code, "id of the agency file"),
            "agency_sha256": Field(digest, "the agency file by what it says (LAW-5)"),
            "agency_annex": Field(digest, "its text, kept so that decisions can be repeated"),
            "zone": Field(zone_name, "IANA time zone in which days are counted"),
        },
        sealed=_REASON,
    ),
    Kind(
        name="policy.set",
        meaning="The agency's own rules, which only narrow; each entry replaces the one before.",
        scope="store",
        open={
            "approvals": Field(number, "how many approvals a purge plan needs"),
            "large_objects": Field(number, "a plan of more recordings than this needs one more"),
            "brake_multiple": Field(number, "how many times the usual volume pulls the brake"),
            "brake_objects": Field(number, "a plan of no more recordings never pulls it so"),
            "brake_days": Field(number, "how long a change of facts counts as recent"),
            "waiting_hours": Field(number, "how long a plan with the brake pulled waits"),
            "plan_days": Field(number, "how long a plan is good for"),
            "clock_hours": Field(number, "a greater step of the clock must be confirmed"),
            "dual_release": Field(many(code, at_most=16), "kinds of hold that two must release"),
            "narrowed": Field(
                many(record(kind=code, roles=many(code, at_most=32)), at_most=64),
                "kinds of entry that only these roles may bring about",
            ),
        },
        sealed=_REASON,
    ),
    Kind(
        name="fact.asserted",
        meaning="Somebody's word on a fact: of a recording, a request (act) or the agency (store).",
        scope="any",
        open={
            "assertion": Field(identifier, "later assertions name it"),
            "fact": Field(code, "the fact as the pack names it; law is decided from it"),
            "value": Field(fact_value, "absent takes the superseded one back", **_OPTIONAL),
            "since": Field(civil_date, "from which day it is so; law is decided from it"),
            "basis": Field(one_of(*FACT_BASES), "what it rests on"),
            "supersedes": Field(identifier, "the assertion it stands in place of", **_OPTIONAL),
            "document_sha256": Field(digest, "binds the document it rests on", **_OPTIONAL),
        },
        sealed=_STATEMENT,
    ),
    Kind(
        name="tags.added",
        meaning="The recording also belongs to these; what it belonged to before stays.",
        scope="object",
        open={"tags": Field(tags, "holds by query see them")},
        sealed={"values": Field(prose, "name cases and people", **_OPTIONAL), **_REASON},
    ),
    Kind(
        name="collected.claimed",
        meaning="Another claim of when the recording was made; earlier claims stay.",
        scope="object",
        open={
            "claim": Field(identifier, "names it"),
            "at": Field(instant, "retention is decided from it"),
            "basis": Field(one_of(*BASES, CORRECTION), "what it rests on"),
        },
        sealed=_STATEMENT,
    ),
    Kind(
        name="hold.placed",
        meaning="Nothing that it binds or selects may be destroyed until it is released.",
        scope="store",
        open={
            "hold": Field(identifier, "later entries name it"),
            "kind": Field(code, "the kind of hold as the pack names it"),
            "authority": Field(one_of(*HOLD_AUTHORITIES), "who ordered it"),
            "query": Field(query, "what it selects, now and later", **_OPTIONAL),
            "objects_count": Field(number, "how many it binds, by entries of the same batch"),
            "review_on": Field(civil_date, "by when it should be looked at again", **_OPTIONAL),
            "document_sha256": Field(digest, "binds the order", **_OPTIONAL),
        },
        sealed={"values": Field(prose, "what the tags stand for", **_OPTIONAL), **_STATEMENT},
    ),
    Kind(
        name="hold.bound",
        meaning="The hold binds this recording.",
        scope="object",
        open={"hold": Field(identifier, "which hold; destruction is decided from it")},
    ),
    Kind(
        name="hold.reviewed",
        meaning="The hold was looked at and stands; when it should be looked at again.",
        scope="store",
        open={
            "hold": Field(identifier, "which hold"),
            "review_on": Field(civil_date, "by when it should be looked at again"),
        },
        sealed=_REASON,
    ),
    Kind(
        name="hold.release_proposed",
        meaning="One of two who must release the hold says so; it still holds.",
        scope="store",
        open={"hold": Field(identifier, "which hold")},
        sealed=_REASON,
    ),
    Kind(
        name="hold.released",
        meaning="The hold no longer binds or selects anything.",
        scope="store",
        open={"hold": Field(identifier, "which hold; destruction is decided from it")},
        sealed=_REASON,
    ),
    Kind(
        name="request.received",
        meaning="Somebody asks for something about recordings.",
        scope="act",
        open={
            "kind": Field(one_of(*REQUEST_KINDS), "what is asked for; duties follow from it"),
            "requester": Field(code, "who asks, as the pack names actors"),
            "received": Field(civil_date, "deadlines are counted from it"),
        },
        sealed={
            "name": Field(text, "names a person", **_OPTIONAL),
            "contact": Field(text, "names a person", **_OPTIONAL),
            **_STATEMENT,
        },
    ),
    Kind(
        name="request.bound",
        meaning="The request is about this recording, which it keeps until it is answered.",
        scope="object",
        open={
            "request": Field(identifier, "the act of the request"),
            "kind": Field(one_of(*REQUEST_KINDS), "repeated, so that this scope stands alone"),
            "received": Field(civil_date, "repeated, so that this scope stands alone"),
            "days": Field(number, "how many more days are asked for", **_OPTIONAL),
            "answers": Field(
                many(record(flag=code, value=flag), at_most=16),
                "what the pack asks about a request to retain",
            ),
        },
    ),
    Kind(
        name="request.answered",
        meaning="What became of the request for this recording.",
        scope="object",
        open={
            "request": Field(identifier, "the act of the request"),
            "outcome": Field(one_of(*OUTCOMES), "retention is decided from it"),
            "on": Field(civil_date, "the day of the answer; duties follow from it"),
            "rule": Field(code, "the rule of the pack that it rests on", **_OPTIONAL),
        },
        sealed=_STATEMENT,
    ),
    Kind(
        name="request.closed",
        meaning="The request is done: it is about nothing that is not answered.",
        scope="act",
        open={"outcome": Field(one_of(*OUTCOMES, "nothing-held"), "how it ended")},
        sealed=_STATEMENT,
    ),
    Kind(
        name="notice.sent",
        meaning="The requester was told.",
        scope="object",
        open={
            "request": Field(identifier, "the act of the request"),
            "notice": Field(one_of(*NOTICES), "of what; duties follow from it"),
            "on": Field(civil_date, "when; duties follow from it"),
        },
        sealed={"to": Field(text, "names a person", **_OPTIONAL), **_STATEMENT},
    ),
    Kind(
        name="consent.recorded",
        meaning="A person who is recorded agrees.",
        scope="object",
        open={
            "consent": Field(identifier, "later entries name it"),
            "covers": Field(one_of("identity", "public"), "to what"),
            "document_sha256": Field(digest, "binds the written consent", **_OPTIONAL),
        },
        sealed={"name": Field(text, "names a person", **_OPTIONAL), **_STATEMENT},
    ),
    Kind(
        name="consent.withdrawn",
        meaning="The consent no longer counts.",
        scope="object",
        open={"consent": Field(identifier, "which consent")},
        sealed=_REASON,
    ),
    Kind(
        name="derivative.made",
        meaning="Another evidence object was made of this one, which is unchanged.",
        scope="object",
        open={"derivative": Field(identifier, "the object that was made")},
    ),
    Kind(
        name="derived.from",
        meaning="This object was made of another one, and how.",
        scope="object",
        open={
            "parent": Field(identifier, "the object it was made of"),
            "parent_manifest_sha256": Field(digest, "binds the parent as it was"),
            "operation": Field(one_of(*OPERATIONS), "what was done"),
            "tool": Field(code, "with which program"),
            "tool_version": Field(code, "and which version of it"),
            "redactions": Field(many(code, at_most=64), "which redactions of the law were made"),
            "regions_count": Field(number, "how many regions or times are listed"),
            "regions_sha256": Field(digest, "commits the list of regions and times"),
        },
        sealed={"regions": Field(prose, "may describe people", **_OPTIONAL), **_STATEMENT},
    ),
    Kind(
        name="release.made",
        meaning="The recording was shown or given to somebody outside, and by what right.",
        scope="object",
        open={
            "release": Field(identifier, "names it"),
            "right": Field(one_of(*RIGHTS), "by what right"),
            "recipient": Field(code, "to whom, as the pack names actors"),
            "mode": Field(one_of("view", "copy"), "shown or given"),
            "rule": Field(code, "the rule of the pack that decided"),
            "request": Field(identifier, "the act of the request", **_OPTIONAL),
            "redactions": Field(many(code, at_most=64), "what was made unrecognisable"),
            "acknowledgement_sha256": Field(
                digest, "binds what the receiver signed of its duties", **_OPTIONAL
            ),
        },
        sealed={
            "name": Field(text, "names a person", **_OPTIONAL),
            "contact": Field(text, "names a person", **_OPTIONAL),
            **_STATEMENT,
        },
    ),
)
