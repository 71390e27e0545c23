"""The regional tables of rules.md 8.4, recomputed from contracts that sum to them.

The contracts are made: as many as each cell counts, with amounts that sum to it exactly, and for
a cell that has no published count a hundred. What is compared is computed by the aggregates.
"""

from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.db import Sessions
from app.statistics import queries, repository, rules, service
from app.statistics.queries import Asked
from app.statistics.states import GroupBy
from tests.statistics.lines import Line, add

YI = 10**10
"""100 million yuan in fen."""

POINTS = 20
"""Tolerance for growth from rounded cells: 0.2 percentage points (rules.md 8.4)."""


@pytest.fixture
async def session(sessions: Sessions) -> AsyncIterator[AsyncSession]:
    """On a database of its own: rows that other tests rolled back would mislead the planner."""
    async with sessions() as made:
        yield made


def fen(yi: str) -> int:
    return int(Decimal(yi) * YI)


HUNAN = {
    # class: contracts, amount and technical amount of 2016 and 2017, and the published growth
    "development": ((2223, "23.00", "20.03"), (2191, "30.17", "26.10"), (-144, 3119, 3032)),
    "transfer": ((207, "9.29", "8.51"), (221, "24.45", "23.61"), (676, 16305, 17748)),
    "service": ((1350, "67.12", "18.03"), (2700, "141.85", "72.26"), (10000, 11135, 30089)),
    "consulting": ((196, "6.22", "3.58"), (611, "6.64", "3.63"), (21173, 691, 124)),
}


async def live(
    session: AsyncSession, group_by: GroupBy, year: int
) -> tuple[dict[str, rules.Sums], rules.Sums]:
    """Cells and total of a year from the aggregates."""
    await service.rebuild(session)
    first, last = date(year, 1, 1), date(year, 12, 31)
    found = await repository.live(session, [group_by.value, "total"], first, last)
    return found[group_by.value], found["total"][""]


def share_bp(part: rules.Sums, whole: rules.Sums) -> int:
    return round(part.total_fen * 10_000 / whole.total_fen)


async def hunan(session: AsyncSession) -> None:
    for name, (before, now, _) in HUNAN.items():
        for year, (count, amount, technical) in ((2016, before), (2017, now)):
            await add(
                session,
                Line(
                    count=count,
                    total_fen=fen(amount),
                    technical_fen=fen(technical),
                    contract_class=name,
                    day=date(year, 6, 1),
                ),
            )


async def test_hunan_2016_and_2017(session: AsyncSession) -> None:
    await hunan(session)
    before, total_before = await live(session, GroupBy.CONTRACT_CLASS, 2016)
    now, total = await live(session, GroupBy.CONTRACT_CLASS, 2017)
    assert {name: sums.count for name, sums in before.items()} == {
        name: row[0][0] for name, row in HUNAN.items()
    }
    assert (total_before.count, total.count) == (3976, 5723)
    # 2016 sums to 105.63, published as 105.62; all other sums are exact.
    assert abs(total_before.total_fen - fen("105.62")) == fen("0.01")
    assert total.total_fen == fen("203.11")
    assert (total_before.technical_fen, total.technical_fen) == (fen("50.15"), fen("125.60"))
    for name, (_, _, published) in HUNAN.items():
        grown = (
            rules.growth_bp(now[name].count, before[name].count),
            rules.growth_bp(now[name].total_fen, before[name].total_fen),
            rules.growth_bp(now[name].technical_fen, before[name].technical_fen),
        )
        for computed, said in zip(grown, published, strict=True):
            assert computed is not None
            assert abs(computed - said) <= POINTS, (name, computed, said)
    for computed, said in (
        (rules.growth_bp(total.count, total_before.count), 4394),
        (rules.growth_bp(total.total_fen, total_before.total_fen), 9230),
        (rules.growth_bp(total.technical_fen, total_before.technical_fen), 15047),
    ):
        assert computed is not None
        assert abs(computed - said) <= POINTS
    technical = {
        name: round(sums.technical_fen * 1000 / sums.total_fen) for name, sums in now.items()
    }
    assert technical == {"development": 865, "transfer": 966, "service": 509, "consulting": 547}
    assert round(total.technical_fen * 1000 / total.total_fen) == 618


async def test_hubei_first_half_of_2021(session: AsyncSession) -> None:
    counted = (("service", "661.21", 9000), ("development", "190.57", 8000))
    rest = (("consulting", "117.14", 4000), ("transfer", "12.85", 198))
    for name, amount, count in (*counted, *rest):
        await add(
            session,
            Line(count=count, total_fen=fen(amount), contract_class=name, day=date(2021, 5, 6)),
        )
    _, total = await live(session, GroupBy.CONTRACT_CLASS, 2021)
    assert (total.count, total.total_fen) == (21_198, fen("981.77"))


@pytest.mark.parametrize(
    ("group_by", "parts", "shares"),
    [
        # Hubei 2021 H1: enterprises 79.87 %, inside the province 54.13 %, 先进制造 25.17 %
        (
            GroupBy.SELLER_KIND,
            {"enterprise": "784.19", "university": "197.58"},
            {"enterprise": 7987},
        ),
        (GroupBy.BUYER_REGION, {"420000": "531.43", "310000": "450.34"}, {"420000": 5413}),
        (
            GroupBy.TECHNICAL_FIELD,
            {"advanced_manufacturing": "247.08", "agriculture": "734.69"},
            {"advanced_manufacturing": 2517},
        ),
        # Shaanxi 2022, whose total of 3053.5 is rounded to a tenth: service 75.62 %,
        # development 22.3 %, 城市建设 42.31 %; universities published as 2.26 % (truncated)
        (
            GroupBy.CONTRACT_CLASS,
            {"service": "2309.19", "development": "681.06", "consulting": "63.25"},
            {"service": 7562, "development": 2230},
        ),
        (
            GroupBy.TECHNICAL_FIELD,
            {"urban_social_development": "1291.89", "agriculture": "1761.61"},
            {"urban_social_development": 4231},
        ),
        (
            GroupBy.SELLER_KIND,
            {"university": "69.27", "research_institute": "146.6", "enterprise": "2837.63"},
            {"university": 2_27, "research_institute": 4_80},
        ),
    ],
)
async def test_published_shares(
    session: AsyncSession, group_by: GroupBy, parts: dict[str, str], shares: dict[str, int]
) -> None:
    for key, amount in parts.items():
        line = {group_by.value: key, "total_fen": fen(amount), "count": 100}
        await add(session, Line(**line, day=date(2022, 3, 3)))
    found, total = await live(session, group_by, 2022)
    for key, said in shares.items():
        assert abs(share_bp(found[key], total) - said) <= 1, key


async def test_beijing_by_five_year_periods(session: AsyncSession) -> None:
    """2023 grew by 12.1 % in contracts and 7.4 % in amount; 12th FYP is 2.5 times the 11th."""
    await add(
        session,
        Line(count=500, total_fen=fen("5422.9") - fen("1579.5"), day=date(2008, 5, 5)),
        Line(count=500, total_fen=fen("1579.5"), technical_fen=fen("1066.2"), day=date(2010, 5, 5)),
        Line(count=500, total_fen=fen("13788.6") - fen("3452.6"), day=date(2013, 5, 5)),
        Line(count=500, total_fen=fen("3452.6"), technical_fen=fen("2769.0"), day=date(2015, 5, 5)),
    )
    await service.rebuild(session)
    spans = [(2006, 2010), (2011, 2015), (2010, 2010), (2015, 2015)]
    eleventh, twelfth, y2010, y2015 = [
        (await repository.live(session, ["total"], date(a, 1, 1), date(b, 12, 31)))["total"][""]
        for a, b in spans
    ]
    assert round(twelfth.total_fen / eleventh.total_fen, 1) == 2.5
    assert round(y2015.total_fen / y2010.total_fen, 1) == 2.2
    assert [round(y.technical_fen * 1000 / y.total_fen) for y in (y2010, y2015)] == [675, 802]


async def test_the_remaining_growths_and_flows(session: AsyncSession) -> None:
    """Hubei +18.83 % and +57.53 %, Shaanxi +30.3 %, Beijing +12.1 %, +7.4 %, 748.7 to 津冀."""
    years = {
        2020: (17_839, "623.23"),
        2021: (21_198, "981.77"),
    }
    for year, (count, amount) in years.items():
        await add(session, Line(count=count, total_fen=fen(amount), day=date(year, 3, 3)))
    for day, amount, count, buyer in (
        (date(2022, 3, 3), "7948.7", 95_052, "110000"),
        (date(2023, 3, 3), "7788.2", 100_000, "110000"),
        (date(2023, 4, 3), "500.7", 4_000, "130000"),
        (date(2023, 4, 3), "248.0", 2_552, "120000"),
    ):
        line = {"seller_region": "110000", "buyer_region": buyer, "count": count}
        await add(session, Line(**line, total_fen=fen(amount), day=day))
    found = {}
    for year in (2020, 2021, 2022, 2023):
        _, found[year] = await live(session, GroupBy.CONTRACT_CLASS, year)
    for year, counts, amounts in ((2021, 1883, 5753), (2023, 1210, 740)):
        now, before = found[year], found[year - 1]
        for computed, said in (
            (rules.growth_bp(now.count, before.count), counts),
            (rules.growth_bp(now.total_fen, before.total_fen), amounts),
        ):
            assert computed is not None
            assert abs(computed - said) <= POINTS, (year, computed)
    assert (found[2023].count, found[2023].total_fen) == (106_552, fen("8536.9"))
    buyers, _ = await live(session, GroupBy.BUYER_REGION, 2023)
    assert buyers["120000"].total_fen + buyers["130000"].total_fen == fen("748.7")
    area = rules.areas(buyers)["beijing_tianjin_hebei"]
    assert area is not None
    assert area.total_fen == fen("8536.9")


async def test_the_published_tables_say_the_same(session: AsyncSession) -> None:
    """What the public reads of Hunan, once its periods are closed and published."""
    await hunan(session)
    now = (await session.execute(text("SELECT clock_timestamp()"))).scalar_one()
    while due := await repository.due_period(session, now, 1):
        await service.close_or_publish(session, due[0], now)
    asked = Asked(GroupBy.CONTRACT_CLASS, date(2017, 1, 1), date(2017, 12, 31))
    found = await queries.table(session, None, asked)
    grown = {row.key: row.total_growth_bp for row in found.rows}
    assert {name: abs((grown[name] or 0) - row[2][1]) <= POINTS for name, row in HUNAN.items()} == (
        dict.fromkeys(HUNAN, True)
    )
    assert (found.total.count, found.total.total_fen) == (5723, fen("203.11"))
    assert found.published_until == date(2017, 12, 31)
