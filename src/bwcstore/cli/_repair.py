"""The commands that put right what somebody did to the storage: `repair shadows`."""

from collections.abc import Sequence
from typing import Annotated

import typer

from bwcstore._session._shadow_find import Shadow
from bwcstore._session._shadow_repair import ShadowsRepairedReport
from bwcstore.cli._command import command, group
from bwcstore.cli._exit import Exit
from bwcstore.cli._open import acting
from bwcstore.cli._options import Common, Needs
from bwcstore.cli._shown import shown


def register(app: typer.Typer) -> None:
    """Add the commands."""
    repairs = group("Put right what somebody did to the storage.")
    command(repairs, "repair shadows", needs=Needs.SESSION)(shadows)
    app.add_typer(repairs, name="repair")


def shadows(
    common: Common,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what is covered; remove nothing.")
    ] = False,
) -> int:
    """Remove newer versions and delete markers that cover what the ledger names."""
    with acting(common) as (_, session):
        if dry_run:
            return _tell_found(common, tuple(session.find_shadows()))
        return _tell_repaired(common, session.repair_shadows())


def _tell_found(common: Common, found: Sequence[Shadow]) -> int:
    if common.output.machine:
        common.output.document(
            {
                "covered": [
                    {
                        "name": one.name,
                        "kept": one.kept,
                        "covers": [
                            {"version": cover.version_id, "marker": cover.marker}
                            for cover in one.covers
                        ],
                    }
                    for one in found
                ]
            }
        )
    elif found:
        common.output.table(
            ("name", "right version", "covered by"),
            (
                (
                    one.name,
                    "NONE" if one.kept is None else shown(one.kept),
                    " ".join(shown(cover.version_id) for cover in one.covers),
                )
                for one in found
            ),
        )
    else:
        common.output.remark("nothing is covered")
    return Exit.FINDINGS if found else Exit.OK


def _tell_repaired(common: Common, report: ShadowsRepairedReport) -> int:
    if common.output.machine:
        common.output.document(
            {
                "repaired": [
                    {"name": one.name, "kept": one.kept, "removed": list(one.removed)}
                    for one in report.repaired
                ],
                "lost": list(report.lost),
                "problems": list(report.problems),
            }
        )
    else:
        if report.repaired:
            common.output.table(
                ("name", "right version", "removed"),
                (
                    (one.name, shown(one.kept), " ".join(shown(gone) for gone in one.removed))
                    for one in report.repaired
                ),
            )
        for name in report.lost:
            common.output.text(f"{name}: NO VERSION IS RIGHT; restore it from a copy of the store")
        for problem in report.problems:
            common.output.text(shown(problem))
        if not (report.repaired or report.lost or report.problems):
            common.output.remark("nothing is covered")
    return Exit.FINDINGS if report.lost or report.problems else Exit.OK
