"""One transition table, one `move`: how every state machine of the house is written."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from app.kit.errors import IllegalMove

S = TypeVar("S", bound=StrEnum)


def move(moves: Mapping[tuple[S, str], S], state: S, act: str) -> S:
    """The state after `act`; raises IllegalMove naming what the state allows."""
    try:
        return moves[state, act]
    except KeyError:
        allowed = sorted(name for start, name in moves if start == state)
        raise IllegalMove(state=state.value, act=act, allowed=allowed) from None
