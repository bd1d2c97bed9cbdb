"""How holds are told."""

from bwcstore._encoding import Json
from bwcstore.cli._holds import query_text
from bwcstore.custody._selection import Selection


def test_a_query_is_told_with_what_its_tags_stand_for() -> None:
    """Values take the place of tags in their order; without keys the tag itself is told."""
    case: Json = {"tag": {"kind": "case", "value": "aa"}}
    officer: Json = {"tag": {"kind": "officer", "value": "bb"}}
    query: dict[str, Json] = {"all": [{"any": [case, officer]}, {"label": "training"}]}

    assert query_text(query, ("case: 26-1", "officer: Novak")) == (
        "((case: 26-1 or officer: Novak) and label: training)"
    )
    assert query_text(query, ()) == "((case aa or officer bb) and label: training)"
    assert "made: 2026-01-02.." == query_text(
        {"collected": {"from": "2026-01-02", "until": None}}, ()
    )


def test_selections_joined_alike_stay_flat() -> None:
    """So that many cases can be named in one hold."""
    cases = [Selection.case(str(number)) for number in range(10)]
    joined = cases[0]
    for one in cases[1:]:
        joined = joined | one
    terms = joined.terms["any"]

    assert isinstance(terms, list)
    assert 10 == len(terms)
