"""Tests of the tests: an agency whose library is broken on purpose does not live for long."""

from collections.abc import Sequence
from typing import Any, cast

import attrs
import pytest

from bwcstore._session import _purge_run
from bwcstore._session._acting import Acting
from bwcstore._values import ObjectId
from bwcstore.custody import _knowledge
from bwcstore.custody._object_records import UNTOUCHED
from bwcstore.custody._records import StoreState
from bwcstore.objects._manifest import content_key_id
from bwcstore.purge import _proof
from bwcstore.statute._facts import LABELS, Value
from tests.simulation.agency import Agency
from tests.simulation.agency_memory import ORDINARY

SEED = 5
DAYS = 240


def _live() -> None:
    agency = Agency(SEED)
    agency.late_holds = 1.0
    agency.live(DAYS, per_day=1)
    assert () == agency.find_broken()


def test_a_sound_agency_lives() -> None:
    """What the others do not survive, this one does."""
    _live()


def test_a_purge_that_does_not_decide_again_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hold between approval and run must win."""
    judge = _proof.judge

    def as_planned(state: Any, store: StoreState, **given: Any) -> Any:
        unheld = attrs.evolve(state, keeping=attrs.evolve(state.keeping, holds=frozenset()))
        return judge(unheld, attrs.evolve(store, holds={}), **given)

    monkeypatch.setattr(_purge_run, "judge", as_planned)

    with pytest.raises(AssertionError):
        _live()


def test_a_purge_that_acts_before_it_logs_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key must not go before the entry that says so."""
    start = _purge_run._Run._start

    def destroy_first(run: Any, group: Sequence[ObjectId], *rest: Any) -> Any:
        acting: Acting = run._acting
        acting.services.vault.destroy([content_key_id(object_id) for object_id in group])
        return start(run, group, *rest)

    monkeypatch.setattr(_purge_run._Run, "_start", destroy_first)

    with pytest.raises(AssertionError):
        _live()


def test_a_library_that_trusts_labels_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """A label must not stand for facts."""
    recording_facts = _knowledge.recording_facts

    def by_label(state: Any, store: StoreState, **given: Any) -> Any:
        facts = recording_facts(state, store, **given)
        labels = facts.values.get(LABELS)
        if isinstance(labels, frozenset) and "training" in labels:
            return facts.with_values(cast("dict[str, Value]", ORDINARY))
        return facts

    monkeypatch.setattr(_proof, "recording_facts", by_label)

    with pytest.raises(AssertionError):
        _live()


def test_a_library_that_forgets_requests_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request keeps a recording until it is answered, and longer where it is granted."""
    judge = _proof.judge

    def without_requests(state: Any, store: StoreState, **given: Any) -> Any:
        keeping = attrs.evolve(state.keeping, requests=UNTOUCHED.requests)
        return judge(attrs.evolve(state, keeping=keeping), store, **given)

    monkeypatch.setattr("bwcstore.purge._plan.judge", without_requests)
    monkeypatch.setattr(_purge_run, "judge", without_requests)

    with pytest.raises(AssertionError):
        _live()
