"""`techmarket search ...`, as an operator types it."""

import asyncio
import json
from collections.abc import Iterator

from sqlalchemy import text
from typer.testing import CliRunner, Result

from app import cli_search
from app.kit.db import Sessions
from app.kit.settings import Settings
from tests.finding.stock import stocked


async def test_status_verify_rebuild_and_apply(sessions: Sessions, database_url: str) -> None:
    await stocked(sessions, 3)

    def database(chosen: Settings) -> Iterator[str]:
        assert chosen.search == "embedded"
        yield database_url

    async def command(*arguments: str, typed: str = "") -> Result:
        made = cli_search.commands(database)
        return await asyncio.to_thread(CliRunner().invoke, made, arguments, typed)

    found = await command("status")
    (state,) = json.loads(found.stdout)
    assert (state["target"], state["answers"], state["waiting"]) == ("embedded", True, 3)
    assert state["lag_seconds"] > 0

    found = await command("verify", "--no-repair")
    assert found.exit_code == 1
    assert "3 documents, 3 missing, 0 stale, 0 that should not be there" in found.stdout
    assert (await command("verify")).exit_code == 1, "it says what it found, and repairs it"
    found = await command("verify")
    assert found.exit_code == 0
    assert "embedded: as defined, version 3" in found.stdout
    assert "3 documents, 0 missing" in found.stdout

    found = await command("rebuild")
    assert "embedded: 3 documents, version 3" in found.stdout
    async with sessions() as session, session.begin():
        await session.execute(text(r"""COMMENT ON TABLE search.document IS '{"version"\: 0}'"""))
    found = await command("apply", typed="n\n")
    assert "    - 0\n    + 3\n" in found.stdout
    found = await command("apply", "--yes")
    assert "embedded: 3 documents, version 3" in found.stdout
    found = await command("apply")
    assert found.stdout == "embedded: as defined, version 3\n"
