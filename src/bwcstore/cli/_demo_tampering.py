"""The demonstration's second half: attacks on copies of the store, and its rollback."""

import shutil
from collections.abc import Sequence
from typing import Final

from bwcstore.audit._findings import Finding, Severity
from bwcstore.audit._report import Report
from bwcstore.cli._audit import keyless
from bwcstore.cli._demo_attacks import attacks
from bwcstore.cli._demo_stage import Stage
from bwcstore.cli._demo_story import CHUNK_BYTES, Kept, Scene, Story
from bwcstore.cli._output import size_text
from bwcstore.errors import ErrorKind

_SHOWN: Final = 2


def verify(story: Story) -> None:
    """Verify the store as it is, without keys and with them."""
    stage, scene = story.stage, story.scene
    stage.step(
        "Verifying",
        "Anybody can check the whole store without keys: chunks against manifests, manifests "
        "against the ledger, the ledger against signed checkpoints, and those against what was "
        "remembered outside. With keys, every recording is decrypted and hashed as well.",
    )
    story.store.checkpoint()
    with stage.timed() as seconds:
        report = keyless(scene.store, vaults=scene.vaults, expect=(scene.receipts,))
    stage.say(f"without keys: {_totals(report)}, {seconds[0]:.2f} s")
    stage.expect("without keys, nothing is amiss", holds=not _errors(report), seen=_codes(report))
    with story.session("quarterly audit") as session, stage.timed() as seconds:
        with_keys = session.audit()
    stage.say(f"with keys: {_totals(with_keys)}, {seconds[0]:.2f} s")
    stage.expect(
        "with keys, nothing is amiss", holds=not _errors(with_keys), seen=_codes(with_keys)
    )


def _totals(report: Report) -> str:
    done = report.coverage
    return f"{done.entries} entries, {done.objects} objects, {size_text(done.bytes_checked)}"


def _errors(report: Report) -> tuple[Finding, ...]:
    return tuple(one for one in report.findings if one.severity is not Severity.NOTE)


def _codes(report: Report) -> str:
    return ", ".join(sorted({str(one.code) for one in _errors(report)}))


def attack(stage: Stage, scene: Scene) -> None:
    """Attack copies of the store, one after the other, and verify each without keys."""
    stage.step(
        "Tampering",
        "Now somebody who can write to the storage, but has no key, goes to work on copies of "
        "the store. Each time it is verified without keys, as any third party could.",
    )
    rows = []
    outcomes = []
    for number, one in enumerate(attacks(scene.store, chunk_bytes=CHUNK_BYTES)):
        copy = scene.folder / f"tampered-{number}"
        shutil.copytree(scene.store, copy)
        one.apply(copy)
        report = keyless(copy, vaults=scene.vaults)
        shutil.rmtree(copy)
        named = [finding for finding in report.findings if finding.code is one.found_as]
        rows.append((one.title, *_best(named or _errors(report))))
        outcomes.append((one, bool(named), _codes(report)))
    stage.table(("what was done", "finding", "clause", "where"), rows)
    for one, known, codes in outcomes:
        if not known:
            stage.expect(f"{one.title}: named {one.found_as}", holds=False, seen=codes)
    stage.expect(
        f"all {len(outcomes)} attacks are named, each by its code, clause and place",
        holds=all(known for _, known, _ in outcomes),
    )


def _best(findings: Sequence[Finding]) -> tuple[str, str, str]:
    if not findings:
        return ("nothing", "", "")
    first = findings[0]
    where = _short(first.where)
    if first.chunk is not None:
        where += f", chunk {first.chunk}"
    if first.entry is not None:
        where += f", entry {first.entry}"
    if first.byte_range is not None:
        end = first.byte_range.end_bytes - 1
        where += f", bytes {first.byte_range.offset_bytes}-{end}"
    return (str(first.code), first.clause, where)


def _short(name: str) -> str:
    parts = name.split("/")
    return "/".join(part if len(part) <= 20 else f"{part[:8]}..." for part in parts)


def roll_back(stage: Stage, scene: Scene, kept: Sequence[Kept]) -> None:
    """Replace the whole store by an older copy of itself, which is in itself in order."""
    stage.step(
        "Rollback",
        "The whole store is replaced by an older copy of itself, as it was after the first "
        "recording. Every hash and signature in it is right. Only something remembered outside "
        "can tell: the note in the key vault, or a receipt in somebody's hands.",
    )
    remembered = keyless(scene.earlier, vaults=scene.vaults)
    stage.expect(
        "the note in the key vault names it",
        holds=ErrorKind.ROLLED_BACK in _kinds(remembered),
        seen=_codes(remembered),
    )
    if len(kept) > 1:
        by_receipt = keyless(scene.earlier, expect=(kept[-1].receipt,))
        stage.expect(
            "a receipt names it",
            holds=ErrorKind.RECEIPT_NOT_HONOURED in _kinds(by_receipt),
            seen=_codes(by_receipt),
        )
    alone = keyless(scene.earlier)
    stage.expect(
        "without either the answer is honest: a rollback cannot be excluded",
        holds=ErrorKind.ROLLBACK_NOT_EXCLUDED in _kinds(alone)
        and ErrorKind.ROLLED_BACK not in _kinds(alone),
        seen=", ".join(sorted(_kinds(alone))),
    )


def _kinds(report: Report) -> set[ErrorKind]:
    return {finding.code for finding in report.findings}
