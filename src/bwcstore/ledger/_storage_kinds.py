"""The kinds of entry about the storage itself: probes, attestations, locks, shadows.

Part of the table in `bwcstore.ledger._kinds`, which says what the rules are.
"""

from typing import Final

from bwcstore.ledger._kind import (
    Field,
    Kind,
    code,
    flag,
    instant,
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
LOCKING: Final = record(
    mode=one_of("compliance", "governance", "none"),
    record_days=number,
    max_days=number,
    unruled_days=number,
)

STORAGE_KINDS: Final = (
    Kind(
        name="storage.probed",
        meaning="What a place said and did when it was tried with canaries.",
        scope="store",
        open={
            "place": Field(one_of("evidence", "vault", "claims"), "which of the store's places"),
            "verdict": Field(
                one_of("proven", "unproven", "not-applicable"), "whether it refuses early deletion"
            ),
            "protocol": Field(
                one_of("numbered", "claimed", "none"), "the commit protocol that it can keep"
            ),
            "checks": Field(
                many(
                    record(
                        check=code, outcome=one_of("held", "failed", "refused", "not-applicable")
                    ),
                    at_most=64,
                ),
                "each trial and its outcome",
            ),
        },
        sealed={"detail": Field(prose, "may name machines and accounts", **_OPTIONAL), **_REASON},
    ),
    Kind(
        name="storage.attested",
        meaning="A person answers for what cannot be tried of a place.",
        scope="store",
        open={
            "place": Field(one_of("evidence", "vault", "claims"), "which of the store's places"),
            "words": Field(many(code, at_most=16), "what is attested"),
        },
        sealed={"statement": Field(prose, "free text, names people", **_OPTIONAL), **_REASON},
    ),
    Kind(
        name="object.locked",
        meaning="The storage was told how long to keep the segments of the object.",
        scope="object",
        open={
            "until": Field(nullable(instant), "the lock of every version, as read back"),
            "legal_hold": Field(flag, "whether every version is under the storage's legal hold"),
            "versions": Field(number, "how many versions there are"),
        },
    ),
    Kind(
        name="locks.synced",
        meaning="Locks and legal holds of the storage agree with what the ledger asks for.",
        scope="store",
        open={
            "through": Field(number, "how many entries were taken into account"),
            "objects": Field(number, "recordings whose locks were changed"),
            "withheld": Field(number, "recordings whose locks could not be changed"),
            "records_until": Field(instant, "until when every record is locked", **_OPTIONAL),
        },
        sealed=_REASON,
    ),
    Kind(
        name="shadows.repaired",
        meaning="Versions and markers that cover what the ledger names are to be removed.",
        scope="store",
        open={
            "repairs": Field(
                many(record(name=text, kept=text, removed=many(text, at_most=64)), at_most=32),
                "each name, the version that verifies, and the versions to be removed",
            )
        },
        sealed=_REASON,
    ),
)
