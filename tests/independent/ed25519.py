"""Ed25519 signature verification (RFC 8032, section 5.1.7) in plain Python."""

import hashlib

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)

Point = tuple[int, int, int, int]
"""Extended coordinates X, Y, Z, T with x = X/Z, y = Y/Z, x·y = T/Z."""

NEUTRAL: Point = (0, 1, 1, 0)


def _add(a: Point, b: Point) -> Point:
    """Add two points of the curve."""
    e = (a[1] - a[0]) * (b[1] - b[0]) % P
    f = (a[1] + a[0]) * (b[1] + b[0]) % P
    g = 2 * a[3] * b[3] * D % P
    h = 2 * a[2] * b[2] % P
    k, m, n, q = f - e, h - g, h + g, f + e
    return (k * m % P, n * q % P, m * n % P, k * q % P)


def _double(a: Point) -> Point:
    """Add a point to itself."""
    e = (a[0] + a[1]) ** 2
    f, g = a[0] ** 2, a[1] ** 2
    h = f + g
    k, m = h - e, f - g
    n = 2 * a[2] ** 2 + m
    return (k * n % P, m * h % P, n * m % P, k * h % P)


def _decode(raw: bytes) -> Point | None:
    """Take a point from its 32 bytes; None when they are not the encoding of one."""
    y = int.from_bytes(raw, "little")
    sign = y >> 255
    y &= (1 << 255) - 1
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return (x, y, 1, x * y % P)


def _encode(point: Point) -> bytes:
    """Write a point in 32 bytes."""
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _double_product(a: int, point: Point, b: int, other: Point) -> Point:
    """Compute a·point + b·other, both multiplications in one pass over the bits."""
    table = (NEUTRAL, point, other, _add(point, other))
    total = NEUTRAL
    for bit in range(max(a.bit_length(), b.bit_length()) - 1, -1, -1):
        total = _double(total)
        choice = (a >> bit & 1) | (b >> bit & 1) << 1
        if choice:
            total = _add(total, table[choice])
    return total


_BASE = _decode(((4 * pow(5, P - 2, P)) % P).to_bytes(32, "little"))


def verify(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Tell whether the signature over the message is by the key; cofactorless, strict."""
    if len(public_key) != 32 or len(signature) != 64 or _BASE is None:
        return False
    key = _decode(public_key)
    scalar = int.from_bytes(signature[32:], "little")
    if key is None or scalar >= L:
        return False
    digest = hashlib.sha512(signature[:32] + public_key + message).digest()
    challenge = int.from_bytes(digest, "little") % L
    minus_key = (P - key[0], key[1], 1, P - key[3])
    return _encode(_double_product(scalar, _BASE, challenge, minus_key)) == signature[:32]
