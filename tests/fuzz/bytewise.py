"""Damage that knows nothing of what it damages: bytes and a generator -> bytes."""

from __future__ import annotations

from random import Random

NUMBERS = (
    0, 1, 2, 3, 7, 8, 9, 15, 16, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x10000,
    0xFFFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF, 1 << 40, (1 << 56) - 1,
    (1 << 63) - 1, 1 << 63, (1 << 64) - 1,
)  # fmt: skip
"""Those at which programs go wrong."""

_PACKET = 188


def _place(data: bytes, random: Random) -> int:
    """Somewhere; at the ends rather than in the middle, since that is where indexes are."""
    if not data:
        return 0
    share = random.random()
    if share < 0.4:
        return random.randrange(min(len(data), 2048))
    if share < 0.6:
        return len(data) - 1 - random.randrange(min(len(data), 2048))
    return random.randrange(len(data))


def _span(data: bytes, random: Random) -> tuple[int, int]:
    """A place and the end of a run of some length there."""
    start = _place(data, random)
    return start, min(len(data), start + random.choice((1, 4, 16, 64, 188, 512, 4096, 16384)))


def flip_bits(data: bytes, random: Random) -> bytes:
    """Flip 1 to 256 bits."""
    changed = bytearray(data)
    for _ in range(random.choice((1, 1, 2, 8, 64, 256)) if data else 0):
        changed[_place(data, random)] ^= 1 << random.randrange(8)
    return bytes(changed)


def overwrite_numbers(data: bytes, random: Random) -> bytes:
    """Write numbers at which programs go wrong over some."""
    changed = bytearray(data)
    for _ in range(random.choice((1, 1, 2, 4)) if data else 0):
        size = random.choice((1, 2, 4, 4, 4, 8))
        number = random.choice(NUMBERS) % (1 << 8 * size)
        start = _place(data, random)
        start -= start % min(size, 4)
        written = number.to_bytes(size, random.choice(("big", "little")))
        changed[start : start + size] = written[: len(data) - start]
    return bytes(changed)


def zero(data: bytes, random: Random) -> bytes:
    """Make a run of bytes 0, as a disk does that lost a block."""
    start, end = _span(data, random)
    return data[:start] + bytes(end - start) + data[end:]


def garble(data: bytes, random: Random) -> bytes:
    """Make a run of bytes random."""
    start, end = _span(data, random)
    return data[:start] + random.randbytes(end - start) + data[end:]


def truncate(data: bytes, random: Random) -> bytes:
    """Lose the end, as a copy that was cut short."""
    return data[: random.randint(0, len(data))]


def behead(data: bytes, random: Random) -> bytes:
    """Lose the beginning."""
    return data[_place(data, random) :]


def repeat(data: bytes, random: Random) -> bytes:
    """Have a run of bytes twice."""
    start, end = _span(data, random)
    return data[:end] + data[start:]


def remove(data: bytes, random: Random) -> bytes:
    """Lose a run of bytes."""
    start, end = _span(data, random)
    return data[:start] + data[end:]


def insert(data: bytes, random: Random) -> bytes:
    """Have bytes that do not belong there."""
    start, end = _span(data, random)
    return data[:start] + random.randbytes(end - start) + data[start:]


def exchange(data: bytes, random: Random) -> bytes:
    """Have two runs of bytes in each other's place."""
    (a, b), (c, d) = sorted((_span(data, random), _span(data, random)))
    b = min(b, c)
    return data[:a] + data[c:d] + data[b:c] + data[a:b] + data[d:]


def splice(data: bytes, other: bytes, random: Random) -> bytes:
    """The beginning of one file and the end of another, perhaps of another format."""
    kept = random.choice((random.randint(0, len(data)), min(len(data), random.randint(0, 4096))))
    skipped = random.choice((0, min(kept, len(other)), random.randint(0, len(other))))
    return data[:kept] + other[skipped:]


def packets(data: bytes, random: Random) -> bytes:
    """Lose, repeat, exchange or damage transport stream packets."""
    parts = [data[at : at + _PACKET] for at in range(0, len(data), _PACKET)]
    for _ in range(random.choice((1, 1, 4, 16)) if parts else 0):
        at, other = random.randrange(len(parts)), random.randrange(len(parts))
        match random.randrange(5):
            case 0:
                parts[at] = b""
            case 1:
                parts[at] += parts[other][:_PACKET]
            case 2:
                parts[at], parts[other] = parts[other], parts[at]
            case 3:  # flags, stream number, counter, and the clock that may follow
                parts[at] = overwrite_numbers(parts[at][:16], random) + parts[at][16:]
            case _:
                parts[at] = parts[at][: random.randrange(_PACKET)]
    return b"".join(parts)
