"""The commands about the law of a store: `law adopt|status`, `policy show|set`."""

from collections.abc import Mapping
from typing import Annotated, Final, TypeVar

import typer

from bwcstore.cli._command import command, group
from bwcstore.cli._open import acting, opened
from bwcstore.cli._options import Common, Needs
from bwcstore.cli._parse import role_lists
from bwcstore.custody._records import LawAdopted, Policy

_T = TypeVar("_T")
_Number = int | None
_NONE: Final = "none"


def register_law(law: typer.Typer) -> None:
    """Add the commands to the group `law`."""
    command(law, "law adopt", needs=Needs.SESSION)(adopt)
    command(law, "law status", needs=Needs.KEYS)(status)


def register(app: typer.Typer) -> None:
    """Add the group `policy`."""
    policy = group("The agency's own rules, which only narrow what the law allows.")
    command(policy, "policy show", needs=Needs.KEYS)(show_policy)
    command(policy, "policy set", needs=Needs.SESSION)(set_policy)
    app.add_typer(policy, name="policy")


def adopt(
    common: Common,
    *,
    pack: Annotated[
        str, typer.Option(help="The id of a shipped pack, or a file in `.toml`; kept in the store.")
    ],
    agency: Annotated[
        str, typer.Option(help="The id of a shipped agency file, or a file in `.toml`; likewise.")
    ],
) -> None:
    """Keep the store under a statute pack and an agency file from now on."""
    with acting(common) as (_, session):
        _say_law(common, session.adopt_law(pack, agency))


def status(common: Common) -> None:
    """Say which statute pack and agency file the store is kept under."""
    with opened(common) as store:
        found = store.law
    if found is not None:
        _say_law(common, found)
    elif common.output.machine:
        common.output.document({"law": None})
    else:
        common.output.remark("no law was adopted: see `bwcstore law adopt`")


def _say_law(common: Common, law: LawAdopted) -> None:
    facts = {
        "pack": law.pack,
        "pack_sha256": str(law.pack_sha256),
        "agency": law.agency,
        "agency_sha256": str(law.agency_sha256),
        "zone": law.zone,
    }
    if common.output.machine:
        common.output.document({"law": {**facts, "entry": law.index}})
    else:
        common.output.facts((*facts.items(), ("entry", str(law.index))))


def show_policy(common: Common) -> None:
    """Print the agency's own rules."""
    with opened(common) as store:
        _say_policy(common, store.policy)


def set_policy(
    common: Common,
    *,
    approvals: Annotated[
        _Number, typer.Option(help="How many approvals a purge plan needs.")
    ] = None,
    large_objects: Annotated[
        _Number, typer.Option(help="A plan of more recordings needs one approval more.")
    ] = None,
    brake_multiple: Annotated[
        _Number, typer.Option(help="More than so many times the usual volume is unusual.")
    ] = None,
    brake_objects: Annotated[
        _Number, typer.Option(help="No more recordings than this are never an unusual volume.")
    ] = None,
    brake_days: Annotated[
        _Number, typer.Option(help="Changes of facts within so many days are unusual.")
    ] = None,
    waiting_hours: Annotated[
        _Number, typer.Option(help="How long an unusual plan waits after it was proposed.")
    ] = None,
    plan_days: Annotated[_Number, typer.Option(help="How long a plan may be run.")] = None,
    clock_hours: Annotated[
        _Number, typer.Option(help="A greater step of the clock must be confirmed by two.")
    ] = None,
    dual_release: Annotated[
        list[str] | None,
        typer.Option(
            help="A kind of hold that two must release; repeat for each; `none` for none."
        ),
    ] = None,
    narrowed: Annotated[
        list[str] | None,
        typer.Option(
            "--only",
            metavar="KIND=ROLE,ROLE",
            help="A kind of entry that only these roles may bring about; repeat for each; `none` "
            "for no such rule.",
        ),
    ] = None,
) -> None:
    """Set some of the agency's own rules; the others stay as they are. Prints them all."""
    with acting(common) as (store, session):
        kept = store.policy
        session.set_policy(
            Policy(
                approvals=_or(approvals, kept.approvals),
                large_objects=_or(large_objects, kept.large_objects),
                brake_multiple=_or(brake_multiple, kept.brake_multiple),
                brake_objects=_or(brake_objects, kept.brake_objects),
                brake_days=_or(brake_days, kept.brake_days),
                waiting_hours=_or(waiting_hours, kept.waiting_hours),
                plan_days=_or(plan_days, kept.plan_days),
                clock_hours=_or(clock_hours, kept.clock_hours),
                dual_release=_or(_kinds(dual_release), kept.dual_release),
                narrowed=_or(_narrowed(narrowed), kept.narrowed),
            )
        )
        _say_policy(common, store.policy)


def _or(given: _T | None, kept: _T) -> _T:
    return kept if given is None else given


def _kinds(texts: list[str] | None) -> frozenset[str] | None:
    return None if texts is None else frozenset(texts) - {_NONE}


def _narrowed(texts: list[str] | None) -> Mapping[str, frozenset[str]] | None:
    return None if texts is None else role_lists((one for one in texts if one != _NONE), "--only")


def _say_policy(common: Common, policy: Policy) -> None:
    facts = {
        name: getattr(policy, name)
        for name in (
            "approvals",
            "large_objects",
            "brake_multiple",
            "brake_objects",
            "brake_days",
            "waiting_hours",
            "plan_days",
            "clock_hours",
        )
    }
    dual = sorted(policy.dual_release)
    only = {kind: sorted(roles) for kind, roles in sorted(policy.narrowed.items())}
    if common.output.machine:
        common.output.document({**facts, "dual_release": dual, "narrowed": only})
        return
    common.output.facts(
        (
            *((name.replace("_", " "), str(value)) for name, value in facts.items()),
            ("dual release", ", ".join(dual) or "none"),
            *((f"only for {kind}", ", ".join(roles)) for kind, roles in only.items()),
        )
    )
