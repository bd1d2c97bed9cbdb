"""Verbs of a session: placing, reviewing and releasing holds."""

from bwcstore._session._base import Verbs


class HoldVerbs(Verbs):
    """Verbs: placing, reviewing and releasing holds."""
