"""The open fields of the kinds by which custody is kept and recordings are destroyed (LED-20)."""

from canonical import is_text, is_uuid, is_whole, is_word
from forms import (
    BASES,
    DIGEST,
    ROLES,
    WORDS,
    Form,
    exactly,
    is_day,
    is_fact,
    is_flag,
    is_instant,
    is_query,
    is_tags,
    is_zone,
    listed,
    one_of,
    or_null,
)

REQUESTS = one_of(
    "subject-view", "subject-copy", "subject-public", "subject-retain", "public",
    "kin-inspection", "agency-share", "court-order",
)  # fmt: skip
OUTCOMES = ("granted", "denied", "withdrawn")
RULE = exactly(rule=is_word, cite=is_text)

CUSTODY: dict[str, tuple[str, dict[str, Form], dict[str, Form]]] = {
    "law.adopted": (
        "store",
        {
            "pack": is_word, "pack_sha256": DIGEST, "pack_annex": DIGEST, "agency": is_word,
            "agency_sha256": DIGEST, "agency_annex": DIGEST, "zone": is_zone,
        },
        {},
    ),
    "policy.set": (
        "store",
        {
            "approvals": is_whole, "large_objects": is_whole, "brake_multiple": is_whole,
            "brake_objects": is_whole, "brake_days": is_whole, "waiting_hours": is_whole,
            "plan_days": is_whole, "clock_hours": is_whole, "dual_release": ROLES,
            "narrowed": listed(exactly(kind=is_word, roles=listed(is_word, 32)), 64),
        },
        {},
    ),
    "fact.asserted": (
        "any",
        {
            "assertion": is_uuid, "fact": is_word, "since": is_day,
            "basis": one_of("report", "document", "system", "observation", "statement"),
        },
        {"value": is_fact, "supersedes": is_uuid, "document_sha256": DIGEST},
    ),
    "tags.added": ("object", {"tags": is_tags}, {}),
    "collected.claimed": (
        "object",
        {"claim": is_uuid, "at": is_instant, "basis": one_of(*BASES, "correction")},
        {},
    ),
    "hold.placed": (
        "store",
        {
            "hold": is_uuid, "kind": is_word, "objects_count": is_whole,
            "authority": one_of("agency", "court", "prosecutor", "subject", "other"),
        },
        {"query": is_query, "review_on": is_day, "document_sha256": DIGEST},
    ),
    "hold.bound": ("object", {"hold": is_uuid}, {}),
    "hold.reviewed": ("store", {"hold": is_uuid, "review_on": is_day}, {}),
    "hold.release_proposed": ("store", {"hold": is_uuid}, {}),
    "hold.released": ("store", {"hold": is_uuid}, {}),
    "request.received": (
        "act", {"kind": REQUESTS, "requester": is_word, "received": is_day}, {},
    ),
    "request.bound": (
        "object",
        {
            "request": is_uuid, "kind": REQUESTS, "received": is_day,
            "answers": listed(exactly(flag=is_word, value=is_flag), 16),
        },
        {"days": is_whole},
    ),
    "request.answered": (
        "object",
        {"request": is_uuid, "outcome": one_of(*OUTCOMES), "on": is_day},
        {"rule": is_word},
    ),
    "request.closed": ("act", {"outcome": one_of(*OUTCOMES, "nothing-held")}, {}),
    "notice.sent": (
        "object",
        {"request": is_uuid, "notice": one_of("grant", "denial", "expiry"), "on": is_day},
        {},
    ),
    "consent.recorded": (
        "object",
        {"consent": is_uuid, "covers": one_of("identity", "public")},
        {"document_sha256": DIGEST},
    ),
    "consent.withdrawn": ("object", {"consent": is_uuid}, {}),
    "derivative.made": ("object", {"derivative": is_uuid}, {}),
    "derived.from": (
        "object",
        {
            "parent": is_uuid, "parent_manifest_sha256": DIGEST, "tool": is_word,
            "operation": one_of("redact", "clip", "transcode", "still", "audio", "transcript"),
            "tool_version": is_word, "redactions": listed(is_word, 64),
            "regions_count": is_whole, "regions_sha256": DIGEST,
        },
        {},
    ),
    "release.made": (
        "object",
        {
            "release": is_uuid, "recipient": is_word, "mode": one_of("view", "copy"),
            "right": one_of(
                "subject", "public", "kin", "agency-share", "prosecution", "court-order",
                "discretion",
            ),
            "rule": is_word, "redactions": listed(is_word, 64),
        },
        {"request": is_uuid, "acknowledgement_sha256": DIGEST},
    ),
    "clock.confirmed": ("store", {"jump": is_whole}, {}),
    "state.committed": ("store", {"size": is_whole, "rows": is_whole, "root": DIGEST}, {}),
    "backups.declared": (
        "store",
        {
            "backups": listed(
                exactly(id=is_word, holds=one_of("vault", "evidence", "both")), 64
            )
        },
        {},
    ),
    "erasure.attested": (
        "store",
        {
            "epoch": is_whole,
            "root": one_of("replaced", "medium-sanitized", "kept"),
            "backups": listed(
                exactly(
                    id=is_word, outcome=one_of("destroyed", "older-epoch-removed", "kept")
                ), 64,
            ),
        },
        {},
    ),
    "plan.proposed": (
        "act",
        {
            "plan_sha256": DIGEST, "plan_annex": DIGEST, "as_of": is_day,
            "objects_count": is_whole, "brakes": listed(is_word, 8),
        },
        {},
    ),
    "plan.approved": ("act", {"plan_sha256": DIGEST}, {}),
    "plan.withdrawn": ("act", {}, {}),
    "purge.run_ended": (
        "act",
        {"completed": is_whole, "withheld": is_whole, "failed": is_whole},
        {"epoch": is_whole},
    ),
    "purge.started": (
        "object",
        {
            "plan": is_uuid, "plan_sha256": DIGEST, "approvals": listed(is_whole, 16),
            "as_of": is_day, "pack_sha256": DIGEST, "agency_sha256": DIGEST,
            "last_protected": is_day, "disposal": is_day, "segments": is_whole,
            "floors": listed(
                exactly(rule=is_word, cite=is_text, end=or_null(is_day), period=is_text), 32
            ),
            "authority": listed(RULE, 16),
            "libraries": listed(exactly(name=is_word, version=is_word), 8),
        },
        {},
    ),
    "purge.completed": (
        "object",
        {
            "plan": is_uuid, "versions": is_whole, "bytes": is_whole, "epoch": is_whole,
            "outcomes": listed(
                exactly(name=is_text, version=is_text, outcome=one_of("deleted", "absent")), 64
            ),
            "replicas": WORDS,
        },
        {"outcomes_annex": DIGEST},
    ),
    "purge.failed": ("object", {"plan": is_uuid, "code": is_word}, {}),
}  # fmt: skip
