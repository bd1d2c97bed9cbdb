"""The memory that parts travel from: used again while anything is under way, and then let go."""

from bwcstore.storage._s3_under_way import UnderWay

PART_BYTES = 64


def test_uploads_are_those_that_have_not_ended() -> None:
    """An upload is under way from its beginning to its end; one without parts never is."""
    under_way = UnderWay(part_bytes=PART_BYTES)
    under_way.begin("first")
    under_way.begin("second")
    under_way.end("first")
    under_way.end("")

    assert frozenset({"second"}) == under_way.uploads()


def test_a_part_that_arrived_serves_the_next() -> None:
    """Room comes back at its start, to be written over, and not to two at once."""
    under_way = UnderWay(part_bytes=PART_BYTES)
    under_way.begin("upload")
    part = under_way.take_part()
    part.write(bytes(PART_BYTES))
    under_way.give_part(part)
    again, other = under_way.take_part(), under_way.take_part()

    assert again is part
    assert other is not part
    assert (0, PART_BYTES) == (again.tell(), again.getbuffer().nbytes)


def test_short_parts_are_not_kept() -> None:
    """Room for a last part would have to grow again."""
    under_way = UnderWay(part_bytes=PART_BYTES)
    under_way.begin("upload")
    part = under_way.take_part()
    part.write(bytes(PART_BYTES - 1))
    under_way.give_part(part)

    assert part is not under_way.take_part()


def test_nothing_is_kept_when_nothing_is_under_way() -> None:
    """Memory is given up with the last upload, and what arrives after it is not kept."""
    under_way = UnderWay(part_bytes=PART_BYTES)
    under_way.begin("upload")
    early, late = under_way.take_part(), under_way.take_part()
    for part in (early, late):
        part.write(bytes(PART_BYTES))
    under_way.give_part(early)
    under_way.end("upload")
    under_way.give_part(late)

    assert under_way.take_part() not in (early, late)


def test_what_is_kept_is_bounded() -> None:
    """However many uploads there are, a few parts' room is enough."""
    under_way = UnderWay(part_bytes=PART_BYTES)
    under_way.begin("upload")
    parts = [under_way.take_part() for _ in range(20)]
    for part in parts:
        part.write(bytes(PART_BYTES))
        under_way.give_part(part)
    kept = {id(part) for part in parts} & {id(under_way.take_part()) for _ in range(20)}

    assert 8 == len(kept)
