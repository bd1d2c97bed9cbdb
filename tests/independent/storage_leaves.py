"""The open fields of the kinds that tell of the storage and its locks (LED-20)."""

from canonical import is_text, is_whole, is_word
from forms import Form, exactly, is_flag, is_instant, listed, one_of, or_null

PLACE = one_of("evidence", "vault", "claims")
LOCKING = exactly(
    mode=one_of("compliance", "governance", "none"),
    record_days=is_whole,
    max_days=is_whole,
    unruled_days=is_whole,
)

STORAGE: dict[str, tuple[str, dict[str, Form], dict[str, Form]]] = {
    "storage.probed": (
        "store",
        {
            "place": PLACE, "verdict": one_of("proven", "unproven", "not-applicable"),
            "protocol": one_of("numbered", "claimed", "none"),
            "checks": listed(
                exactly(
                    check=is_word, outcome=one_of("held", "failed", "refused", "not-applicable")
                ), 64,
            ),
        },
        {},
    ),
    "storage.attested": ("store", {"place": PLACE, "words": listed(is_word, 16)}, {}),
    "object.locked": (
        "object", {"until": or_null(is_instant), "legal_hold": is_flag, "versions": is_whole}, {},
    ),
    "locks.synced": (
        "store",
        {"through": is_whole, "objects": is_whole, "withheld": is_whole},
        {"records_until": is_instant},
    ),
    "shadows.repaired": (
        "store",
        {"repairs": listed(exactly(name=is_text, kept=is_text, removed=listed(is_text, 64)), 32)},
        {},
    ),
}  # fmt: skip
