"""Mutations of a file: what happens to bytes in bad transfers, and what people and programs do to text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

MOST = 6
"""Mutations of one file: a file with more of them is refused at its first byte, and teaches nothing."""

SHORT = 8
"""Bytes of a token that may stand fifty times."""


def mutate(random: Random, data: bytes, others: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    """Change a file in some places; `others` may be grafted onto it, `tokens` are what its format knows."""
    changed = bytearray(data)
    for _ in range(random.randint(1, MOST)):
        at, length = random.randint(0, len(changed)), random.choice((1, 1, 2, 8, 64, 1000))
        stretch = slice(at, at + length)
        match random.randrange(9):
            case 0 if changed:
                changed[at % len(changed)] ^= 1 << random.randrange(8)
            case 1:
                del changed[stretch]
            case 2:
                changed[at:at] = changed[stretch]
            case 3 | 4:
                token = random.choice(tokens)
                changed[at:at] = token * random.choice((1, 1, 1, 2, 50 if len(token) < SHORT else 3))
            case 5:
                changed[stretch] = random.choice(tokens)
            case 6:
                changed[stretch] = random.randbytes(min(length, len(changed)))
            case 7:
                other = random.choice(others)
                start = random.randint(0, len(other))
                changed[at:at] = other[start : start + random.randint(0, 2000)]
            case _:
                del changed[at:]
    return bytes(changed)
