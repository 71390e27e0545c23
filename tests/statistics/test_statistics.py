"""What was registered is counted once, and shown without pointing to a unit."""

import csv
import io
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from app.kit import jobs
from tests.contracts.trades import rows
from tests.market import Market
from tests.registrations.offices import office, registered
from tests.statistics.lines import Line, add


async def published(market: Market, *lines: Line) -> None:
    """Lines of periods that are over: they are counted, closed and published."""
    async with market.sessions() as session, session.begin():
        await add(session, *lines)
    await market.settle()


def figures(table: dict[str, Any]) -> dict[str, tuple[int | None, int | None]]:
    return {row["key"]: (row["count"], row["total_fen"]) for row in table["rows"]}


async def test_a_registration_is_counted_once_and_published_when_its_month_is_over(
    market: Market,
) -> None:
    at = await office(market)
    trade, done = await registered(market, at)
    await market.settle()
    async with market.sessions() as session, session.begin():
        await jobs.defer(session, "statistics.count", registration_id=done["id"])
        await jobs.defer(session, "statistics.recount", registration_id=done["id"])
    await market.settle()
    [fact] = (await rows(market, "statistics_entry"))["statistics_entry"]
    assert fact["number"] == done["number"]
    assert UUID(fact["seller_id"]) == trade.seller.organisation_id
    assert (fact["seller_region"], fact["buyer_region"]) == ("110000", "110000")
    assert (fact["seller_kind"], fact["buyer_kind"]) == ("university", "enterprise")
    assert (await rows(market, "statistics_pending"))["statistics_pending"] == []
    summary = await market.anonymous.ok("GET", "/statistics/summary")
    # The register is public, so is its length; the amount of one contract is not.
    assert (summary["count"], summary["total_fen"], summary["years"]) == (1, 0, [])
    regulator = await market.join("regulator")
    whole = await regulator.ok("GET", "/statistics/summary")
    assert (whole["count"], whole["total_fen"]) == (1, done["total_fen"])
    assert [str(year["year"]) for year in whole["years"]] == [done["number"][:4]]
    shown = await regulator.ok("GET", "/statistics/contracts?group_by=technical_field")
    assert figures(shown) == {"new_materials": (1, done["total_fen"])}

    await market.advance(days=45)
    later = await market.anonymous.ok("GET", "/statistics/contracts?group_by=technical_field")
    assert figures(later) == {"new_materials": (None, None)}
    assert later["total"]["suppressed"] is True
    assert later["published_until"] is not None


async def test_years_grow_over_the_calendar_year_before(market: Market) -> None:
    await published(
        market,
        Line(count=6, day=date(2022, 5, 1), total_fen=100),
        Line(count=6, day=date(2024, 12, 31), total_fen=1000, technical_fen=800),
        Line(count=6, day=date(2025, 1, 1), total_fen=1200, technical_fen=1000),
        Line(count=6, day=date(2025, 6, 1), total_fen=300, technical_fen=0),
    )
    found = await market.anonymous.ok("GET", "/statistics/summary")
    assert (found["count"], found["total_fen"]) == (24, 2600)
    by_year = {row["year"]: row for row in found["years"]}
    assert by_year[2024]["total_growth_bp"] is None  # 2023 has no figures
    assert by_year[2025]["count_growth_bp"] == 10_000
    assert by_year[2025]["total_growth_bp"] == 5000
    assert by_year[2025]["technical_growth_bp"] == 2500
    quarters = await market.anonymous.ok("GET", "/statistics/contracts?group_by=quarter")
    assert figures(quarters) == {
        "2022-Q2": (6, 100),
        "2024-Q4": (6, 1000),
        "2025-Q1": (6, 1200),
        "2025-Q2": (6, 300),
    }
    path = "/statistics/contracts?group_by=seller_kind&from=2025-01-01&to=2025-12-31"
    for user in (market.anonymous, await market.join("regulator")):
        [row] = (await user.ok("GET", path))["rows"]
        assert (row["total_fen"], row["total_growth_bp"], row["mean_fen"]) == (1500, 5000, 125)
    months = await market.anonymous.ok(
        "GET", "/statistics/contracts?group_by=month&from=2025-02-01"
    )
    assert figures(months) == {"2025-06": (6, 300)}


async def test_sums_beyond_a_bigint_are_exact(market: Market) -> None:
    largest = 9_000_000_000_000_000_000
    lines = [
        Line(count=1, first_unit=unit, total_fen=largest, technical_fen=1) for unit in range(3)
    ]
    await published(market, *lines)
    for user in (market.anonymous, await market.join("regulator")):
        found = await user.ok("GET", "/statistics/contracts?group_by=year")
        assert found["total"]["total_fen"] == 3 * largest


async def test_licences_are_transfers_in_the_four_classes(market: Market) -> None:
    await published(
        market,
        *(
            Line(count=6, contract_class=name, sub_class=sub, total_fen=amount, day=day)
            for name, sub, amount, day in (
                ("license", "license.patent_license", 60, date(2021, 3, 1)),
                ("transfer", "transfer.patent_right", 120, date(2021, 3, 1)),
                ("service", "service.training", 240, date(2021, 3, 1)),
                ("transfer", "transfer.patent_right", 90, date(2020, 3, 1)),
            )
        ),
    )
    path = "/statistics/contracts?group_by=contract_class&from=2021-01-01&to=2021-12-31"
    five = await market.anonymous.ok("GET", path)
    assert figures(five) == {"license": (6, 60), "service": (6, 240), "transfer": (6, 120)}
    assert {row["zh"] for row in five["rows"]} == {"技术许可", "技术转让", "技术服务"}
    # Before 2021 a transfer was something else, so that five classes have no growth.
    assert {row["total_growth_bp"] for row in five["rows"]} == {None}
    four = await market.anonymous.ok("GET", path + "&four_class=true")
    assert figures(four) == {"service": (6, 240), "transfer": (12, 180)}
    assert {row["key"]: row["total_growth_bp"] for row in four["rows"]} == {
        "service": None,
        "transfer": 10_000,
    }
    assert four["total"] == five["total"]
    subs = await market.anonymous.ok(
        "GET", path.replace("contract_class", "sub_class") + "&four_class=true"
    )
    assert set(figures(subs)) == {
        "service.training",
        "transfer.patent_license",
        "transfer.patent_right",
    }


async def test_the_public_sees_no_cell_of_few_units_and_regulators_see_all(
    market: Market,
) -> None:
    await published(
        market,
        Line(count=6, seller_region="110000", total_fen=6000),
        Line(count=4, seller_region="310000", total_fen=4000),
        Line(count=1, seller_region="330000", total_fen=7),
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
    assert await (await market.join("enterprise")).ok("GET", path) == public
    stored = (await rows(market, "statistics_published"))["statistics_published"]
    hidden = [row for row in stored if row["withheld"]]
    assert {(row["contracts"], row["total_fen"]) for row in hidden} == {(None, None)}


async def test_many_contracts_of_one_buyer_are_one_unit(market: Market) -> None:
    await published(market, Line(count=6, technical_field="aerospace", units=1), Line(count=9))
    path = "/statistics/contracts?group_by=technical_field"
    assert figures(await market.anonymous.ok("GET", path)) == {
        "aerospace": (None, None),
        "new_materials": (None, None),
    }


@pytest.mark.parametrize("user_kind", ["anonymous", "regulator"])
async def test_every_dimension_in_json_csv_and_xlsx(market: Market, user_kind: str) -> None:
    await published(market, Line(count=6, total_fen=6000))
    user = market.anonymous if user_kind == "anonymous" else await market.join("regulator")
    for group_by, key in (
        ("year", "2025"),
        ("quarter", "2025-Q1"),
        ("month", "2025-03"),
        ("contract_class", "transfer"),
        ("sub_class", "transfer"),
        ("technical_field", "new_materials"),
        ("ip_type", "not_stated"),
        ("plan_category", "not_stated"),
        ("objective", "not_stated"),
        ("seller_region", "110000"),
        ("buyer_region", "310000"),
        ("seller_kind", "university"),
        ("buyer_kind", "enterprise"),
    ):
        path = f"/statistics/contracts?group_by={group_by}"
        found = await user.ok("GET", path)
        assert set(figures(found)) == {key}
        assert found["total"] == {
            "count": 6,
            "total_fen": 6000,
            "technical_fen": 5400,
            "suppressed": False,
        }
    table = await user.get(path + "&format=csv")
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    [row] = csv.DictReader(io.StringIO(table.text))
    assert (row["key"], row["count"], row["total_fen"], row["suppressed"]) == (
        "enterprise",
        "6",
        "6000",
        "False",
    )
    book = await user.get(path + "&format=xlsx")
    assert book.headers["content-disposition"] == 'attachment; filename="buyer_kind.xlsx"'
    assert book.content.startswith(b"PK")


async def test_flows_from_province_to_province_by_whole_years(market: Market) -> None:
    await published(
        market,
        Line(count=6, seller_region="110000", buyer_region="310000"),
        Line(count=6, seller_region="110000", buyer_region="110000"),
        Line(count=6, seller_region="310000", buyer_region="310000"),
        Line(count=1, seller_region="310000", buyer_region="110000"),
    )
    public = await market.anonymous.ok("GET", "/statistics/flows")
    cells = {(row["seller_zh"], row["buyer_zh"]): row["count"] for row in public["rows"]}
    # The one small flow would follow from the tables of output and input: all four hide it.
    assert cells == dict.fromkeys(
        [("北京市", "上海市"), ("北京市", "北京市"), ("上海市", "上海市"), ("上海市", "北京市")]
    )
    assert public["published_until"] == "2025-12-31"
    regulator = await market.join("regulator")
    whole = await regulator.ok("GET", "/statistics/flows?from=2025-03-04&to=2025-03-04")
    assert sorted(row["count"] for row in whole["rows"]) == [1, 6, 6, 6]
    assert whole["from"] == "2025-03-04"
    assert (await regulator.ok("GET", "/statistics/flows?from=2025-03-05"))["rows"] == []
    table = await market.anonymous.get("/statistics/flows?format=csv")
    withheld = next(csv.DictReader(io.StringIO(table.text)))
    assert (withheld["seller_region"], withheld["count"], withheld["suppressed"]) == (
        "110000",
        "",
        "True",
    )
    cut = await market.anonymous.ok("GET", "/statistics/flows?from=2025-02-01")
    assert cut["rows"] == []


async def test_targets_are_public(market: Market) -> None:
    found = await market.anonymous.ok("GET", "/statistics/targets")
    assert [one["target"]["id"] for one in found["progress"]] == [
        "TRANSFER_2010",
        "INNOVATION_2020",
    ]
    assert [one["met_in"] for one in found["progress"]] == [2010, 2019]
    assert len(found["provinces"]) == 27


async def test_bad_periods_and_dimensions_are_refused(market: Market) -> None:
    for query, code in (
        ("from=2025-03-02", "period_too_fine"),
        ("to=2025-03-30", "period_too_fine"),
        ("from=2025-04-01&to=2025-03-31", "period_reversed"),
        ("from=yesterday", "date_from_datetime_parsing"),
        ("group_by=buyer_id", "enum"),
        ("format=pdf", "enum"),
    ):
        answer = await market.anonymous.get(f"/statistics/contracts?{query}")
        assert answer.status_code == 422, query
        assert answer.json()["errors"][0]["code"] == code
    empty = await market.anonymous.ok("GET", "/statistics/contracts")
    assert (empty["rows"], empty["total"]["count"]) == ([], 0)
    assert await market.anonymous.ok("GET", "/statistics/summary") == {
        "count": 0,
        "published_until": None,
        "total_fen": 0,
        "technical_fen": 0,
        "years": [],
    }


async def test_the_page_shows_every_dimension_the_matrix_and_the_targets(market: Market) -> None:
    await published(
        market,
        Line(count=9, total_fen=9_000_000_000),
        Line(count=9, total_fen=9_000_000_000, day=date(2024, 3, 3)),
    )
    page = await market.client.get("/statistics?first=2025-01-01&last=2025-12-31&by=quarter")
    assert page.status_code == 200
    for words in (
        "流向",
        "社会经济目标",
        "2025-Q1",
        "9,000.0 万元",
        "+0.00%",
        "规划目标",
        "北京市",
    ):
        assert words in page.text, words
    wrong = await market.client.get("/statistics?first=2025-01-05")
    assert wrong.status_code == 422


async def test_published_tables_survive_what_comes_later(market: Market) -> None:
    """A later line of a published month does not change it; the journal's row cannot be edited."""
    await published(market, Line(count=6, total_fen=600))
    before = await rows(market, "statistics_published")
    await published(market, Line(count=6, total_fen=60_000))
    assert await rows(market, "statistics_published") == before
    async with market.sessions() as session:
        spans = await session.execute(text("SELECT count(*) FROM statistics_period"))
        assert spans.scalar_one() == 3
