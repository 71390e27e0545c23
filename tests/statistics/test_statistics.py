"""What was registered is counted once, and shown without pointing to a unit."""

import csv
import io
from datetime import date, datetime, time
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from app.kit import jobs
from app.kit.calendar import SHANGHAI
from tests.contracts.trades import rows
from tests.market import Market
from tests.registrations.offices import office, registered

SELLERS = [uuid4() for _ in range(6)]
BUYERS = [uuid4() for _ in range(6)]


async def count(market: Market, *facts: dict[str, Any]) -> None:
    """Facts as the job writes them; the registrations behind them are not needed here."""
    async with market.sessions() as session, session.begin():
        await session.execute(text("SET LOCAL session_replication_role = replica"))
        for index, change in enumerate(facts):
            fact = {
                "contract_class": "transfer",
                "field": "new_materials",
                "total": 1000,
                "technical": 900,
                "seller": SELLERS[index % 6],
                "buyer": BUYERS[index % 6],
                "kind": "university",
                "source": "110000",
                "target": "310000",
                "day": date(2025, 3, 4),
            } | change
            fact["at"] = datetime.combine(fact["day"], time(12), tzinfo=SHANGHAI)
            await session.execute(
                text(
                    "INSERT INTO registered_contract (id, registration_id, number,"
                    " contract_class, technical_field, total_fen, technical_fen, seller_id,"
                    " seller_kind, seller_region, buyer_id, buyer_kind, buyer_region, office_id,"
                    " registered_at, registered_on, signed_at) VALUES (uuidv7(), uuidv7(), '1',"
                    " :contract_class, :field, :total, :technical, :seller, :kind, :source,"
                    " :buyer, 'enterprise', :target, uuidv7(), :at, :day, :at)"
                ),
                fact,
            )


def figures(table: dict[str, Any]) -> dict[str, tuple[int | None, int | None]]:
    return {row["key"]: (row["count"], row["total_fen"]) for row in table["rows"]}


async def test_a_registration_is_counted_once(market: Market) -> None:
    at = await office(market)
    trade, done = await registered(market, at)
    await market.settle()
    async with market.sessions() as session, session.begin():
        await jobs.defer(session, "statistics.count", registration_id=done["id"])
    await market.settle()
    [fact] = (await rows(market, "registered_contract"))["registered_contract"]
    assert fact["number"] == done["number"]
    assert UUID(fact["seller_id"]) == trade.seller.organisation_id
    assert (fact["seller_region"], fact["buyer_region"]) == ("110000", "110000")
    assert (fact["seller_kind"], fact["buyer_kind"]) == ("university", "enterprise")
    summary = await market.anonymous.ok("GET", "/statistics/summary")
    assert (summary["count"], summary["total_fen"]) == (1, done["total_fen"])
    [year] = summary["years"]
    assert str(year["year"]) == done["number"][:4]
    assert year["total_growth_bp"] is None
    hidden = await market.anonymous.ok("GET", "/statistics/contracts?group_by=technical_field")
    assert hidden["rows"][0]["suppressed"] is True
    assert hidden["total"]["count"] is None
    regulator = await market.join("regulator")
    shown = await regulator.ok("GET", "/statistics/contracts?group_by=technical_field")
    assert figures(shown) == {"new_materials": (1, done["total_fen"])}


async def test_years_grow_over_the_calendar_year_before(market: Market) -> None:
    await count(
        market,
        {"day": date(2022, 5, 1), "total": 100},
        {"day": date(2024, 12, 31), "total": 1000, "technical": 800},
        {"day": date(2025, 1, 1), "total": 1200, "technical": 1000},
        {"day": date(2025, 6, 1), "total": 300, "technical": 0},
    )
    found = await market.anonymous.ok("GET", "/statistics/summary")
    assert found["count"] == 4
    assert found["total_fen"] == 2600
    by_year = {row["year"]: row for row in found["years"]}
    assert by_year[2024]["total_growth_bp"] is None  # 2023 has no figures
    assert by_year[2025]["count_growth_bp"] == 10_000
    assert by_year[2025]["total_growth_bp"] == 5000
    assert by_year[2025]["technical_growth_bp"] == 2500


async def test_sums_beyond_a_bigint_are_exact(market: Market) -> None:
    largest = 9_000_000_000_000_000_000
    await count(market, *({"total": largest, "technical": largest} for _ in range(3)))
    found = await market.anonymous.ok("GET", "/statistics/contracts?group_by=year")
    assert found["total"]["total_fen"] == 3 * largest


async def test_licences_are_transfers_in_the_four_classes(market: Market) -> None:
    await count(
        market,
        {"contract_class": "license", "total": 1},
        {"contract_class": "transfer", "total": 2},
        {"contract_class": "service", "total": 4},
    )
    path = "/statistics/contracts?group_by=contract_class"
    five = await market.anonymous.ok("GET", path)
    assert figures(five) == {"license": (1, 1), "service": (1, 4), "transfer": (1, 2)}
    assert {row["zh"] for row in five["rows"]} == {"技术许可", "技术转让", "技术服务"}
    four = await market.anonymous.ok("GET", path + "&four_class=true")
    assert figures(four) == {"service": (1, 4), "transfer": (2, 3)}
    assert four["total"] == five["total"]


async def test_the_public_sees_no_cell_of_few_units_and_regulators_see_all(
    market: Market,
) -> None:
    await count(
        market,
        *({"source": "110000"} for _ in range(6)),
        *({"source": "310000"} for _ in range(4)),
        {"source": "330000", "total": 7},
    )
    path = "/statistics/contracts?group_by=seller_region"
    public = await market.anonymous.ok("GET", path)
    assert figures(public) == {
        "110000": (6, 6000),
        "310000": (None, None),  # goes with the only small cell
        "330000": (None, None),
    }
    assert public["total"]["count"] == 11
    regulator = await market.join("regulator")
    assert figures(await regulator.ok("GET", path)) == {
        "110000": (6, 6000),
        "310000": (4, 4000),
        "330000": (1, 7),
    }
    enterprise = await market.join("enterprise")
    assert await enterprise.ok("GET", path) == public


async def test_many_contracts_of_one_buyer_are_one_unit(market: Market) -> None:
    await count(market, *({"field": "aerospace", "buyer": BUYERS[0]} for _ in range(6)))
    path = "/statistics/contracts?group_by=technical_field"
    assert figures(await market.anonymous.ok("GET", path)) == {"aerospace": (None, None)}


@pytest.mark.parametrize(
    ("group_by", "keys"),
    [
        ("year", {"2025"}),
        ("month", {"2025-03"}),
        ("contract_class", {"transfer"}),
        ("technical_field", {"new_materials"}),
        ("seller_region", {"110000"}),
        ("buyer_region", {"310000"}),
        ("seller_kind", {"university"}),
    ],
)
async def test_every_dimension_in_json_and_csv(
    market: Market, group_by: str, keys: set[str]
) -> None:
    await count(market, *({} for _ in range(6)))
    path = f"/statistics/contracts?group_by={group_by}"
    found = await market.anonymous.ok("GET", path)
    assert set(figures(found)) == keys
    assert found["total"] == {
        "count": 6,
        "total_fen": 6000,
        "technical_fen": 5400,
        "suppressed": False,
    }
    table = await market.anonymous.get(path + "&format=csv")
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    [row] = csv.DictReader(io.StringIO(table.text))
    assert {row["key"]} == keys
    assert (row["count"], row["total_fen"], row["suppressed"]) == ("6", "6000", "False")


async def test_flows_from_province_to_province(market: Market) -> None:
    await count(
        market,
        *({"source": "110000", "target": "310000"} for _ in range(3)),
        {"source": "310000", "target": "110000"},
    )
    public = await market.anonymous.ok("GET", "/statistics/flows")
    cells = [(row["seller_zh"], row["buyer_zh"], row["count"]) for row in public["rows"]]
    assert cells == [("北京市", "上海市", 3), ("上海市", "北京市", None)]
    regulator = await market.join("regulator")
    whole = await regulator.ok("GET", "/statistics/flows?from=2025-03-04&to=2025-03-04")
    assert [row["count"] for row in whole["rows"]] == [3, 1]
    assert whole["from"] == "2025-03-04"
    assert (await regulator.ok("GET", "/statistics/flows?from=2025-03-05"))["rows"] == []
    table = await market.anonymous.get("/statistics/flows?format=csv")
    withheld = list(csv.DictReader(io.StringIO(table.text)))[1]
    assert (withheld["seller_region"], withheld["count"], withheld["suppressed"]) == (
        "310000",
        "",
        "True",
    )
    years = await market.anonymous.get("/statistics/summary?format=csv")
    assert [row["year"] for row in csv.DictReader(io.StringIO(years.text))] == ["2025"]


async def test_bad_periods_and_dimensions_are_refused(market: Market) -> None:
    for query, code in (
        ("from=2025-03-02", "period_too_fine"),
        ("to=2025-03-30", "period_too_fine"),
        ("from=2025-04-01&to=2025-03-31", "period_reversed"),
        ("from=yesterday", "date_from_datetime_parsing"),
        ("group_by=buyer_id", "enum"),
        ("format=xlsx", "enum"),
    ):
        answer = await market.anonymous.get(f"/statistics/contracts?{query}")
        assert answer.status_code == 422, query
        assert answer.json()["errors"][0]["code"] == code
    empty = await market.anonymous.ok("GET", "/statistics/contracts")
    assert (empty["rows"], empty["total"]["count"]) == ([], 0)
    assert await market.anonymous.ok("GET", "/statistics/summary") == {
        "count": 0,
        "total_fen": 0,
        "technical_fen": 0,
        "years": [],
    }
