"""How objects and their logs are told."""

from bwcstore._encoding import Json
from bwcstore.cli._evidence import entry_details, flatten, reason_text


def test_flatten_keeps_every_value() -> None:
    """Nested values come with the path to them, in order."""
    value: Json = {"a": [1, {"b": "x"}], "c": {}}

    assert [("r.a.0", "1"), ("r.a.1.b", "x")] == flatten("r", value)


def test_details_leave_out_what_is_usual() -> None:
    """What is as it always is is not told; what is not, is."""
    usual: dict[str, Json] = {"bytes_released": 5, "outcome": "closed", "accessed_seq": 3}
    failed: dict[str, Json] = {"bytes_released": 5, "outcome": "failed"}

    assert entry_details(usual) == "bytes=5"
    assert entry_details(failed) == "bytes=5 outcome=failed"
    assert entry_details({"roles": ["a", "b"], "count": 2}) == "count=2 roles=a+b"


def test_reasons_are_one_line() -> None:
    """A reason of several lines is told on one; none is none."""
    assert reason_text({"reason": ["one", "two"]}) == "one / two"
    assert (reason_text(None), reason_text({})) == ("", "")
