"""Verbs of a session: law, policy, facts, labels, tags, clocks, consents, and what is true of a recording."""

from bwcstore._session._base import Verbs


class FactVerbs(Verbs):
    """Verbs: law, policy, facts, labels, tags, clocks, consents, and what is true of a recording."""
