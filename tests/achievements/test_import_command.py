"""`techmarket import`, as an operator types it."""

from pathlib import Path
from typing import Any

from tests.achievements.test_achievements import count
from tests.achievements.test_imports import ROW, jsonl
from tests.commands import command
from tests.market import API, Market, new_organisation


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
    status, output = await command(market, "import", str(bad), "--as", login)
    assert status == 1
    assert "line 2: trl: " in output
    assert "1 of 2 rows are wrong; nothing was written" in output
    status, output = await command(market, "import", str(good), "--as", login, "--dry-run")
    assert (status, await count(market, "achievement")) == (0, 0), output
    status, output = await command(market, "import", str(good), "--as", login)
    assert status == 0, output
    assert '"created": 1' in output
    assert await count(market, "achievement") == 1


async def test_a_wrong_password_or_file_name_is_refused(market: Market, tmp_path: Path) -> None:
    login = await trader(market)
    good, other = tmp_path / "good.csv", tmp_path / "good.xlsx"
    for path in (good, other):
        path.write_bytes("title,ipc\n装置,G06F\n".encode())
    status, output = await command(market, "import", str(good), "--as", login, password="wrong")
    assert status == 1
    assert "Login or password is wrong" in output
    status, output = await command(market, "import", str(other), "--as", login)
    assert status == 2
    assert ".jsonl" in output
    assert await count(market, "achievement") == 0
    assert await count(market, "person WHERE failed_logins = 1") == 1
