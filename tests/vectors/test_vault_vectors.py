"""The vectors of the chapter `key-vault`."""

import hmac
import runpy
from pathlib import Path

import pytest

from bwcstore._values import StoreId
from bwcstore.errors import FormatError
from bwcstore.storage._keysource import Passphrase
from bwcstore.storage._keywrap import EPOCH_LABEL, ROOT_LABEL, KeyWrapper, key_check
from bwcstore.storage._vault_format import EpochKey, Group, Header, encode_completion
from bwcstore.storage._vault_names import epoch_name, epoch_place, group_name, header_name
from bwcstore.testing._world import MemoryBackend
from tests.unit.storage.vault_setting import FixedSource, Setting

HERE = Path(__file__).parent
VECTORS = sorted((HERE / "vault").glob("*.vec"))


def read_vector(path: Path) -> tuple[dict[str, str], bytes]:
    """The header and the raw bytes of a vector."""
    head, _, raw = path.read_bytes().partition(b"\n\n")
    return dict(line.split(": ", 1) for line in head.decode().splitlines()), raw


def _keys(head: dict[str, str]) -> dict[str, bytes]:
    return {name[4:]: bytes.fromhex(v) for name, v in head.items() if name.startswith("key ")}


def test_the_vectors_are_those_that_the_generator_writes() -> None:
    """No vector is missing, left over or edited."""
    written = runpy.run_path(str(HERE / "make_vault.py"))["files"]()

    assert {path: path.read_bytes() for path in VECTORS} == written


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_vault(path: Path) -> None:
    """Each file is read, named and unwrapped as stated, or refused for the stated reason."""
    head, raw = read_vector(path)
    decode = {"header": Header.decode, "epoch": EpochKey.decode, "group": Group.decode}
    if head["expect"] != "success":
        with pytest.raises(FormatError) as caught:
            decode[head["what"]](raw, what=path.stem)
        assert head["expect"] == caught.value.kind
        return
    match decode[head["what"]](raw, what=path.stem):
        case Header() as found:
            root = bytes.fromhex(head["root"])
            if "passphrase" in head:
                assert root == Passphrase(head["passphrase"]).root_key(found.root)
            assert hmac.compare_digest(key_check(root), found.check)
            name = header_name(found.version)
        case EpochKey() as found:
            wrapper = KeyWrapper(bytes.fromhex(head["root"]), label=ROOT_LABEL)
            place = (found.store.text, epoch_place(found.epoch))
            kek = wrapper.unwrap(found.wrapped, check=found.check, place=place)
            assert bytes.fromhex(head["kek"]) == kek
            name = epoch_name(found.epoch, found.version)
        case Group() as found:
            wrapper = KeyWrapper(bytes.fromhex(head["kek"]), label=EPOCH_LABEL)
            opened = {
                record.key_id: wrapper.unwrap(
                    record.wrapped,
                    check=record.check,
                    place=(found.store.text, record.key_id, epoch_place(found.epoch)),
                )
                for record in found.keys
            }
            assert _keys(head) == opened
            name = group_name(found, raw)
    assert raw == found.encode()
    assert head["name"] == name


@pytest.mark.spec("VLT-9")
def test_the_vectors_make_a_vault() -> None:
    """Put together under their names, the files open as one vault with every key."""
    contents: dict[str, bytes] = {}
    expected: dict[str, bytes] = {}
    for title in ("header_key_file", "epoch", "group_few", "group_range"):
        head, raw = read_vector(HERE / f"vault/{title}.vec")
        contents[head["name"]] = raw
        expected |= _keys(head)
    store = StoreId("0190163d-8694-7000-8000-000000000001")
    contents["epochs/00000003/complete"] = encode_completion(store, 3)

    vault = Setting().open([MemoryBackend(contents)], source=FixedSource(bytes(range(32))))

    assert 3 == vault.epoch
    assert expected == {key.key_id: vault.get(key.key_id) for key in vault.inventory()}
    assert (
        b'{"epoch":3,"format":"1.0","kind":"vault-epoch-complete","store":"%s"}'
        % (store.text.encode())
        == (contents["epochs/00000003/complete"])
    )
