"""A market that may post to this machine, and a server there."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.kit.settings import Settings
from tests.webhooks.receiver import Receiver


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Sandbox settings with which webhooks may go to loopback over plain http."""
    return Settings(
        mode="sandbox", data_dir=tmp_path, webhook_private_addresses=True, _env_file=None
    )


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A server that takes everything until it is told otherwise."""
    async with Receiver() as running:
        yield running
