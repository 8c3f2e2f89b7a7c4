"""BLAKE3 in plain Python: hash, keyed hash and key derivation, with 32 bytes of output."""

import struct

IV = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19)
PERMUTATION = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
CHUNK, BLOCK = 1024, 64
CHUNK_START, CHUNK_END, PARENT, ROOT = 1, 2, 4, 8
KEYED_HASH, DERIVE_KEY_CONTEXT, DERIVE_KEY_MATERIAL = 16, 32, 64
COLUMNS_AND_DIAGONALS = (
    (0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
    (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14),
)


def blake3(data):
    return _tree(IV, data, 0)


def keyed(key, data):
    return _tree(struct.unpack("<8I", key), data, KEYED_HASH)


def derive_key(context, material):
    key = _tree(IV, context.encode(), DERIVE_KEY_CONTEXT)
    return _tree(struct.unpack("<8I", key), material, DERIVE_KEY_MATERIAL)


def subtree(data, offset):
    """The chaining value of a piece, such as a segment, that begins at this byte of a longer input."""
    return struct.pack("<8I", *_subtree(IV, data, offset // CHUNK, 0, 0))


def _schedule():
    """Which word of the block each step of each of the seven rounds takes."""
    order, rounds = list(range(16)), []
    for _ in range(7):
        rounds.append([(*step, order[2 * i], order[2 * i + 1]) for i, step in enumerate(COLUMNS_AND_DIAGONALS)])
        order = [order[i] for i in PERMUTATION]
    return [step for one in rounds for step in one]


STEPS = _schedule()


def _compress(chaining, block, counter, flags):
    """The first eight words that one block yields. All of them are 32 bits wide."""
    m = struct.unpack("<16I", block.ljust(BLOCK, b"\0"))
    v = [*chaining, *IV[:4], counter & 0xFFFFFFFF, counter >> 32, len(block), flags]
    for a, b, c, d, x, y in STEPS:
        va, vb, vc, vd = v[a], v[b], v[c], v[d]
        va = (va + vb + m[x]) & 0xFFFFFFFF
        vd ^= va
        vd = (vd >> 16 | vd << 16) & 0xFFFFFFFF
        vc = (vc + vd) & 0xFFFFFFFF
        vb ^= vc
        vb = (vb >> 12 | vb << 20) & 0xFFFFFFFF
        va = (va + vb + m[y]) & 0xFFFFFFFF
        vd ^= va
        vd = (vd >> 8 | vd << 24) & 0xFFFFFFFF
        vc = (vc + vd) & 0xFFFFFFFF
        vb ^= vc
        v[a], v[b], v[c], v[d] = va, (vb >> 7 | vb << 25) & 0xFFFFFFFF, vc, vd
    return tuple(v[i] ^ v[i + 8] for i in range(8))


def _chunk(key, data, counter, flags, root):
    blocks = [data[i:i + BLOCK] for i in range(0, len(data), BLOCK)] or [b""]
    chaining = key
    for i, block in enumerate(blocks):
        start = CHUNK_START if i == 0 else 0
        end = CHUNK_END | root if i == len(blocks) - 1 else 0
        chaining = _compress(chaining, block, counter, flags | start | end)
    return chaining


def _subtree(key, data, counter, flags, root):
    """The chaining value over `data`, which begins with chunk number `counter`."""
    if len(data) <= CHUNK:
        return _chunk(key, data, counter, flags, root)
    chunks = (len(data) + CHUNK - 1) // CHUNK
    # The left side is the greatest power of two of full chunks that leaves something for the right.
    left = 1 << (chunks - 1).bit_length() - 1
    a = _subtree(key, data[:left * CHUNK], counter, flags, 0)
    b = _subtree(key, data[left * CHUNK:], counter + left, flags, 0)
    return _compress(key, struct.pack("<16I", *a, *b), 0, flags | PARENT | root)


def _tree(key, data, flags):
    return struct.pack("<8I", *_subtree(key, data, 0, flags, ROOT))
