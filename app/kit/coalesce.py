"""Reads that arrive together are read together.

A request asks for one key; while a batch is being loaded the keys that arrive meanwhile wait, and
the next batch loads them all with one statement. Nothing is kept: loading a value always begins
after it was asked for.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class _Batch(Generic[K, V]):
    """Keys that are loaded together, and what became of them."""

    __slots__ = ("done", "error", "found", "keys")

    def __init__(self) -> None:
        self.keys: dict[K, None] = {}
        self.done = asyncio.Event()
        self.found: Mapping[K, V] = {}
        self.error: BaseException | None = None


class Coalescer(Generic[K, V]):
    """Loads keys in batches of at most `max_batch`, one batch at a time, on one event loop."""

    def __init__(
        self,
        load_many: Callable[[Sequence[K]], Coroutine[Any, Any, Mapping[K, V]]],
        max_batch: int = 256,
    ) -> None:
        """`load_many` gives the values of the keys that exist and leaves the others out."""
        self._load_many = load_many
        self._max_batch = max_batch
        self._waiting: deque[_Batch[K, V]] = deque()
        self._loading: asyncio.Task[None] | None = None

    async def get(self, key: K) -> V | None:
        """The value as it is now, or None; raises what loading its batch raised.

        A reader that goes away leaves the others of its batch alone.
        """
        if not self._waiting or len(self._waiting[-1].keys) >= self._max_batch:
            self._waiting.append(_Batch())
        batch = self._waiting[-1]
        batch.keys[key] = None
        if self._loading is None:
            self._loading = asyncio.create_task(self._load())
        await batch.done.wait()
        if batch.error is not None:
            raise batch.error
        return batch.found.get(key)

    async def _load(self) -> None:
        """Load batches until nobody waits."""
        try:
            while self._waiting:
                batch = self._waiting.popleft()
                loading = asyncio.create_task(self._load_many(list(batch.keys)))
                await asyncio.wait({loading})
                if loading.cancelled():
                    batch.error = asyncio.CancelledError()
                else:
                    batch.error = loading.exception()
                    batch.found = {} if batch.error else loading.result()
                batch.done.set()
        finally:
            self._loading = None
