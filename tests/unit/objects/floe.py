"""A second FLOE decoder, made from the text of FLOE alone: it judges what the library seals."""

import hashlib
import hmac

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def _expand(key: bytes, info: bytes, length_bytes: int) -> bytes:
    """HKDF-Expand (RFC 5869 §2.3) with SHA-384."""
    block, result = b"", b""
    for number in range(1, 256):
        if len(result) >= length_bytes:
            break
        block = hmac.new(key, block + info + bytes([number]), hashlib.sha384).digest()
        result += block
    return result[:length_bytes]


def decrypt(key: bytes, aad: bytes, ciphertext: bytes, rotation: int = 20) -> bytes:
    """A whole FLOE ciphertext, opened by the text of FLOE alone."""
    params, iv, tag = ciphertext[:10], ciphertext[10:42], ciphertext[42:74]
    length = int.from_bytes(params[2:6], "big")
    assert params == b"\x00\x00" + length.to_bytes(4, "big") + (32).to_bytes(4, "big")
    assert tag == _expand(key, params + iv + b"HEADER_TAG:" + aad, 32)
    message = _expand(key, params + iv + b"MESSAGE_KEY:" + aad, 48)
    body, plaintext, position = ciphertext[74:], b"", 0
    while True:
        chunk, body = body[:length], body[length:]
        final = chunk[:4] != b"\xff\xff\xff\xff"
        assert not final or int.from_bytes(chunk[:4], "big") == len(chunk)
        masked = (position >> rotation << rotation).to_bytes(8, "big")
        key_now = _expand(message, params + iv + b"DEK:" + masked + aad, 32)
        bound = position.to_bytes(8, "big") + (b"\x01" if final else b"\x00")
        plaintext += AESGCM(key_now).decrypt(chunk[4:16], chunk[16:], bound)
        position += 1
        if final:
            assert body == b""
            return plaintext
