"""Files: what is in them, and that a spreadsheet reads them as they are meant."""

import csv
import io
from datetime import date

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import text

from app.statistics import exports
from tests.market import Market
from tests.statistics.lines import Line, add

NAMES = ("key", "amount")


def sheets(content: bytes) -> dict[str, list[list[object]]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def test_numbers_are_numbers_and_texts_are_never_formulas() -> None:
    rows = [("=1+1", 5), ("农业", 10**15 - 1), ("late", 10**18 + 1), (date(2025, 1, 2), None)]
    [rows_read] = sheets(exports.as_xlsx("table", NAMES, rows)).values()
    assert rows_read == [
        ["key", "amount"],
        ["=1+1", 5.0],
        ["农业", 999_999_999_999_999.0],
        ["late", "1000000000000000001"],
        ["2025-01-02", ""],
    ]


def test_a_full_sheet_is_followed_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "LAST_ROW", 3)
    found = sheets(exports.as_xlsx("t", NAMES, [("a", 1), ("b", 2), ("c", 3)]))
    assert found == {
        "t": [["key", "amount"], ["a", 1.0], ["b", 2.0]],
        "t 2": [["key", "amount"], ["c", 3.0]],
    }


def test_an_empty_table_has_its_heading() -> None:
    assert sheets(exports.as_xlsx("t", NAMES, [])) == {"t": [["key", "amount"]]}
    assert exports.as_csv(NAMES, []) == "key,amount\r\n"


async def test_regulators_export_every_contract_and_it_is_noted(market: Market) -> None:
    async with market.sessions() as session, session.begin():
        await add(session, Line(count=5001, total_fen=5001), Line(day=date(2024, 1, 1)))
    regulator = await market.join("regulator")
    path = "/statistics/export?from=2025-03-01&to=2025-03-31"
    answer = await regulator.get(path)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert (len(rows), sum(int(row["total_fen"]) for row in rows)) == (5001, 5001)
    assert rows[0]["registered_on"] == "2025-03-04"
    assert not {"seller_id", "seller_name", "buyer_id"} & set(rows[0])
    answer = await regulator.get(path + "&format=xlsx")
    [table] = sheets(answer.content).values()
    assert len(table) == 5002
    assert table[1][0] == rows[0]["number"]
    async with market.sessions() as session:
        noted = await session.execute(
            text("SELECT after FROM audit_event WHERE action = 'statistics.export' ORDER BY id")
        )
        span = {"from": "2025-03-01", "to": "2025-03-31"}
        kinds = [span | {"format": "csv"}, span | {"format": "xlsx"}]
        assert noted.scalars().all() == kinds
    for user, status in ((market.anonymous, 401), (await market.join("enterprise"), 403)):
        refused = await user.get(path)
        assert refused.status_code == status
    bad = await regulator.get("/statistics/export?from=2025-02-02&to=2025-02-01")
    assert bad.json()["errors"][0]["code"] == "period_reversed"
