"""Bulk import of demands: the real ones, and lines that are wrong."""

from pathlib import Path
from typing import Any

from httpx import Response
from sqlalchemy import text

from tests.commands import command
from tests.demands.standard_rows import jsonl, real_demands
from tests.demands.steps import PROFILE
from tests.demands.test_flow import count
from tests.market import API, Market, User, new_organisation

LINES = {"Content-Type": "application/x-ndjson"}


async def send(user: User, content: bytes, **params: Any) -> Response:
    return await user.post("/demands/import", content=content, params=params, headers=LINES)


async def test_all_real_demands_are_imported_and_their_duplicates_left_out(
    market: Market,
) -> None:
    rows = real_demands()
    assert len(rows) == 371
    distinct = len({tuple(sorted(row.items())) for row in rows})
    assert distinct == 348
    owner = await market.join("enterprise")
    dry = await send(owner, jsonl(rows), dry_run="true")
    assert (dry.status_code, await count(market, "demand")) == (200, 0)
    report = (await send(owner, jsonl(rows))).json()
    assert (report["rows"], report["created"], report["duplicate_count"]) == (371, 348, 23)
    assert (dry.json()["created"], dry.json()["sha256"]) == (348, report["sha256"])
    assert await count(market, "demand WHERE state = 'draft'") == 348
    async with market.sessions() as session:
        written = await session.execute(text("SELECT title, profile->>'description' FROM demand"))
        assert {tuple(row) for row in written} == {
            (row["title"], row.get("description")) for row in rows
        }
    again = (await send(owner, jsonl(rows))).json()
    assert (again["created"], again["duplicate_count"]) == (0, 371)
    assert again["duplicates"][0]["demand_id"] is not None
    assert await count(market, "audit_event WHERE action = 'demand.import'") == 2
    found = await owner.ok("GET", "/demands?mine=true&q=立方氮化硼")
    assert [row["profile"]["title"] for row in found["items"]] == [
        "高韧性立方氮化硼CBN单晶的研制及其产业化"
    ]


async def test_real_demands_that_tell_a_patent_number_cannot_be_anonymous(market: Market) -> None:
    owner = await market.join("enterprise")
    rows = [row | {"anonymous": True} for row in real_demands()]
    answer = await send(owner, jsonl(rows))
    assert (answer.status_code, answer.json()["code"]) == (422, "import_refused")
    found = {
        (error["expected"]["kind"], error["expected"]["fragment"])
        for error in answer.json()["errors"]
    }
    assert {
        ("patent_number", "ZL201721099528.4"),
        ("patent_number", "ZL201310586887.2"),
    } <= found
    assert await count(market, "demand") == 0
    wrong = {error["line"] for error in answer.json()["errors"]}
    assert len(wrong) == answer.json()["error_count"]
    right = [row for number, row in enumerate(rows, 1) if number not in wrong]
    assert (await send(owner, jsonl(right))).status_code == 201


async def test_every_wrong_line_is_told_with_its_number_and_reason(market: Market) -> None:
    owner = await market.join("enterprise")
    content = b"\n".join(
        [
            jsonl([PROFILE]).strip(),
            b"",
            b'{"version": "1.0"',
            b"[]",
            jsonl([PROFILE | {"title": None, "colour": 1}]).strip(),
            b'{"title": "\xff"}',
            jsonl([PROFILE | {"type": "TO"}]).strip(),
            b'"' + b"x" * (1024 * 1024 + 1) + b'"',
        ]
    )
    answer = await send(owner, content)
    assert (answer.status_code, answer.json()["code"]) == (422, "import_refused")
    assert (answer.json()["rows"], answer.json()["error_count"]) == (7, 6)
    assert [(e["line"], e["field"], e["code"]) for e in answer.json()["errors"]] == [
        (3, "", "bad_row"),
        (4, "", "bad_row"),
        (5, "colour", "additionalProperties"),
        (5, "title", "required"),
        (6, "", "bad_row"),
        (7, "type", "not_a_request"),
        (8, "", "bad_row"),
    ]
    assert await count(market, "demand") == 0


async def test_an_export_is_imported_again_as_it_is(market: Market) -> None:
    owner, other = await market.join("enterprise"), await market.join("enterprise")
    draft = await owner.ok("POST", "/demands", PROFILE)
    await owner.ok("POST", f"/demands/{draft['id']}/submit")
    operator = await market.admin()
    await operator.ok("POST", f"/demands/{draft['id']}/review", {"act": "approve"})
    exported = (await market.anonymous.get("/demands/export")).content
    report = (await send(other, exported)).json()
    assert report["created"] == 1
    [copy] = (await other.ok("GET", "/demands?mine=true"))["items"]
    original = await market.anonymous.ok("GET", f"/demands/{draft['id']}/profile")
    assert copy["profile"] == original


async def test_the_command_checks_then_imports(market: Market, tmp_path: Path) -> None:
    body = new_organisation("enterprise")
    made = await market.client.post(API + "/organisations", json=body)
    admin = await market.admin()
    await admin.ok("POST", f"/organisations/{made.json()['id']}/review", {"act": "approve"})
    login = body["administrator"]["login"]
    good, bad = tmp_path / "good.jsonl", tmp_path / "bad.jsonl"
    good.write_bytes(jsonl([PROFILE]))
    bad.write_bytes(jsonl([PROFILE, PROFILE | {"summary": "x" * 501}]))
    status, output = await command(market, "import-demands", str(bad), "--as", login)
    assert status == 1
    assert "line 2: summary: At most 500 characters are allowed" in output
    assert "1 of 2 rows are wrong; nothing was written" in output
    status, output = await command(market, "import-demands", str(good), "--as", login, "--dry-run")
    assert (status, await count(market, "demand")) == (0, 0), output
    status, output = await command(market, "import-demands", str(good), "--as", login)
    assert (status, await count(market, "demand")) == (0, 1), output
    assert '"created": 1' in output
