"""Write the vectors of the chapters `encoding` and `names`: `python tests/vectors/make_kernel.py`.

A vector is a header of `key: value` lines, an empty line, and raw bytes. The expectations stand
here as literals, not as output of the library: running this again must change nothing.

Header of `encoding`: `expect` is `success` or the code of the refusal, `spec` the clauses.
Header of `names`: what is named and its parameters; the bytes are the name.
"""

import hashlib
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
ID: Final = "0190163d-8694-7000-8000-0000000000ab"

ENCODING: Final[dict[str, tuple[str, str, bytes]]] = {
    "empty_object": ("success", "ENC-1", b"{}"),
    "sorted_fields": ("success", "ENC-1", b'{"a":1,"a0":2,"a_b":3,"b":4}'),
    "nested": ("success", "ENC-1", b'{"a":{"b":[1,[],{}]},"c":null}'),
    "booleans": ("success", "ENC-1", b'{"f":false,"t":true}'),
    "integer_limits": ("success", "ENC-4", b'{"a":9007199254740991,"b":-9007199254740991}'),
    "text_escapes": ("success", "ENC-3", b'{"a":"\\"\\\\/"}'),
    "text_utf8": ("success", "ENC-3 ENC-5", '{"a":"Zoë 日本 🚓"}'.encode()),
    "free_text_lines": ("success", "ENC-6", b'{"reason":["first line","","third line"]}'),
    "line_separator": ("success", "ENC-5", '{"a":"x\u2028y"}'.encode()),
    "sixteen_levels": ("success", "ENC-2", b'{"a":' * 15 + b"{}" + b"}" * 15),
    "seventeen_levels": ("too-deep", "ENC-2", b'{"a":' * 16 + b"{}" + b"}" * 16),
    "empty": ("not-json", "ENC-7", b""),
    "array": ("not-json", "ENC-7", b"[]"),
    "text_only": ("not-json", "ENC-7", b'"a"'),
    "cut_off": ("not-json", "ENC-7", b'{"a":1'),
    "two_documents": ("not-json", "ENC-7", b"{}{}"),
    "byte_order_mark": ("not-json", "ENC-7", b"\xef\xbb\xbf{}"),
    "not_utf8": ("not-json", "ENC-7", b'{"a":"\xff"}'),
    "overlong_utf8": ("not-json", "ENC-7", b'{"a":"\xc0\xaf"}'),
    "raw_control": ("not-json", "ENC-7", b'{"a":"x\ny"}'),
    "line_end": ("not-canonical", "ENC-7", b"{}\n"),
    "space": ("not-canonical", "ENC-7", b'{"a": 1}'),
    "leading_space": ("not-canonical", "ENC-7", b" {}"),
    "unsorted": ("not-canonical", "ENC-1 ENC-7", b'{"b":1,"a":2}'),
    "minus_zero": ("not-canonical", "ENC-4 ENC-7", b'{"a":-0}'),
    "needless_escape": ("not-canonical", "ENC-3 ENC-7", b'{"a":"\\u0041"}'),
    "escaped_slash": ("not-canonical", "ENC-3 ENC-7", b'{"a":"\\/"}'),
    "escaped_text": ("not-canonical", "ENC-3 ENC-7", b'{"a":"\\u00e9"}'),
    "escaped_key": ("not-canonical", "ENC-3 ENC-7", b'{"\\u0061":1}'),
    "duplicate_key": ("duplicate-key", "ENC-7", b'{"a":1,"a":1}'),
    "duplicate_key_inside": ("duplicate-key", "ENC-7", b'{"x":{"a":1,"a":2}}'),
    "fraction": ("number-range", "ENC-4", b'{"a":1.5}'),
    "whole_fraction": ("number-range", "ENC-4", b'{"a":1.0}'),
    "exponent": ("number-range", "ENC-4", b'{"a":1e3}'),
    "not_a_number": ("number-range", "ENC-4", b'{"a":NaN}'),
    "infinity": ("number-range", "ENC-4", b'{"a":-Infinity}'),
    "integer_beyond": ("number-range", "ENC-4", b'{"a":9007199254740992}'),
    "leading_zero": ("not-json", "ENC-4", b'{"a":01}'),
    "upper_case_key": ("field-invalid", "ENC-2", b'{"A":1}'),
    "hyphen_key": ("field-invalid", "ENC-2", b'{"a-b":1}'),
    "empty_key": ("field-invalid", "ENC-2", b'{"":1}'),
    "escaped_newline": ("text-form", "ENC-5", b'{"a":"x\\ny"}'),
    "delete_character": ("text-form", "ENC-5", b'{"a":"\x7f"}'),
    "c1_control": ("text-form", "ENC-5", b'{"a":"\xc2\x85"}'),
    "lone_surrogate": ("text-form", "ENC-5", b'{"a":"\\ud83d"}'),
    "decomposed": ("text-form", "ENC-5", b'{"a":"Zoe\xcc\x88"}'),
}

NAMES: Final[dict[str, tuple[str, str]]] = {
    "segment_first": (f"what: segment\nobject: {ID}\nnumber: 0", f"objects/{ID}/00000000"),
    "segment_last": (f"what: segment\nobject: {ID}\nnumber: 99999999", f"objects/{ID}/99999999"),
    "manifest": (
        f"what: manifest\nobject: {ID}\ndigest: {'0f' * 32}",
        f"objects/{ID}/manifest-{'0f' * 32}",
    ),
    "batch_first": ("what: batch\ngeneration: 0\nnumber: 0", "ledger/0/batch/000000000000"),
    "batch_later": ("what: batch\ngeneration: 12\nnumber: 345", "ledger/12/batch/000000000345"),
    "checkpoint": (
        "what: checkpoint\ngeneration: 0\nnumber: 1024",
        "checkpoint/0/000000001024",
    ),
    "annex": (f"what: annex\ndigest: {'0f' * 32}", f"annex/{'0f' * 32}"),
    "tile_small": ("what: tile\ngeneration: 0\nlevel: 0\nnumber: 7", "ledger/0/tile/0/007"),
    "tile_two_groups": (
        "what: tile\ngeneration: 1\nlevel: 2\nnumber: 1000",
        "ledger/1/tile/2/x001/000",
    ),
    "tile_three_groups": (
        "what: tile\ngeneration: 0\nlevel: 1\nnumber: 1234067",
        "ledger/0/tile/1/x001/x234/067",
    ),
    "bundle": ("what: bundle\ngeneration: 0\nnumber: 999", "ledger/0/tile/entries/999"),
    "bundle_two_groups": (
        "what: bundle\ngeneration: 0\nnumber: 999999",
        "ledger/0/tile/entries/x999/999",
    ),
}
CLAUSES: Final = {
    "segment": "NAM-4",
    "manifest": "NAM-5",
    "batch": "NAM-6",
    "tile": "NAM-7",
    "bundle": "NAM-7",
    "checkpoint": "NAM-8",
    "annex": "NAM-11",
}


def files() -> dict[Path, bytes]:
    """Every vector and its bytes."""
    found = {}
    for name, (expect, clauses, raw) in ENCODING.items():
        header = f"expect: {expect}\nspec: {clauses}\n"
        if expect == "success":
            header += f"sha256: {hashlib.sha256(raw).hexdigest()}\n"
        found[HERE / "encoding" / f"{name}.vec"] = header.encode() + b"\n" + raw
    for name, (parameters, text) in NAMES.items():
        what = parameters.partition("\n")[0].removeprefix("what: ")
        header = f"{parameters}\nspec: {CLAUSES[what]}\n"
        found[HERE / "names" / f"{name}.vec"] = header.encode() + b"\n" + text.encode()
    return found


def main() -> None:
    """Write the vectors."""
    for path, data in files().items():
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)


if __name__ == "__main__":
    main()
