"""Write the vectors of `certificate`: `python tests/vectors/make_certificate.py`.

A vector is a header of `key: value` lines, an empty line, and raw bytes. They come from a
simulated world whose clock, entropy and keys are fixed, so that running this again must change
nothing.

Header: `what` the bytes are (`certificate` or `history`), `expect` is `success` or the code of the
refusal, `spec` the clauses, `vkey` the store's verifier key. A certificate that is accepted has
`store`, `object`, `number`, `state` and `claim`; a history has `certificate`, the name of the
vector that it is checked with. `comment` says what was done.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parent
if __name__ == "__main__":
    sys.path[:0] = [str(HERE.parents[1] / "src"), str(HERE.parents[1])]

from tests.unit.purge.destroyed import PLAN, Ledger, Story, begin, tell  # noqa: E402

FOLDER: Final = HERE / "certificate"
STORIES: Final = {
    "erased": (Story(), "CRT-1, CRT-7, CRT-16, CRT-17, CRT-18"),
    "bytes-deleted": (Story(epochs=0, root=None), "CRT-16, CRT-18"),
    "root-kept": (Story(root="kept"), "CRT-16, CRT-18"),
    "backup-not-attested": (Story(kept={}), "CRT-16, CRT-18"),
    "asserted": (Story(signing=False), "CRT-17"),
    "two-generations": (Story(generation=True), "CRT-3, CRT-10"),
    "outcomes-in-an-annex": (Story(segments=66), "CRT-4, CRT-15, CRT-24"),
}
Change = Callable[[Any], Any]


def _dropped(kind: str) -> Change:
    def change(document: Any) -> Any:
        left = [one for one in document["entries"] if f'"kind":"{kind}"' not in one["leaf"]]
        return {**document, "entries": left}

    return change


def _stated(path: tuple[Any, ...], value: Any) -> Change:
    def change(document: Any) -> Any:
        inner = document
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = value
        return document

    return change


def _swapped(document: Any) -> Any:
    at = [n for n, one in enumerate(document["entries"]) if "plan.approved" in one["leaf"]]
    one, other = (document["entries"][n] for n in at)
    one["proof"], other["proof"] = other["proof"], one["proof"]
    return document


ATTACKS: Final[dict[str, tuple[Change, str, str]]] = {
    "claims-more": (_stated(("state",), "erased"), "certificate-invalid", "CRT-16"),
    "later-floor": (
        _stated(("decision", "last_protected"), "2026-04-01"),
        "certificate-invalid",
        "CRT-17",
    ),
    "true-for-one": (_stated(("destruction", "failures"), True), "certificate-invalid", "CRT-17"),
    "refusal-left-out": (_dropped("purge.failed"), "certificate-invalid", "CRT-11"),
    "hold-release-left-out": (_dropped("hold.released"), "certificate-invalid", "CRT-14"),
    "approval-left-out": (_dropped("plan.approved"), "certificate-invalid", "CRT-13"),
    "enrolment-left-out": (_dropped("actor.enrolled"), "certificate-invalid", "CRT-9"),
    "proofs-swapped": (_swapped, "proof-invalid", "CRT-10"),
    "newer-format": (
        _stated(("format",), "bwcstore-certificate/2"),
        "format-unknown",
        "CRT-1",
    ),
}


def vector(raw: bytes, **header: object) -> bytes:
    """The bytes of one vector."""
    lines = "".join(f"{key}: {value}\n" for key, value in header.items())
    return f"{lines}\n".encode() + raw


def _canonical(document: Any) -> bytes:
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode() + b"\n"


def _accepted(ledger: Ledger, spec: str, comment: str) -> bytes:
    raw = ledger.certificate()
    document = json.loads(raw)
    facts = {name: document[name] for name in ("store", "object", "number", "state", "claim")}
    return vector(
        raw, what="certificate", expect="success", spec=spec, comment=comment,
        vkey=ledger.key, **facts,
    )  # fmt: skip


def files() -> dict[Path, bytes]:
    """Every vector by its path."""
    found: dict[str, bytes] = {}
    for name, (story, spec) in STORIES.items():
        found[name] = _accepted(tell(story), spec, name.replace("-", " "))
    ledger, kept = tell(), tell(Story(root="kept"))
    for name, (change, expect, spec) in ATTACKS.items():
        of = kept if name == "claims-more" else ledger
        raw = _canonical(change(json.loads(of.certificate())))
        found[name] = vector(
            raw, what="certificate", expect=expect, spec=spec, comment=name.replace("-", " "),
            vkey=of.key,
        )  # fmt: skip
    found["other-key"] = vector(
        ledger.certificate(), what="certificate", expect="certificate-foreign", spec="CRT-10",
        comment="the verifier key of another store of the same name", vkey=begin(seed=8).key,
    )  # fmt: skip
    standing = tell(Story(query="standing"))
    found["hold-by-query-stands"] = _accepted(
        standing, "CRT-21", f"alone it is valid: plan {PLAN} ignored a hold by query"
    )
    for name, of, expect in (
        ("erased", ledger, "success"),
        ("hold-by-query-stands", standing, "certificate-invalid"),
    ):
        found[f"{name}-history"] = vector(
            of.store.store_history(), what="history", expect=expect,
            spec="CRT-19, CRT-20, CRT-21", comment="scope store", vkey=of.key, certificate=name,
        )  # fmt: skip
    return {FOLDER / f"{name}.vec": data for name, data in found.items()}


def main() -> None:
    """Write the vectors anew."""
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.glob("*.vec"):
        path.unlink()
    for path, data in files().items():
        path.write_bytes(data)


if __name__ == "__main__":
    main()
