"""Lines of a large file: numbered, of bounded length, while the file is hashed."""

import hashlib
import io
from collections.abc import Iterator
from typing import Any, BinaryIO, TypeAlias

LONGEST_LINE = 1024 * 1024
READ_BYTES = 256 * 1024
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class HashingReader(io.RawIOBase):
    """Hashes and counts the bytes of a file while they are read."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self.file = file
        self.hash = hashlib.sha256()
        self.bytes_read = 0

    def readable(self) -> bool:
        """It is for reading."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer; 0 at the end."""
        data = self.file.read(len(buffer))
        buffer[: len(data)] = data
        self.hash.update(data)
        self.bytes_read += len(data)
        return len(data)


Buffered: TypeAlias = "io.BufferedReader[HashingReader]"


def lines(file: Buffered) -> Iterator[tuple[int, bytes | None]]:
    """Physical lines, numbered from 1, without their end; None for one that is too long.

    Blocks are split at once, which is several times faster than reading line by line.
    """
    number = 0
    rest = file.read(len(BYTE_ORDER_MARK)).removeprefix(BYTE_ORDER_MARK)
    too_long = False
    while block := file.read(READ_BYTES):
        *whole, rest = (rest + block).split(b"\n")
        for raw in whole:
            number += 1
            yield number, None if too_long or len(raw) > LONGEST_LINE else raw
            too_long = False
        if len(rest) > LONGEST_LINE:
            too_long = True
            rest = b""
    if rest or too_long:
        yield number + 1, None if too_long else rest
