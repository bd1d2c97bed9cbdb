"""Every stored name, both ways."""

import pytest

from bwcstore import _layout as layout
from bwcstore._values import Digest, ObjectId
from bwcstore.errors import ErrorKind, FormatError, InvalidInputError
from bwcstore.testing.backend_suite import BAD_NAMES

ID = ObjectId("0190163d-8694-7000-8000-0000000000ab")
DIGEST = Digest(bytes(range(32)))


@pytest.mark.spec("NAM-4", "NAM-5", "NAM-6", "NAM-7", "NAM-8")
def test_names() -> None:
    """The names are those of the specification."""
    assert [
        layout.object_prefix(ID),
        layout.segment(ID, 7),
        layout.manifest(ID, DIGEST),
        layout.batch(0, 12),
        layout.batch_prefix(3),
        layout.checkpoint(1, 1024),
        layout.checkpoint_prefix(1),
        layout.tile(0, 0, 0),
        layout.tile(2, 1, 1_234_067),
        layout.bundle(0, 999),
        layout.bundle(0, 1000),
    ] == [
        f"objects/{ID}/",
        f"objects/{ID}/00000007",
        f"objects/{ID}/manifest-{DIGEST}",
        "ledger/0/batch/000000000012",
        "ledger/3/batch/",
        "checkpoint/1/000000001024",
        "checkpoint/1/",
        "ledger/0/tile/0/000",
        "ledger/2/tile/1/x001/x234/067",
        "ledger/0/tile/entries/999",
        "ledger/0/tile/entries/x001/000",
    ]


@pytest.mark.spec("NAM-1")
def test_every_name_can_be_stored() -> None:
    """What the layout builds is what a backend takes."""
    for name in (
        layout.segment(ID, layout.SEGMENT_MAX),
        layout.manifest(ID, DIGEST),
        layout.batch(10**6, layout.BATCH_MAX),
        layout.checkpoint(0, 0),
        layout.tile(0, 7, 10**9),
        layout.bundle(0, 0),
    ):
        assert layout.check_name(name) == name


@pytest.mark.spec("NAM-4", "NAM-6", "NAM-8")
def test_numbers_without_a_name() -> None:
    """A number that the digits cannot hold has no name."""
    for number in (-1, layout.SEGMENT_MAX + 1):
        with pytest.raises(FormatError):
            layout.segment(ID, number)
    for generation, number in ((-1, 0), (0, -1), (0, layout.BATCH_MAX + 1)):
        for build in (layout.batch, layout.checkpoint):
            with pytest.raises(FormatError) as caught:
                build(generation, number)

            assert caught.value.kind == ErrorKind.NAME_INVALID


@pytest.mark.spec("NAM-4", "NAM-5", "NAM-6", "NAM-8")
def test_names_are_parsed() -> None:
    """Parsing gives back what the name was built from."""
    assert layout.parse_segment(layout.segment(ID, 7)) == (ID, 7)
    assert layout.parse_manifest(layout.manifest(ID, DIGEST)) == (ID, DIGEST)
    assert layout.parse_batch(layout.batch(3, 4)) == (3, 4)
    assert layout.parse_checkpoint(layout.checkpoint(0, 5)) == (0, 5)


@pytest.mark.spec("NAM-9")
@pytest.mark.parametrize(
    "name",
    [
        "",
        f"objects/{ID}",
        f"objects/{ID}/7",
        f"objects/{ID}/00000007x",
        f"objects/{str(ID).upper()}/00000007",
        f"objects/{ID}/0000000\u0667",
        f"objects/{ID}/manifest-00",
        f"objects/{ID}/manifest-{str(DIGEST).upper()}",
        "ledger/00/batch/000000000000",
        "ledger/-1/batch/000000000000",
        "ledger/\u0660/batch/000000000000",
        "ledger/0/batch/0",
        "ledger/0/batch/000000000000\n",
        "checkpoint/01/000000000000",
        "checkpoint/0/0000000000000",
        "ledger/0/tile/0/000",
    ],
)
def test_other_names_mean_nothing(name: str) -> None:
    """What differs from a name by anything is no name."""
    parsers = (
        layout.parse_segment,
        layout.parse_manifest,
        layout.parse_batch,
        layout.parse_checkpoint,
    )

    assert [parse(name) for parse in parsers] == [None] * 4


@pytest.mark.spec("NAM-1", "NAM-2")
@pytest.mark.parametrize("name", BAD_NAMES)
def test_bad_names(name: str) -> None:
    """What is no sequence of parts is refused."""
    with pytest.raises(InvalidInputError) as caught:
        layout.check_name(name)

    assert caught.value.kind == ErrorKind.NAME_INVALID


@pytest.mark.spec("NAM-3")
def test_prefixes() -> None:
    """A prefix is empty or whole parts, each with a slash."""
    for prefix in ("", "a/", "a/b/", layout.OBJECTS, layout.LEDGER, layout.batch_prefix(0)):
        assert layout.check_prefix(prefix) == prefix
    for prefix in ("a", "/", "a//", "../", "a/b"):
        with pytest.raises(InvalidInputError):
            layout.check_prefix(prefix)
