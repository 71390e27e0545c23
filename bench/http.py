"""Requests per second of a listing's JSON and of a listing search, against a constant endpoint.

The real application (uvicorn on uvloop, an embedded, durable PostgreSQL with a few thousand
published listings) runs in a process of its own. This process keeps 32 connections busy. Every
figure is measured in rounds that alternate with the constant endpoint, so that both meet the same
machine. Prints one JSON line per figure.
"""

import random
from datetime import UTC, date, datetime, timedelta
from itertools import cycle
from statistics import median
from urllib.parse import quote
from uuid import UUID

import uvloop
from sqlalchemy import text

from app.achievements import service as achievements
from app.achievements.schemas import NewAchievement
from app.kit.actor import Actor
from app.kit.calendar import end_of_day
from app.kit.db import make_engine, make_sessions
from app.kit.ids import new_id
from app.kit.log import configure_logging
from app.kit.settings import Settings
from app.listings.models import Listing
from app.main import create_app
from bench import load
from bench.harness import figure, scratch_database

LISTINGS = 3000
CONNECTIONS = 32
ROUNDS = 5
ROUND_S = 1.0
CONSTANT = "/bench/constant"
FIELDS = ("new_materials", "advanced_manufacturing", "electronics_information", "aerospace")
WORDS = (
    *(
        "钙钛矿",
        "太阳能",
        "电池",
        "石墨烯",
        "激光",
        "雷达",
        "机器人",
        "控制",
        "方法",
        "装置",
        "系统",
    ),
    *("制备", "工艺", "催化剂", "锂离子", "电极", "涂层", "传感器", "图像", "识别", "算法", "芯片"),
    *("封装", "无人机", "导航", "复合材料", "高温", "合金", "发酵", "酶", "抗体", "检测", "试剂"),
)


async def constant() -> dict[str, str]:
    """What every figure is compared with: an endpoint that does nothing."""
    return {"status": "ok"}


def serve(database_url: str, port: int) -> None:
    """The server process."""
    settings = Settings(mode="sandbox", log_level="warning", _env_file=None)
    configure_logging(settings)
    app = create_app(settings, database_url)
    load.add_first(app, CONSTANT, constant, "GET")
    load.serve(app, port)


async def insert_listings(database_url: str) -> list[UUID]:
    """Published listings of one seller, written directly; the ids of the listings."""
    chance = random.Random(20260101)
    engine = make_engine(database_url)
    published = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)
    rows: list[Listing] = []
    async with make_sessions(engine)() as session, session.begin():
        seller = new_id()
        await session.execute(
            text(
                "INSERT INTO organisation (id, kind, name, credit_code, region_code, state)"
                " VALUES (:id, 'university', '示范大学', '12100000400000624D', '110108', 'active')"
            ),
            {"id": seller},
        )
        trader = Actor(None, seller, "university", frozenset({"trader"}))
        achievement = await achievements.create(
            session, trader, NewAchievement(title="示范成果", technical_field=FIELDS[0])
        )
        for number in range(LISTINGS):
            title = "".join(chance.sample(WORDS, 5)) + str(number)
            summary = ",".join("".join(chance.sample(WORDS, 4)) for _ in range(8))
            listing = Listing(
                id=new_id(),
                achievement_id=achievement.id,
                seller_id=seller,
                seller_name="示范大学",
                title=title,
                summary=summary,
                technical_field=chance.choice(FIELDS),
                ipc=["H01L31/04"],
                region_code="110108",
                transfer_mode="license",
                license_manner="ordinary",
                disclosure_working_days=20,
                prolong_working_days=0,
                prolongations_max=0,
                requirements=[],
                price_fen=chance.randrange(1_000_000, 900_000_000, 10_000),
                deposit_fen=0,
                increment_fen=1_000_000,
                extension_s=300,
                bidding_minutes=1440,
                opens_after_minutes=0,
                conditions="",
                state="published",
                listed_at=published + timedelta(seconds=number),
                published_at=published + timedelta(seconds=number),
                disclosure_from=date(2026, 9, 1),
                closes_at=end_of_day(date(2026, 9, 29)),
                calendar_version="bench",
            )
            listing.judge("university", None, date(2026, 9, 1))
            rows.append(listing)
        session.add_all(rows)
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text("VACUUM ANALYZE"))
    await engine.dispose()
    return [row.id for row in rows]


def measure(port: int, name: str, paths: list[str], pid: int) -> None:
    """After a warm-up, every round of the figure is followed by one of the constant."""
    rates: list[float] = []
    constants: list[float] = []
    requests = cycle([load.get(path) for path in paths])
    nothing = load.get(CONSTANT)
    for number in range(ROUNDS + 1):
        done = uvloop.run(load.load(port, lambda: next(requests), ROUND_S, connections=CONNECTIONS))
        idle = uvloop.run(load.load(port, lambda: nothing, ROUND_S, connections=CONNECTIONS))
        if number > 0:
            rates.append(done.per_second)
            constants.append(idle.per_second)
    figure(
        name,
        median(rates),
        "requests/s",
        baseline=("constant_endpoint", median(constants)),
        peak_mib=load.peak_mib(pid),
    )


def searches() -> list[str]:
    """Searches with words, a field and a sort."""
    return [
        f"/api/v1/listings?q={quote(word)}&technical_field={field}&sort={sort}"
        for word in WORDS
        for field in FIELDS
        for sort in ("price", "newest")
    ]


def main() -> None:
    """Measure and print."""
    with scratch_database() as database_url:
        ids = uvloop.run(insert_listings(database_url))
        random.Random(1).shuffle(ids)
        with load.server_process(serve, database_url) as (port, pid):
            details = [f"/api/v1/listings/{item}" for item in ids]
            measure(port, "listing_detail", details, pid)
            measure(port, "listing_search", searches(), pid)


if __name__ == "__main__":
    main()
