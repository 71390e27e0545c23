"""Loads the sample market."""

from rich.console import Console

from app.kit.settings import Settings
from app.sample.people import DEMO_LOGINS


async def load(settings: Settings, database_url: str, console: Console) -> None:
    """Draft."""


__all__ = ["DEMO_LOGINS", "load"]
