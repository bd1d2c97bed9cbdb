"""Commands on a store in simulated storage, which no command line could name."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

import pytest

from bwcstore._session._session import Session
from bwcstore._store import Store
from tests.unit.session.world import chief


def let_act(monkeypatch: pytest.MonkeyPatch, commands: ModuleType, store: Store) -> None:
    """Have the commands of a module act on `store`, whatever places they are given."""

    @contextmanager
    def acting(_: object) -> Iterator[tuple[Store, Session]]:
        with chief(store) as session:
            yield store, session

    monkeypatch.setattr(commands, "acting", acting)
