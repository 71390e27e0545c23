"""`techmarket` commands on a test's database, as an operator types them."""

import asyncio

from typer.testing import CliRunner

from app.cli import cli
from app.kit.settings import settings
from tests.market import PASSWORD, Market


async def command(market: Market, *arguments: str, password: str = PASSWORD) -> tuple[int, str]:
    """Run one to its end; its status and what it printed."""
    environment = {
        "DATABASE_URL": market.database_url,
        "TECHMARKET_PASSWORD": password,
        "TECHMARKET_DATA_DIR": str(market.settings.data_dir),
    }
    settings.cache_clear()
    ended = await asyncio.to_thread(CliRunner().invoke, cli, list(arguments), env=environment)
    settings.cache_clear()
    return ended.exit_code, ended.output
