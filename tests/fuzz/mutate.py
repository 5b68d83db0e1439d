"""Damage to a file: bits, bytes, numbers in headers, whole pieces; in PNG the checksums are mended afterwards."""

import struct
import zlib
from random import Random

__all__ = ["mutated"]

HEADER = 600
"""Bytes at the start that are hit more often than the rest."""
TELLING = (0, 1, 2, 3, 7, 8, 16, 24, 32, 127, 128, 255, 256, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 1 << 24,
           0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)  # fmt: skip


def mutated(data: bytes, rng: Random, other: bytes = b"") -> bytes:
    """Damage a file in one to four ways.

    Parameters
    ----------
    data : bytes
    rng : Random
    other : bytes
        Another file, of which a piece may be put in.
    """
    found = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 2, 4))):
        if not found:
            break
        rng.choice(_WAYS)(found, rng, other)
    if data.startswith(b"\x89PNG") and rng.random() < 0.7:
        return _checked(bytes(found))
    return bytes(found)


def _place(found: bytearray, rng: Random) -> int:
    return rng.randrange(min(len(found), HEADER) if rng.random() < 0.6 else len(found))


def _bit(found: bytearray, rng: Random, _: bytes) -> None:
    found[_place(found, rng)] ^= 1 << rng.randrange(8)


def _byte(found: bytearray, rng: Random, _: bytes) -> None:
    found[_place(found, rng)] = rng.randrange(256)


def _number(found: bytearray, rng: Random, _: bytes) -> None:
    size = rng.choice((1, 2, 4))
    at = _place(found, rng)
    number = rng.choice(TELLING) % (1 << 8 * size)
    found[at : at + size] = number.to_bytes(size, rng.choice(("little", "big")))


def _cut(found: bytearray, rng: Random, _: bytes) -> None:
    del found[rng.randrange(len(found)) :]


def _drop(found: bytearray, rng: Random, _: bytes) -> None:
    at = _place(found, rng)
    del found[at : at + rng.choice((1, 2, 4, 16, 200))]


def _double(found: bytearray, rng: Random, _: bytes) -> None:
    at = _place(found, rng)
    piece = found[at : at + rng.choice((1, 4, 12, 300))]
    found[at:at] = piece * rng.choice((1, 1, 2, 50))


def _splice(found: bytearray, rng: Random, other: bytes) -> None:
    at, there = _place(found, rng), rng.randrange(len(other) + 1)
    size = rng.choice((4, 16, 200, 5000))
    found[at : at + rng.choice((0, size))] = other[there : there + size]


def _noise(found: bytearray, rng: Random, _: bytes) -> None:
    at, size = _place(found, rng), rng.choice((2, 8, 64))
    found[at : at + size] = rng.randbytes(size)


_WAYS = (_bit, _bit, _byte, _byte, _number, _number, _number, _cut, _drop, _double, _splice, _noise)


def _checked(data: bytes) -> bytes:
    """Give every chunk of a PNG the checksum that its bytes have now: the damage gets past the first gate."""
    found, at = bytearray(data[:8]), 8
    while at + 12 <= len(data):
        (size,) = struct.unpack_from(">I", data, at)
        body = data[at + 4 : at + 8 + size]
        if at + 12 + size > len(data):
            break
        found += data[at : at + 4] + body + struct.pack(">I", zlib.crc32(body))
        at += 12 + size
    return bytes(found + data[at:])
