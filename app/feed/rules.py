"""Offsets: places in the feed that say nothing to a reader and can be checked."""

import base64
import binascii
from uuid import UUID

_MARK_BYTES = 4
_POSITION_BYTES = 8


def encode_offset(position: int, change_id: UUID) -> str:
    """The offset after a change: its position and the end of its id, which is random."""
    raw = position.to_bytes(_POSITION_BYTES) + mark(change_id)
    return base64.urlsafe_b64encode(raw).decode()


def decode_offset(offset: str) -> tuple[int, bytes]:
    """The position in an offset and the mark of the change there; raises ValueError."""
    try:
        raw = base64.b64decode(offset, altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None
    position = int.from_bytes(raw[:_POSITION_BYTES])
    if len(raw) != _POSITION_BYTES + _MARK_BYTES or not 0 <= position < 2**63:
        raise ValueError("not an offset")
    return position, raw[_POSITION_BYTES:]


def mark(change_id: UUID) -> bytes:
    """What tells a change from the one at the same position of another feed."""
    return change_id.bytes[-_MARK_BYTES:]


START = encode_offset(0, UUID(int=0))
"""The offset before the first change."""
