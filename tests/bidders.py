"""Bidders over raw keep-alive connections, who note when they sent and when they were answered."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import UUID

import orjson

from app.parties import tokens
from bench import load
from bench.bids import START_FEN, STEP_FEN

ANSWER_TIMEOUT_S = 20.0
RETRY_PAUSE_S = 0.05


def wall_clock() -> datetime:
    """This machine's clock, which is the database's too."""
    return datetime.fromtimestamp(time.time(), UTC)


async def pause_until(moment: datetime) -> None:
    """Return at a moment of the machine's clock, at once when it has passed."""
    never = asyncio.Event()
    with suppress(TimeoutError):
        await asyncio.wait_for(never.wait(), max((moment - wall_clock()).total_seconds(), 0))


@dataclass(frozen=True)
class Answer:
    """What a bidder knows of a bid: what was sent when, and what came back when."""

    request_id: str
    auction: UUID
    amount_fen: int
    status: int
    body: dict[str, Any]
    sent_at: datetime
    answered_at: datetime

    @property
    def sequence(self) -> int | None:
        """Its place in the record; None for a bid that came after the decision."""
        return self.body.get("sequence")

    @property
    def decision(self) -> dict[str, Any]:
        """The answer without the id of the HTTP request, which is new for each."""
        return {name: value for name, value in self.body.items() if name != "request_id"}


class Amounts:
    """Amounts that rise from bid to bid, mixed with too low ones and ones off the step."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._raises = count(1)

    def mixed(self) -> int:
        """Mostly a raise above everything before it; one in four is not."""
        raised = START_FEN + next(self._raises) * STEP_FEN
        kind = self._random.randrange(8)
        if kind == 0:
            return raised + STEP_FEN // 2
        return START_FEN if kind == 1 else raised

    def low(self) -> int:
        """Below the price once anyone has bid."""
        return START_FEN


@dataclass
class Bidder:
    """One enterprise on one connection; it goes to the next server when its own is gone."""

    number: int
    ports: Sequence[int]
    tries: Counter[str] = field(default_factory=Counter)
    _streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
    _ids: Iterator[int] = field(default_factory=count)
    _turn: int = 0

    @property
    def token(self) -> str:
        """As `bench.bids.PEOPLE` made it."""
        return f"{tokens.ACCESS_PREFIX}party {self.number}"

    async def get(self, path: str) -> int:
        """The status of a GET; opens the connection."""
        return (await self._exchange(load.get(path)))[0]

    async def bid(self, auction: UUID, amount_fen: int) -> Answer:
        """One bid, sent once."""
        return await self.send(auction, amount_fen, f"b{self.number}-{next(self._ids)}")

    async def until_answered(
        self, auction: UUID, amount_fen: int, request_id: str | None = None
    ) -> Answer:
        """One bid, sent again under the same request id until it is accepted or refused."""
        request_id = request_id or f"b{self.number}-{next(self._ids)}"
        while True:
            try:
                answer = await self.send(auction, amount_fen, request_id)
            except (OSError, EOFError, TimeoutError) as error:
                self.tries[type(error).__name__] += 1
                await self.close()
                self._turn += 1
            else:
                self.tries[str(answer.status)] += 1
                if answer.status != 503:
                    return answer
            with suppress(TimeoutError):
                await asyncio.wait_for(asyncio.Event().wait(), RETRY_PAUSE_S)

    async def close(self) -> None:
        """Hang up."""
        if self._streams is not None:
            writer = self._streams[1]
            self._streams = None
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def send(self, auction: UUID, amount_fen: int, request_id: str) -> Answer:
        """One bid under this request id, sent once; raises what a lost connection raises."""
        body = orjson.dumps({"amount_fen": amount_fen, "request_id": request_id})
        request = load.post(f"/api/v1/auctions/{auction}/bids", self.token, body)
        sent_at = wall_clock()
        status, answer = await self._exchange(request)
        return Answer(request_id, auction, amount_fen, status, answer, sent_at, wall_clock())

    async def _exchange(self, request: bytes) -> tuple[int, dict[str, Any]]:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            if self._streams is None:
                port = self.ports[(self.number + self._turn) % len(self.ports)]
                self._streams = await asyncio.open_connection("127.0.0.1", port)
            reader, writer = self._streams
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
            return int(head[9:12]), orjson.loads(await reader.readexactly(length))
