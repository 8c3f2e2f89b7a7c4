"""X25519 (RFC 7748) and ed25519 (RFC 8032) in plain Python. Not in constant time: this is for tests."""

import hashlib

P = 2**255 - 19
# The order of the base point's group.
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
NEUTRAL = (0, 1, 1, 0)


def x25519(scalar, u):
    """The Montgomery ladder of RFC 7748, section 5."""
    k = int.from_bytes(scalar, "little")
    k = k & ~7 & (1 << 254) - 1 | 1 << 254
    x1 = int.from_bytes(u, "little") & (1 << 255) - 1
    x2, z2, x3, z3, swap = 1, 0, x1, 1, 0
    for t in range(254, -1, -1):
        bit = k >> t & 1
        if swap != bit:
            x2, z2, x3, z3 = x3, z3, x2, z2
        swap = bit
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        aa, bb, da, cb = a * a % P, b * b % P, d * a % P, c * b % P
        e = aa - bb
        x3, z3 = (da + cb) ** 2 % P, x1 * (da - cb) ** 2 % P
        x2, z2 = aa * bb % P, e * (aa + 121665 * e) % P
    if swap:
        x2, z2 = x3, z3
    return (x2 * pow(z2, P - 2, P) % P).to_bytes(32, "little")


def x25519_public(scalar):
    return x25519(scalar, (9).to_bytes(32, "little"))


def public_key(secret):
    return _encode(_multiply(_expand(secret)[0], BASE))


def sign(secret, message):
    a, prefix = _expand(secret)
    public = _encode(_multiply(a, BASE))
    r = _sha512(prefix, message)
    point = _encode(_multiply(r, BASE))
    s = (r + _sha512(point, public, message) * a) % L
    return point + s.to_bytes(32, "little")


def verify(public, message, signature):
    """Whether `signature` is right: the equation without the cofactor, as signers make it."""
    if len(signature) != 64 or len(public) != 32:
        return False
    s = int.from_bytes(signature[32:], "little")
    a, r = _decode(public), _decode(signature[:32])
    if s >= L or a is None or r is None or _is_of_small_order(a) or _is_of_small_order(r):
        return False
    x, y, z, t = a
    k = _sha512(signature[:32], public, message)
    return _encode(_add(_multiply(s, BASE), _multiply(k, (P - x, y, z, P - t)))) == signature[:32]


def _sha512(*parts):
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little") % L


def _expand(secret):
    digest = hashlib.sha512(secret).digest()
    a = int.from_bytes(digest[:32], "little")
    return a & ~7 & (1 << 254) - 1 | 1 << 254, digest[32:]


def _add(p, q):
    """Points in extended coordinates, RFC 8032, section 5.1.4."""
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * p[3] * q[3] * D % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _multiply(scalar, point):
    result = NEUTRAL
    while scalar:
        if scalar & 1:
            result = _add(result, point)
        point = _add(point, point)
        scalar >>= 1
    return result


def _is_of_small_order(point):
    return _encode(_multiply(8, point)) == _encode(NEUTRAL)


def _encode(point):
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _recover_x(y, odd):
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * ROOT_OF_MINUS_ONE % P
    if x * x % P != square or x == 0 and odd:
        return None
    return P - x if x & 1 != odd else x


def _decode(encoded):
    y = int.from_bytes(encoded, "little")
    odd, y = y >> 255, y & (1 << 255) - 1
    x = _recover_x(y, odd) if y < P else None
    return None if x is None else (x, y, 1, x * y % P)


_BASE_Y = 4 * pow(5, -1, P) % P
_BASE_X = _recover_x(_BASE_Y, 0)
BASE = (_BASE_X, _BASE_Y, 1, _BASE_X * _BASE_Y % P)
