"""Ed25519 (RFC 8032), ECDSA on P-256 (FIPS 186) and ML-DSA-44 (FIPS 204): verification alone, by the book, slowly.

Nothing here is fit to sign, or to verify anything but test vectors.
"""

import hashlib

from refused import need

# ---- Ed25519 -------------------------------------------------------------------------------------------------------

P = 2**255 - 19
ED_ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P


def edwards_add(a, b):
    (x1, y1), (x2, y2) = a, b
    k = D * x1 * x2 * y1 * y2 % P
    return (x1 * y2 + x2 * y1) * pow(1 + k, -1, P) % P, (y1 * y2 + x1 * x2) * pow(1 - k, -1, P) % P


def edwards_multiply(k, point):
    result = (0, 1)
    for bit in bin(k)[2:]:
        result = edwards_add(result, result)
        if bit == "1":
            result = edwards_add(result, point)
    return result


def edwards_point(data):
    """The point, if this is its only encoding and its order is not small."""
    number = int.from_bytes(data, "little")
    y, sign = number % 2**255, number >> 255
    need(y < P, "not the only encoding")
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    need(x * x % P == square, "not on the curve")
    need(x or not sign, "not the only encoding")
    if x % 2 != sign:
        x = P - x
    need(edwards_multiply(8, (x, y)) != (0, 1), "of small order")
    return x, y


BASE = edwards_point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


def ed25519(key, message, signature):
    need(len(key) == 32 and len(signature) == 64, "length")
    a, r, s = edwards_point(key), edwards_point(signature[:32]), int.from_bytes(signature[32:], "little")
    need(s < ED_ORDER, "S is not below the order")
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % ED_ORDER
    need(edwards_multiply(s, BASE) == edwards_add(r, edwards_multiply(k, a)), "the equation without cofactor")


# ---- ECDSA on P-256 with SHA-256 -----------------------------------------------------------------------------------

FIELD = 2**256 - 2**224 + 2**192 + 2**96 - 1
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
CURVE_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
GENERATOR = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
SPKI_HEADER = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")


def point_add(a, b):
    if a is None or b is None:
        return a or b
    (x1, y1), (x2, y2) = a, b
    if x1 == x2:
        if (y1 + y2) % FIELD == 0:
            return None
        slope = (3 * x1 * x1 - 3) * pow(2 * y1, -1, FIELD)
    else:
        slope = (y2 - y1) * pow(x2 - x1, -1, FIELD)
    x = (slope * slope - x1 - x2) % FIELD
    return x, (slope * (x1 - x) - y1) % FIELD


def point_times(k, point):
    result = None
    for bit in bin(k)[2:]:
        result = point_add(result, result)
        if bit == "1":
            result = point_add(result, point)
    return result


def public_key(spki):
    need(len(spki) == 91 and spki.startswith(SPKI_HEADER + b"\x04"), "not the SubjectPublicKeyInfo of an uncompressed point")
    x, y = int.from_bytes(spki[27:59], "big"), int.from_bytes(spki[59:], "big")
    need(x < FIELD and y < FIELD and (y * y - x * x * x + 3 * x - CURVE_B) % FIELD == 0, "not on the curve")
    return x, y


def p256_equation(point, message, r, s):
    need(0 < r < ORDER and 0 < s < ORDER, "out of range")
    digest = int.from_bytes(hashlib.sha256(message).digest(), "big")
    w = pow(s, -1, ORDER)
    both = point_times(digest * w % ORDER, GENERATOR), point_times(r * w % ORDER, point)
    point = point_add(*both)
    need(point is not None and point[0] % ORDER == r, "the equation")


def der_integer(number):
    data = number.to_bytes(number.bit_length() // 8 + 1, "big")
    return bytes([2, len(data)]) + data


def p256(spki, message, der):
    point = public_key(spki)
    need(len(der) > 8 and len(der) > 5 + der[3], "too short")
    r = int.from_bytes(der[4 : 4 + der[3]], "big")
    s = int.from_bytes(der[6 + der[3] :], "big")
    content = der_integer(r) + der_integer(s)
    need(der == bytes([0x30, len(content)]) + content, "not the only DER")
    p256_equation(point, message, r, s)


# ---- ML-DSA-44: FIPS 204, the algorithm numbers in brackets --------------------------------------------------------

MODULUS, K, L, TAU, GAMMA1, GAMMA2, BETA, OMEGA = 8380417, 4, 4, 39, 2**17, 95232, 78, 80
ZETAS = [pow(1753, int(f"{i:08b}"[::-1], 2), MODULUS) for i in range(256)]


def shake256(data, length):
    return hashlib.shake_256(data).digest(length)


def unpack_bits(data, width):
    number = int.from_bytes(data, "little")
    return [number >> width * i & 2**width - 1 for i in range(len(data) * 8 // width)]


def ntt(poly):
    """[41]"""
    poly, m, length = list(poly), 0, 128
    while length:
        for start in range(0, 256, 2 * length):
            m += 1
            for j in range(start, start + length):
                t = ZETAS[m] * poly[j + length] % MODULUS
                poly[j + length], poly[j] = (poly[j] - t) % MODULUS, (poly[j] + t) % MODULUS
        length //= 2
    return poly


def inverse_ntt(poly):
    """[42]"""
    poly, m, length = list(poly), 256, 1
    while length < 256:
        for start in range(0, 256, 2 * length):
            m -= 1
            for j in range(start, start + length):
                t = poly[j]
                poly[j] = (t + poly[j + length]) % MODULUS
                poly[j + length] = -ZETAS[m] * (t - poly[j + length]) % MODULUS
        length *= 2
    return [x * 8347681 % MODULUS for x in poly]


def expand_a(rho, row, column):
    """[30], [32]"""
    stream, poly, at = hashlib.shake_128(rho + bytes([column, row])).digest(4096), [], 0
    while len(poly) < 256:
        number = int.from_bytes(stream[at : at + 3], "little") % 2**23
        at += 3
        if number < MODULUS:
            poly.append(number)
    return poly


def sample_in_ball(seed):
    """[29]"""
    stream = shake256(seed, 4096)
    signs, at, poly = int.from_bytes(stream[:8], "little"), 8, [0] * 256
    for i in range(256 - TAU, 256):
        while stream[at] > i:
            at += 1
        poly[i] = poly[stream[at]]
        poly[stream[at]] = 1 - 2 * (signs >> i + TAU - 256 & 1)
        at += 1
    return poly


def unpack_hint(data):
    """[21]"""
    hint, index = [[0] * 256 for _ in range(K)], 0
    for i in range(K):
        end = data[OMEGA + i]
        need(index <= end <= OMEGA, "the hint's ends")
        places = data[index:end]
        need(all(a < b for a, b in zip(places, places[1:])), "the hint's places")
        for place in places:
            hint[i][place] = 1
        index = end
    need(not any(data[index:OMEGA]), "something after the hint's end")
    return hint


def use_hint(h, r):
    """[36], [40]"""
    r0 = r % (2 * GAMMA2)
    if r0 > GAMMA2:
        r0 -= 2 * GAMMA2
    r1 = 0 if r - r0 == MODULUS - 1 else (r - r0) // (2 * GAMMA2)
    if r - r0 == MODULUS - 1:
        r0 -= 1
    return (r1 + (h and (1 if r0 > 0 else -1))) % 44


def ml_dsa_44(key, message, signature):
    """[3], [8]"""
    need(len(key) == 1312 and len(signature) == 2420, "length")
    rho, t1 = key[:32], [unpack_bits(key[32 + 320 * i :][:320], 10) for i in range(K)]
    z = [[GAMMA1 - x for x in unpack_bits(signature[32 + 576 * i :][:576], 18)] for i in range(L)]
    hint = unpack_hint(signature[32 + 576 * L :])
    need(max(abs(x) for poly in z for x in poly) < GAMMA1 - BETA, "z is too large")
    mu = shake256(shake256(key, 64) + bytes([0, 0]) + message, 64)
    c, z = ntt(sample_in_ball(signature[:32])), [ntt(poly) for poly in z]
    w1 = b""
    for i in range(K):
        row = [expand_a(rho, i, j) for j in range(L)]
        t = ntt([x * 2**13 for x in t1[i]])
        w = inverse_ntt([sum(row[j][n] * z[j][n] for j in range(L)) - c[n] * t[n] for n in range(256)])
        high = [use_hint(h, r) for h, r in zip(hint[i], w)]
        w1 += sum(x << 6 * n for n, x in enumerate(high)).to_bytes(192, "little")
    need(shake256(mu + w1, 32) == signature[:32], "the hash")
