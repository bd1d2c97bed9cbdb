"""The kinds of entry by which recordings are destroyed: clocks, plans, purges, erasure.

Part of the table in `bwcstore.ledger._kinds`, which says what the rules are.
"""

from typing import Final

from bwcstore.ledger._kind import (
    Field,
    Kind,
    civil_date,
    code,
    digest,
    identifier,
    many,
    nullable,
    number,
    one_of,
    prose,
    record,
    text,
)

_REASON: Final = {"reason": Field(prose, "free text, names people", required=False)}
_OPTIONAL: Final = {"required": False}
_STATEMENT: Final = {"statement": Field(prose, "free text, names people", **_OPTIONAL), **_REASON}
BACKUP_KINDS: Final = ("vault", "evidence", "both")
INLINE_OUTCOMES_MAX: Final = 64

PURGE_KINDS: Final = (
    Kind(
        name="clock.confirmed",
        meaning="One of two who must confirm a step of the clock says that it was right.",
        scope="store",
        open={"jump": Field(number, "index of the entry that is later than expected")},
        sealed=_REASON,
    ),
    Kind(
        name="state.committed",
        meaning="What the entries so far imply, as two code paths agree.",
        scope="store",
        open={
            "size": Field(number, "how many entries it is made of"),
            "rows": Field(number, "how many scopes have a row"),
            "root": Field(digest, "commits the rows (STA-3)"),
        },
    ),
    Kind(
        name="backups.declared",
        meaning="Copies of vault or evidence that are kept elsewhere; replaces the list before.",
        scope="store",
        open={
            "backups": Field(
                many(record(id=code, holds=one_of(*BACKUP_KINDS)), at_most=64),
                "a certificate enumerates them",
            )
        },
        sealed=_STATEMENT,
    ),
    Kind(
        name="erasure.attested",
        meaning="What became of the root key and of every backup when a key epoch ended.",
        scope="store",
        open={
            "epoch": Field(number, "the epoch that was destroyed"),
            "root": Field(
                one_of("replaced", "medium-sanitized", "kept"),
                "whether the root of that epoch can still be had",
            ),
            "backups": Field(
                many(
                    record(id=code, outcome=one_of("destroyed", "older-epoch-removed", "kept")),
                    at_most=64,
                ),
                "what became of each declared backup",
            ),
        },
        sealed=_STATEMENT,
    ),
    Kind(
        name="plan.proposed",
        meaning="Recordings that are due are proposed for destruction.",
        scope="act",
        open={
            "plan_sha256": Field(digest, "the plan; approvals name it"),
            "plan_annex": Field(digest, "its text"),
            "as_of": Field(civil_date, "the day that it was made for"),
            "objects_count": Field(number, "how many recordings; approvals depend on it"),
            "brakes": Field(many(code, at_most=8), "why it needs more approval and waits"),
        },
        sealed=_REASON,
    ),
    Kind(
        name="plan.approved",
        meaning="The actor approves the plan of this digest.",
        scope="act",
        open={"plan_sha256": Field(digest, "what is approved, and nothing else")},
        sealed=_REASON,
    ),
    Kind(
        name="plan.withdrawn",
        meaning="The plan must not be run, or no further.",
        scope="act",
        open={},
        sealed=_REASON,
    ),
    Kind(
        name="purge.run_ended",
        meaning="A run of the plan ended.",
        scope="act",
        open={
            "completed": Field(number, "how many recordings are destroyed by this plan"),
            "withheld": Field(number, "how many of it are not, and may not be"),
            "failed": Field(number, "how many are begun and not finished"),
            "epoch": Field(number, "the key epoch that the run destroyed", **_OPTIONAL),
        },
    ),
    Kind(
        name="purge.started",
        meaning="This recording is being destroyed, and why it may be; nothing stops it any more.",
        scope="object",
        open={
            "plan": Field(identifier, "the act of the plan"),
            "plan_sha256": Field(digest, "the plan that was approved"),
            "approvals": Field(many(number, at_most=16), "indices of the approvals"),
            "as_of": Field(civil_date, "the day of the judgement"),
            "pack_sha256": Field(digest, "the law it was judged by (LAW-5)"),
            "agency_sha256": Field(digest, "the law it was judged by (LAW-5)"),
            "last_protected": Field(civil_date, "the last day on which it had to be kept"),
            "disposal": Field(civil_date, "the day from which the agency destroys"),
            "floors": Field(
                many(
                    record(rule=code, cite=text, end=nullable(civil_date), period=text), at_most=32
                ),
                "what kept it until then",
            ),
            "authority": Field(
                many(record(rule=code, cite=text), at_most=16), "what lets it be destroyed"
            ),
            "libraries": Field(
                many(record(name=code, version=code), at_most=8),
                "what else the dates were computed with",
            ),
            "segments": Field(number, "how many segments are to be deleted"),
        },
        sealed=_REASON,
    ),
    Kind(
        name="purge.completed",
        meaning="The key and every version of every segment are gone; looking for them found none.",
        scope="object",
        open={
            "plan": Field(identifier, "the act of the plan"),
            "versions": Field(number, "how many stored versions were deleted"),
            "bytes": Field(number, "how many stored bytes"),
            "outcomes": Field(
                many(
                    record(name=text, version=text, outcome=one_of("deleted", "absent")),
                    at_most=INLINE_OUTCOMES_MAX,
                ),
                "what became of each version; empty where an annex has them",
            ),
            "outcomes_annex": Field(digest, "where there are more", **_OPTIONAL),
            "epoch": Field(number, "the key epoch when the key was destroyed"),
            "replicas": Field(many(code), "the vault replicas that the key was removed from"),
        },
    ),
    Kind(
        name="purge.failed",
        meaning="An attempt to finish did not succeed; the next run tries again.",
        scope="object",
        open={
            "plan": Field(identifier, "the act of the plan"),
            "code": Field(code, "why"),
        },
    ),
)
