"""Bulk import: every row or none, with the real files."""

import asyncio
import csv
import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from httpx import Response
from sqlalchemy import text

from tests.achievements.test_achievements import achievement, count
from tests.market import Market, User

DATA = Path(__file__).parent / "data"
MEDIA = {"csv": "text/csv", "jsonl": "application/x-ndjson"}


def jsonl(rows: Iterable[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


async def send(
    user: User, content: bytes, form: str = "jsonl", *, dry_run: bool = False
) -> Response:
    return await user.request(
        "POST",
        f"/achievements/import?format={form}&dry_run={str(dry_run).lower()}",
        content=content,
        headers={"Content-Type": MEDIA[form]},
    )


ROW = {
    "title": "一种装置",
    "ipc": ["G06F"],
    "rights": [{"type": "patent.invention", "number": "CN114081026A"}],
}


async def test_rows_become_drafts_of_the_importer(market: Market) -> None:
    user = await market.join("university", "清河大学")
    full = ROW | {
        "title": "  制表\t与\\反斜杠 ",
        "summary": "第一行\n第二行\\N",
        "details": "秘密",
        "ipc": ["h04l 9/32", "G06F", "G06F"],
        "industry_code": "0111",
        "trl": 5,
        "transfer_modes": ["license", "assign"],
        "funding": "national.863",
        "secrecy": "internal",
        "rights": [
            {
                "type": "patent.invention",
                "number": "2017106018623",
                "expires_on": "2037-07-21",
                "title": "方法",
                "status": "granted",
            },
            {"type": "patent", "office": "US", "number": "13/033,085"},
            {"type": "know_how"},
        ],
    }
    content = jsonl([full, {"title": "软件", "technical_field": "aerospace"}])
    response = await send(user, content)
    assert response.status_code == 201, response.text
    report = response.json()
    assert (report["rows"], report["created"], report["duplicate_count"]) == (2, 2, 0)
    assert report["sha256"] == hashlib.sha256(content).hexdigest()
    listed = (await user.get("/achievements?mine=true&sort=oldest")).json()["items"]
    first, second = listed
    assert first["title"] == "制表 与\\反斜杠"
    assert first["summary"] == "第一行\n第二行\\N"
    assert first["ipc"] == ["H04L9/32", "G06F"]
    assert first["technical_field"] == "electronics_information"
    assert (first["industry_code"], first["trl"]) == ("0111", 5)
    assert (first["funding"], first["secrecy"]) == ("national.863", "internal")
    assert first["transfer_modes"] == ["license", "assign"]
    assert (first["state"], first["kind"], first["version"]) == ("draft", "single", 1)
    assert first["owners"] == [
        {"organisation_id": str(user.organisation_id), "name": "清河大学", "share_bp": 10_000}
    ]
    assert first["rights"][0] == {
        "type": "patent.invention",
        "number": "201710601862.3",
        "office": "CN",
        "title": "方法",
        "expires_on": "2037-07-21",
        "status": "granted",
    }
    assert [right["number"] for right in first["rights"][1:]] == ["13/033,085", None]
    assert (second["technical_field"], second["rights"]) == ("aerospace", [])
    details = await user.ok("GET", f"/achievements/{first['id']}/details")
    assert details["details"] == "秘密"
    assert (await user.post(f"/achievements/{first['id']}/publish")).status_code == 200
    async with market.sessions() as session:
        rows = await session.execute(
            text("SELECT object_id, after FROM audit_event WHERE action = 'achievement.import'")
        )
        [(batch, after)] = rows.all()
    assert str(batch) == report["id"]
    assert after == {
        "rows": 2,
        "created": 2,
        "duplicate_count": 0,
        "sha256": report["sha256"],
    }


async def test_csv_says_the_same_as_json_lines(market: Market) -> None:
    user = await market.join("university")
    content = (
        "\ufefftitle,ipc,trl,transfer_modes,rights,summary\r\n"
        '"一种, 装置",G06F;H04L,6,license; assign,'
        'patent.invention:201710601862.3:2037-07-21; patent@US:13/033,"多行\n""引号"""\r\n'
        "软件,G06F,,,software_copyright,\r\n"
    ).replace("13/033,", "13/033\uff0c085,")
    response = await send(user, content.encode(), "csv")
    assert response.status_code == 201, response.text
    first, second = (await user.get("/achievements?mine=true&sort=oldest")).json()["items"]
    assert (first["title"], first["ipc"], first["trl"]) == ("一种, 装置", ["G06F", "H04L"], 6)
    assert first["transfer_modes"] == ["license", "assign"]
    assert first["summary"] == '多行\n"引号"'
    assert [(r["type"], r["office"], r["number"]) for r in first["rights"]] == [
        ("patent.invention", "CN", "201710601862.3"),
        ("patent", "US", "13/033，085"),
    ]
    assert first["rights"][0]["expires_on"] == "2037-07-21"
    assert (second["trl"], second["rights"][0]["type"]) == (None, "software_copyright")


BAD_ROWS: list[tuple[bytes, str, str]] = [
    (b'{"title": "x"}', "technical_field", "technical_field_needed"),
    (b'{"title": "  ", "ipc": ["G06F"]}', "title", "bad_row"),
    (b'{"title": "a\\u0000b", "ipc": ["G06F"]}', "title", "bad_row"),
    (b'{"title": "x", "ipc": ["G06F", "9"]}', "ipc.1", "bad_ipc"),
    (b'{"title": "x", "ipc": ["G06F"], "trl": 10}', "trl", "bad_row"),
    (b'{"title": "x", "surprise": 1}', "", "bad_row"),
    (b'{"title": "x", "ipc": ["G06F"], "funding": "y"}', "funding", "unknown_code"),
    (
        b'{"title": "x", "ipc": ["G06F"], "transfer_modes": ["assign", "z"]}',
        "transfer_modes.1",
        "unknown_code",
    ),
    (
        b'{"title":"x","ipc":["G06F"],"rights":[{"type":"patent","number":"201710601862.4"}]}',
        "rights.0.number",
        "bad_right_number",
    ),
    (
        b'{"title":"x","ipc":["G06F"],"rights":[{"type":"know_how"},{"number":"1"}]}',
        "rights.1",
        "bad_row",
    ),
    (b'{"title": "\xff\xfe", "ipc": ["G06F"]}', "", "bad_row"),
    (b"not json", "", "bad_row"),
    (b'{"title": "' + b"x" * 2_000_000 + b'"}', "", "bad_row"),
]


async def test_wrong_rows_are_listed_with_their_lines_and_nothing_is_written(
    market: Market,
) -> None:
    user = await market.join("university")
    good = jsonl([ROW])
    content = good + b"\n".join(row for row, _, _ in BAD_ROWS) + b"\n\n" + good
    for dry_run in (True, False):
        response = await send(user, content, dry_run=dry_run)
        assert (response.status_code, response.json()["code"]) == (422, "import_refused")
        body = response.json()
        assert (body["rows"], body["error_count"]) == (len(BAD_ROWS) + 2, len(BAD_ROWS))
        found = [(error["line"], error["field"], error["code"]) for error in body["errors"]]
        assert found == [
            (line, name, code) for line, (_, name, code) in enumerate(BAD_ROWS, start=2)
        ]
        assert all(error["message"] for error in body["errors"])
        assert body["errors"][8]["expected"]["expected"] == "3"
        assert len(response.content) < 20_000
    assert await count(market, "achievement") == 0
    assert await count(market, "audit_event WHERE action = 'achievement.import'") == 0


async def test_a_report_lists_the_first_hundred_wrong_rows(market: Market) -> None:
    user = await market.join("university")
    response = await send(user, b"{}\n" * 5_000)
    assert response.json()["error_count"] == 5_000
    assert [error["line"] for error in response.json()["errors"]] == list(range(1, 101))


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        (b"title,ipc\nx,G06F,more\n", 2, "3 values, right are 2"),
        (b'title,ipc\n"a\nb",G06F\nx,G06F,more\n', 4, "3 values"),
        (b"title,ipc\n\xff,G06F\n", 2, "not UTF-8"),
        (b'title,ipc\nok,G06F\n"open,G06F\n', 3, "rest of the file was not read"),
        (b"title,trl\nok,seven\n", 2, "Expected `int | null`"),
    ],
)
async def test_bad_csv_lines_are_named(
    market: Market, content: bytes, line: int, reason: str
) -> None:
    user = await market.join("university")
    response = await send(user, content, "csv")
    [error] = response.json()["errors"]
    assert error["line"] == line
    assert reason in error["message"]
    assert await count(market, "achievement") == 0


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "title is missing"),
        (b"name,ipc\n", "title is missing"),
        (b"title,colour\n", "unknown column 'colour'"),
        (b"title,ipc,ipc\n", "comes twice"),
        (b'title,"ipc"x\n', "expected after"),
        (b"title,\xff\n", "unknown column"),
    ],
)
async def test_a_bad_header_says_which_columns_there_are(
    market: Market, content: bytes, reason: str
) -> None:
    user = await market.join("university")
    response = await send(user, content, "csv")
    assert (response.status_code, response.json()["code"]) == (422, "bad_header")
    assert reason in response.json()["detail"]
    assert "technical_field" in response.json()["columns"]


async def test_duplicates_are_left_out_of_the_file_and_of_the_market(market: Market) -> None:
    user = await market.join("university")
    other = await market.join("university")
    known = await user.ok(
        "POST",
        "/achievements",
        achievement(rights=[{"type": "patent.invention", "number": "201710601862.3"}]),
    )
    named = await user.ok("POST", "/achievements", achievement(title="Solid State 电池", rights=[]))
    rows = [
        ROW,
        ROW | {"title": "别名", "rights": [{"type": "patent", "number": "cn 114081026 a"}]},
        ROW
        | {"title": "申请", "rights": [{"type": "patent.invention", "number": "2017106018623"}]},
        {"title": "SOLID-STATE电池", "ipc": ["H01M"]},
        {"title": "无号", "ipc": ["H01M"]},
        {"title": "无 号!", "ipc": ["H01M"], "rights": [{"type": "know_how"}]},
        ROW | {"rights": [{"type": "patent", "number": "CN114081026A", "office": "US"}]},
    ]
    expected = [
        {"line": 2, "first_line": 1, "achievement_id": None},
        {"line": 3, "first_line": None, "achievement_id": known["id"]},
        {"line": 4, "first_line": None, "achievement_id": named["id"]},
        {"line": 6, "first_line": 5, "achievement_id": None},
    ]
    for dry_run, status in ((True, 200), (False, 201)):
        response = await send(user, jsonl(rows), dry_run=dry_run)
        assert response.status_code == status, response.text
        report = response.json()
        assert report["duplicates"] == expected
        assert (report["created"], report["duplicate_count"]) == (3, 4)
        assert report["dry_run"] is dry_run
        if dry_run:
            assert await count(market, "achievement") == 2
    assert await count(market, "achievement") == 5
    again = (await send(user, jsonl(rows))).json()
    assert (again["created"], again["duplicate_count"]) == (0, 7)
    assert await count(market, "achievement") == 5
    theirs = (await send(other, jsonl(rows))).json()
    assert theirs["created"] == 5


async def test_two_imports_of_one_file_at_once_write_it_once(market: Market) -> None:
    user = await market.join("university")
    rows = [
        ROW | {"title": f"装置{n}", "rights": [{"type": "patent", "number": f"CN{114000000 + n}A"}]}
        for n in range(500)
    ] + [{"title": f"软件{n}", "ipc": ["G06F"]} for n in range(500)]
    answers = await asyncio.gather(*(send(user, jsonl(rows)) for _ in range(3)))
    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert sorted(answer.json()["created"] for answer in answers) == [0, 0, 1_000]
    assert await count(market, "achievement") == 1_000


async def test_an_import_is_for_traders_with_its_scope(market: Market) -> None:
    user = await market.join("university")
    office = await market.join("registration_office")
    made = await user.ok("POST", "/auth/keys", {"name": "reader", "scopes": ["read", "trade"]})
    key = User(market.client, made["secret"], user.organisation_id)
    assert (await send(office, jsonl([ROW]))).json()["code"] == "role_required"
    assert (await send(key, jsonl([ROW]))).json()["code"] == "scope_required"
    assert (await send(market.anonymous, jsonl([ROW]))).status_code == 401
    assert await count(market, "achievement") == 0


def chinese_patents() -> Iterable[dict[str, Any]]:
    kinds = {"U": "utility_model", "Y": "utility_model", "S": "design"}
    with (DATA / "cn_patent_titles_ipc.jsonl").open(encoding="utf-8") as file:
        for line in file:
            patent = json.loads(line)
            number = patent["publication_numbers"]
            kind = kinds.get(number.rstrip("0123456789")[-1], "invention")
            yield {
                "title": patent["title"],
                "ipc": patent["ipc_subclasses"],
                "rights": [{"type": f"patent.{kind}", "number": number}],
            }


def nasa_patents() -> Iterable[dict[str, Any]]:
    with (DATA / "nasa_patents.csv").open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file, delimiter=";"):
            right = {
                "type": "patent",
                "office": "US",
                "number": row["Application SN"].strip() or row["Case Number"],
                "status": row["Status"],
            }
            if expires := american_date(row["Patent Expiration Date"]):
                right["expires_on"] = expires.isoformat()
            yield {
                "title": row["Title"][:200],
                "technical_field": "aerospace",
                "rights": [right],
            }


def american_date(written: str) -> date | None:
    for form in ("%m/%d/%Y", "%d %B %Y"):
        try:
            return datetime.strptime(written.strip(), form).replace(tzinfo=UTC).date()
        except ValueError:
            continue
    return None


def nasa_software() -> Iterable[dict[str, Any]]:
    for row in json.loads((DATA / "nasa_software.json").read_text(encoding="utf-8")):
        yield {
            "title": row["Software"][:200],
            "summary": row["Description"],
            "technical_field": "aerospace",
            "rights": [{"type": "software_copyright", "office": "US"}],
        }


@pytest.mark.parametrize(
    ("source", "rows"),
    [(chinese_patents, 7_000), (nasa_patents, 1_393), (nasa_software, 601)],
)
async def test_the_real_files_come_in_whole(market: Market, source: Any, rows: int) -> None:
    user = await market.join("institute")
    given = list(source())
    response = await send(user, jsonl(given))
    assert response.status_code == 201, response.text
    report = response.json()
    numbers = {row["rights"][0].get("number") for row in given} - {None}
    assert report["rows"] == rows == len(given)
    assert report["created"] + report["duplicate_count"] == rows
    if numbers:
        assert report["created"] == len(numbers)
    for table in ("achievement", "achievement_owner", "achievement_right"):
        assert await count(market, table) == report["created"]
    async with market.sessions() as session:
        stored = await session.execute(text("SELECT number FROM achievement_right"))
        assert set(stored.scalars()) - {None} == numbers
    assert (await send(user, jsonl(given))).json()["created"] == 0
