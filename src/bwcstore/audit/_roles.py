"""Which roles may bring about an entry of a kind (spec: AUD-12).

Apart from `bwcstore.custody._authority`, which says the same of verbs: both must agree.
"""

from typing import Final

_RESPONSIBLE: Final = frozenset({"responsible-authority"})
_RECORDS: Final = _RESPONSIBLE | {"designee", "records"}
_LEADING: Final = _RESPONSIBLE | {"chief", "designee"}
_KEEPING: Final = _LEADING | {"records"}
_INGESTING: Final = _RECORDS | {"officer", "importer", "supervisor"}
_HOLDING: Final = _KEEPING | {"supervisor", "prosecutor"}
PURGING: Final = _KEEPING
CHIEF: Final = "chief"
CHIEF_FACTS: Final = "chief_"

# Any enrolled actor where a kind is not listed.
ROLES: Final[dict[str, frozenset[str]]] = {
    "actor.enrolled": _RESPONSIBLE,
    "actor.revoked": _RESPONSIBLE,
    "authorization.granted": _RESPONSIBLE,
    "authorization.revoked": _RESPONSIBLE,
    "generation.closed": _RESPONSIBLE,
    "keys.rotation_started": _RESPONSIBLE,
    "leftovers.discarded": _RESPONSIBLE,
    "object.ingested": _INGESTING,
    "audit.started": _RECORDS | {"auditor"},
    "law.adopted": _LEADING,
    "policy.set": _LEADING,
    "backups.declared": _LEADING,
    "erasure.attested": _LEADING,
    "fact.asserted": _INGESTING | _LEADING,
    "tags.added": _KEEPING,
    "collected.claimed": _KEEPING,
    "hold.placed": _HOLDING,
    "hold.bound": _HOLDING,
    "hold.reviewed": _HOLDING,
    "hold.release_proposed": _KEEPING,
    "hold.released": _KEEPING,
    "request.received": _KEEPING,
    "request.bound": _KEEPING,
    "request.answered": _KEEPING,
    "request.closed": _KEEPING,
    "notice.sent": _KEEPING,
    "consent.recorded": _KEEPING,
    "consent.withdrawn": _KEEPING,
    "derivative.made": _KEEPING,
    "derived.from": _KEEPING,
    "release.made": _KEEPING,
    "clock.confirmed": _KEEPING,
    "plan.proposed": PURGING,
    "plan.approved": PURGING,
    "plan.withdrawn": PURGING,
    "purge.started": PURGING,
    "purge.completed": PURGING,
    "purge.failed": PURGING,
    "purge.run_ended": PURGING,
    "storage.probed": _KEEPING,
    "storage.attested": _LEADING,
    "object.locked": _KEEPING,
    "locks.synced": _KEEPING,
    "shadows.repaired": _RESPONSIBLE,
}
# Written about somebody who may not act, or no longer, or by the machinery itself.
ANYBODY: Final = frozenset(
    {"store.created", "access.refused", "access.ended", "audit.ended", "keys.epoch_destroyed"}
)
