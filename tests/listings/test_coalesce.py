"""Reads that arrive together are read together, and always anew."""

import asyncio
from collections.abc import Sequence

from app.kit.coalesce import Coalescer


async def test_keys_that_arrive_during_a_load_share_the_next_one() -> None:
    gate, started = asyncio.Event(), asyncio.Event()
    batches: list[list[int]] = []

    async def load(keys: Sequence[int]) -> dict[int, int]:
        batches.append(list(keys))
        started.set()
        await gate.wait()
        return {key: key * 10 for key in keys if key < 100}

    reader: Coalescer[int, int] = Coalescer(load, max_batch=3)
    first = asyncio.create_task(reader.get(1))
    await started.wait()
    others = [asyncio.create_task(reader.get(key)) for key in (1, 2, 2, 100, 4)]
    await asyncio.sleep(0)
    others[1].cancel()
    gate.set()
    assert await first == 10
    found = await asyncio.gather(*others, return_exceptions=True)
    assert isinstance(found[1], asyncio.CancelledError)
    assert [found[0], *found[2:]] == [10, 20, None, 40]
    assert batches == [[1], [1, 2, 100], [4]]
    assert await reader.get(5) == 50
    assert batches[-1] == [5]


async def test_a_failed_load_fails_its_readers_and_not_the_next_ones() -> None:
    broken = True

    async def load(keys: Sequence[int]) -> dict[int, int]:
        if broken:
            raise OSError("away")
        return dict.fromkeys(keys, 1)

    reader: Coalescer[int, int] = Coalescer(load)
    found = await asyncio.gather(reader.get(1), reader.get(2), return_exceptions=True)
    assert [type(item) for item in found] == [OSError, OSError]
    broken = False
    assert await reader.get(1) == 1
