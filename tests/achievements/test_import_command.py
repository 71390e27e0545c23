"""`techmarket import`, as an operator types it."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

from tests.achievements.test_achievements import count
from tests.achievements.test_imports import ROW, jsonl
from tests.market import API, PASSWORD, Market, new_organisation


async def command(market: Market, *arguments: str, password: str = PASSWORD) -> tuple[int, str]:
    """Run the command on the test's database; its status and what it printed."""
    environment = os.environ | {
        "DATABASE_URL": market.database_url,
        "TECHMARKET_PASSWORD": password,
        "TECHMARKET_DATA_DIR": str(market.settings.data_dir),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "app.cli",
        "import",
        *arguments,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


async def trader(market: Market) -> str:
    body: dict[str, Any] = new_organisation("university")
    made = await market.client.post(API + "/organisations", json=body)
    admin = await market.admin()
    await admin.ok("POST", f"/organisations/{made.json()['id']}/review", {"act": "approve"})
    return str(body["administrator"]["login"])


async def test_a_file_is_checked_then_imported(market: Market, tmp_path: Path) -> None:
    login = await trader(market)
    good, bad = tmp_path / "good.jsonl", tmp_path / "bad.jsonl"
    good.write_bytes(jsonl([ROW]))
    bad.write_bytes(jsonl([ROW, {"title": "x", "trl": 10}]))
    status, output = await command(market, str(bad), "--as", login)
    assert status == 1
    assert "line 2: trl: " in output
    assert "1 of 2 rows are wrong; nothing was written" in output
    status, output = await command(market, str(good), "--as", login, "--dry-run")
    assert (status, await count(market, "achievement")) == (0, 0), output
    status, output = await command(market, str(good), "--as", login)
    assert status == 0, output
    assert '"created": 1' in output
    assert await count(market, "achievement") == 1


async def test_a_wrong_password_or_file_name_is_refused(market: Market, tmp_path: Path) -> None:
    login = await trader(market)
    good, other = tmp_path / "good.csv", tmp_path / "good.xlsx"
    for path in (good, other):
        path.write_bytes("title,ipc\n装置,G06F\n".encode())
    status, output = await command(market, str(good), "--as", login, password="wrong")
    assert status == 1
    assert "Login or password is wrong" in output
    status, output = await command(market, str(other), "--as", login)
    assert status == 2
    assert ".jsonl" in output
    assert await count(market, "achievement") == 0
    assert await count(market, "person WHERE failed_logins = 1") == 1
