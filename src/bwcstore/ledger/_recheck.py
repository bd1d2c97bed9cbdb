"""Whether bytes are what a ledger that was read has under a stored name (spec: SHD-10)."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from bwcstore import _layout
from bwcstore.errors import ErrorKind, IntegrityError
from bwcstore.ledger._chain import Chain, Generation
from bwcstore.ledger._history import History
from bwcstore.ledger._note import VerifierKey
from bwcstore.ledger._scope import Folded
from bwcstore.ledger._stored import check_held
from bwcstore.ledger._tiles import BUNDLE_WIDTH, TILE_WIDTH, encode_tile

S = TypeVar("S", bound=Folded)

Check = Callable[[bytes], object]


def check_of(name: str, *, chain: Chain[S], history: History[S], key: VerifierKey) -> Check | None:
    """What raises `FormatError` or `IntegrityError` on bytes that are not right for the name of a
    batch, checkpoint, tile or bundle; None where the ledger has nothing of that name.
    """
    if batch := _layout.parse_batch(name):
        generation = _generation(chain, batch[0])
        if generation is None or batch[1] >= generation.batch_count:
            return None
        return partial(history.check_known, generation, batch[1])
    if place := _layout.parse_checkpoint(name):
        generation = _generation(chain, place[0])
        if generation is None or place[1] > generation.tree.size:
            return None
        return partial(check_held, chain=chain, place=place, key=key)
    if tile := _layout.parse_tile(name):
        return _tile_check(name, tile, chain, history)
    return None


def _generation(chain: Chain[S], number: int) -> Generation | None:
    return chain.generations[number] if number < len(chain.generations) else None


def _tile_check(
    name: str, tile: tuple[int, int, int], chain: Chain[S], history: History[S]
) -> Check | None:
    number, level, place = tile
    generation = _generation(chain, number)
    width = TILE_WIDTH ** (max(level, 0) + 1)
    if generation is None or (place + 1) * width > generation.tree.size:
        return None
    if level == _layout.ENTRIES_LEVEL:
        return partial(history.check_bundle, name, generation.first_index + place * BUNDLE_WIDTH)
    expected = encode_tile(generation.tree, level, place)

    def check(raw: bytes) -> None:
        if raw != expected:
            raise IntegrityError(ErrorKind.TILE_DIFFERS, f"{name} holds other hashes")

    return check
