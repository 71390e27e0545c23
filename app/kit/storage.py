"""Documents as bytes: on a directory, or on S3-compatible storage.

An object is known by its SHA-256, which is computed while the bytes pass by; nothing is held in
memory but a few chunks. Bytes arrive under a temporary key and get their own when they are whole,
so a key that exists always has all its bytes.
"""

import hashlib
import os
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import obstore
from anyio import to_thread
from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

from app.kit.errors import Problem
from app.kit.ids import new_id
from app.kit.problems import TooLarge
from app.kit.settings import Settings

PART_BYTES = 5 * 1024 * 1024
"""Size of a part of an upload; S3 takes none smaller, the last excepted."""

READ_BYTES = 1024 * 1024
PARALLEL_PARTS = 2


class StorageUnavailable(Problem):
    """503: the document store is away, or an object that should be there is not."""

    status = 503
    code = "storage_unavailable"
    zh = "文件存储暂不可用,操作未生效,请稍后重试"
    en = "The document store is away for the moment; nothing was written; try again"


@dataclass(frozen=True)
class Stored:
    """What was stored: the hash is the key."""

    sha256: str
    size_bytes: int


class DocumentStore:
    """Streams objects in and out of one store."""

    def __init__(self, store: LocalStore | S3Store, directory: Path | None = None) -> None:
        """`directory` is where the store keeps its files, if it keeps them on this machine."""
        self._store = store
        self._directory = directory

    async def put(self, chunks: AsyncIterator[bytes], limit_bytes: int) -> Stored:
        """Store what the chunks bring; the same bytes are stored once.

        Raises TooLarge beyond the limit and StorageUnavailable; neither leaves an object.
        """
        arriving = _Arriving(chunks, limit_bytes)
        place = f"incoming/{new_id().hex}"
        try:
            await obstore.put_async(
                self._store,
                place,
                arriving.measured(),
                use_multipart=True,
                chunk_size=PART_BYTES,
                max_concurrency=PARALLEL_PARTS,
            )
            if arriving.too_large:
                raise TooLarge(limit_bytes=limit_bytes)
            stored = Stored(arriving.hash.hexdigest(), arriving.size)
            await obstore.rename_async(self._store, place, _key(stored.sha256))
        except BaseError as error:
            await self._drop(place)
            raise StorageUnavailable from error
        except BaseException:
            await self._drop(place)
            raise
        if self._directory is not None:
            await to_thread.run_sync(_sync, self._directory / _key(stored.sha256))
        return stored

    async def open(self, sha256: str) -> AsyncIterator[bytes]:
        """The object's bytes in chunks; raises StorageUnavailable before the first one."""
        try:
            found = await obstore.get_async(self._store, _key(sha256))
        except (BaseError, FileNotFoundError) as error:
            raise StorageUnavailable from error
        return aiter(_copied(found.stream(min_chunk_size=READ_BYTES)))

    async def exists(self, sha256: str) -> bool:
        """Whether the object is there."""
        try:
            await obstore.head_async(self._store, _key(sha256))
        except FileNotFoundError:
            return False
        return True

    async def _drop(self, place: str) -> None:
        with suppress(BaseError, FileNotFoundError):
            await obstore.delete_async(self._store, place)


class _Arriving:
    """Hashes and measures chunks on their way."""

    def __init__(self, chunks: AsyncIterator[bytes], limit_bytes: int) -> None:
        self.chunks = chunks
        self.limit_bytes = limit_bytes
        self.hash = hashlib.sha256()
        self.size = 0
        self.too_large = False

    async def measured(self) -> AsyncIterator[bytes]:
        async for chunk in self.chunks:
            self.size += len(chunk)
            if self.size > self.limit_bytes:
                # An exception in here would reach the caller as the store's own.
                self.too_large = True
                return
            self.hash.update(chunk)
            yield chunk


async def _copied(stream: AsyncIterable[Any]) -> AsyncIterator[bytes]:
    async for chunk in stream:
        yield bytes(chunk)


def _key(sha256: str) -> str:
    """Two levels of directories, so that none grows beyond reason."""
    return f"sha256/{sha256[:2]}/{sha256[2:4]}/{sha256}"


def _sync(path: Path) -> None:
    """On disk before the row that points to it: the file, then its directory."""
    for place in (path, path.parent):
        descriptor = os.open(place, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@lru_cache
def document_store(settings: Settings) -> DocumentStore:
    """The store that the settings name."""
    if settings.storage == "s3":
        return DocumentStore(
            S3Store(
                settings.s3_bucket,
                endpoint=settings.s3_endpoint,
                region=settings.s3_region,
                access_key_id=settings.s3_access_key,
                secret_access_key=settings.s3_secret_key.get_secret_value(),
                virtual_hosted_style_request=False,
                client_options={"allow_http": settings.s3_endpoint.startswith("http://")},
                retry_config={"max_retries": 2},
            )
        )
    directory = settings.data_dir.resolve() / "documents"
    directory.mkdir(parents=True, exist_ok=True)
    return DocumentStore(LocalStore(directory), directory)
