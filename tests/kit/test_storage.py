"""The document store on a directory and on a real S3-compatible server process."""

import asyncio
import hashlib
import os
import socket
import subprocess
import sys
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import boto3
import pytest

from app.kit.problems import TooLarge
from app.kit.settings import Settings
from app.kit.storage import DocumentStore, StorageUnavailable, document_store
from tests.server import free_port, wait_until

MIB = 1024 * 1024
KEYS = {"aws_access_key_id": "key", "aws_secret_access_key": "secret", "region_name": "us-east-1"}


def listens(port: int) -> bool:
    """Whether somebody takes connections there."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """A server process of its own, with one bucket."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    endpoint = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: listens(port), "the S3 server's start")
        boto3.client("s3", endpoint_url=endpoint, **KEYS).create_bucket(Bucket="documents")
        yield endpoint
    finally:
        process.terminate()
        process.wait(timeout=10)


@pytest.fixture(params=["directory", "s3"])
def chosen(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    if request.param == "directory":
        return Settings(data_dir=tmp_path, _env_file=None)
    return Settings(
        data_dir=tmp_path,
        storage="s3",
        s3_endpoint=request.getfixturevalue("s3_endpoint"),
        s3_bucket="documents",
        s3_access_key="key",
        s3_secret_key="secret",
        _env_file=None,
    )


@pytest.fixture
def store(chosen: Settings) -> DocumentStore:
    return document_store(chosen)


async def pieces(content: bytes, size: int = 64 * 1024) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


def keys(chosen: Settings, prefix: str) -> list[str]:
    """What the store holds, seen from outside."""
    if chosen.storage == "directory":
        root = chosen.data_dir / "documents" / prefix
        return sorted(str(path) for path in root.rglob("*") if path.is_file())
    client = boto3.client("s3", endpoint_url=chosen.s3_endpoint, **KEYS)
    return [
        found["Key"]
        for found in client.list_objects_v2(Bucket="documents", Prefix=prefix).get("Contents", [])
    ]


async def test_bytes_come_back_whole_under_their_hash(
    store: DocumentStore, chosen: Settings
) -> None:
    content = os.urandom(11 * MIB + 7)
    digest = hashlib.sha256(content).hexdigest()
    before = keys(chosen, "sha256")
    stored = await store.put(pieces(content), 12 * MIB)
    assert (stored.sha256, stored.size_bytes) == (digest, len(content))
    assert b"".join([chunk async for chunk in await store.open(digest)]) == content
    assert await store.exists(digest)
    again = await store.put(pieces(content, 1000), 12 * MIB)
    assert again == stored
    [new] = set(keys(chosen, "sha256")) - set(before)
    assert new.endswith(f"sha256/{digest[:2]}/{digest[2:4]}/{digest}")
    assert keys(chosen, "incoming") == []


async def test_too_much_is_refused_and_leaves_nothing(
    store: DocumentStore, chosen: Settings
) -> None:
    content = os.urandom(MIB)
    with pytest.raises(TooLarge) as refused:
        await store.put(pieces(content), MIB - 1)
    assert refused.value.facts == {"limit_bytes": MIB - 1}
    assert not await store.exists(hashlib.sha256(content).hexdigest())
    assert not await store.exists(hashlib.sha256(content[: MIB - 64 * 1024]).hexdigest())
    assert keys(chosen, "incoming") == []


async def test_a_sender_that_breaks_off_leaves_nothing(
    store: DocumentStore, chosen: Settings
) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"x" * MIB
        raise ConnectionResetError("gone")

    with pytest.raises((ConnectionResetError, StorageUnavailable)):
        await store.put(broken(), 2 * MIB)
    assert not await store.exists(hashlib.sha256(b"x" * MIB).hexdigest())
    assert keys(chosen, "incoming") == []


async def test_what_is_not_there_is_said_before_the_first_byte(store: DocumentStore) -> None:
    with pytest.raises(StorageUnavailable):
        await store.open("0" * 64)


async def test_an_upload_is_not_held_in_memory(tmp_path: Path) -> None:
    store = document_store(Settings(data_dir=tmp_path, _env_file=None))
    block = os.urandom(MIB)

    async def many() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield block

    tracemalloc.start()
    try:
        stored = await store.put(many(), 200 * MIB)
        length = 0
        async for chunk in await store.open(stored.sha256):
            length += len(chunk)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert length == stored.size_bytes == 100 * MIB
    assert peak < 20 * MIB


async def test_a_server_that_is_away_is_named_so(tmp_path: Path) -> None:
    away = Settings(
        data_dir=tmp_path,
        storage="s3",
        s3_endpoint=f"http://127.0.0.1:{free_port()}",
        s3_bucket="documents",
        s3_access_key="key",
        s3_secret_key="secret",
        _env_file=None,
    )
    with pytest.raises(StorageUnavailable):
        await asyncio.wait_for(document_store(away).put(pieces(b"x"), 10), timeout=60)
