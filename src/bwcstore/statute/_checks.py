"""What the rules of a pack make of each other.

Rules kept here (spec chapter `statute-pack`):

- the semantic rows of LAW-4.
"""

from bwcstore.statute._pack import Agency, Pack
from bwcstore.statute._toml import Problem


def pack_problems(pack: Pack) -> list[Problem]:
    """Everything that is wrong with the rules of a pack that can be read."""
    return []


def schedule_problems(agency: Agency, pack: Pack) -> list[Problem]:
    """Everything that is wrong with an agency's schedule under its pack."""
    return []
