"""What a contract's text is like: to find the same or nearly the same text at another office.

Shingles of five characters, 32 minimum hashes of them (Broder 1997), kept as 16 bands of two: texts
of which four fifths are the same share a band with a chance above 0.999.
"""

import re
import unicodedata
from collections.abc import Sequence
from hashlib import sha256
from zlib import crc32

import numpy as np

SHINGLE = 5
HASHES = 32
ROWS = 2
NEARLY_SAME = 0.8
"""From which estimated share of common shingles on two texts are nearly the same [D]."""
_PRIME = (1 << 61) - 1
_MASK = (1 << 63) - 1
_OUTSIDE = re.compile(r"[\W_]+")


def normalised(text: str) -> str:
    """A text without white space, punctuation and differences of width and case."""
    return _OUTSIDE.sub("", unicodedata.normalize("NFKC", text)).casefold()


def digest(text: str) -> str:
    """SHA-256 of the normalised text in hexadecimal digits: the same words, the same digest."""
    return sha256(normalised(text).encode()).hexdigest()


def _seeds() -> tuple[np.ndarray, np.ndarray]:
    """Multipliers and offsets, derived from a fixed text so that they never change."""
    words = [
        int.from_bytes(sha256(f"techmarket-minhash-{index}".encode()).digest()[:4], "big")
        for index in range(2 * HASHES)
    ]
    first = np.array(words[:HASHES], dtype=np.uint64) | np.uint64(1)
    return first, np.array(words[HASHES:], dtype=np.uint64)


_FIRST, _SECOND = _seeds()


def minhashes(text: str) -> list[int]:
    """The 32 minimum hashes of a text, each below 2^32; of an empty one, all zero."""
    plain = normalised(text)
    grams = {plain[at : at + SHINGLE] for at in range(max(1, len(plain) - SHINGLE + 1))}
    if not plain:
        return [0] * HASHES
    hashed = np.array(sorted(crc32(gram.encode()) for gram in grams), dtype=np.uint64)
    mixed = (hashed[:, None] * _FIRST[None, :] + _SECOND[None, :]) & np.uint64(_PRIME)
    return [int(value) for value in (mixed >> np.uint64(29)).min(axis=0)]


def bands(hashes: Sequence[int]) -> list[int]:
    """Numbers of 63 bits; two texts that share one may be nearly the same."""
    found = []
    for band in range(HASHES // ROWS):
        part = hashes[band * ROWS : (band + 1) * ROWS]
        content = ":".join(map(str, (band, *part))).encode()
        found.append(int.from_bytes(sha256(content).digest()[:8], "big") & _MASK)
    return found


def likeness(first: Sequence[int], second: Sequence[int]) -> float:
    """The estimated share of common shingles, 0 to 1."""
    return sum(a == b for a, b in zip(first, second, strict=True)) / HASHES
