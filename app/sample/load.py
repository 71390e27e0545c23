"""Loads the sample market: three years of trades, then a present with something at every stage.

The market clock of an empty sandbox starts in the past and is moved forward as the story goes,
so that every deadline is met by the same ticks and jobs as in real trading. At the end market time
is real time again. The same seed makes the same trades; only the dates follow the day of loading.
"""

import json
import random
from datetime import timedelta
from importlib.resources import files

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from app.kit import clock, codes
from app.kit.actor import Actor
from app.kit.db import Sessions, make_engine, make_sessions
from app.kit.settings import Settings
from app.ledger import service as ledger
from app.parties import service as parties
from app.parties.states import OrganisationKind, Role
from app.registrations import service as registrations
from app.registrations.schemas import OfficeCodes
from app.sample.demands import post_demands
from app.sample.people import (
    BROKERS,
    DEMO_LOGINS,
    ENTERPRISES,
    Cast,
    Registrar,
    colleague,
    university_regions,
)
from app.sample.story import Story
from app.sample.trades import SETTLEMENT_ACCOUNT, Patent, patents

SEED = 2026
BEIJING = "11"
YEARS = 3
ROUNDS = 5
TRADES_PER_ROUND = 8


async def load(settings: Settings, database_url: str, console: Console) -> None:
    """Load the sample market into an empty sandbox; do nothing when the market has parties."""
    settings = settings.model_copy(update={"bank": "simulated"})
    engine = make_engine(database_url, pool_size=4)
    try:
        sessions = make_sessions(engine)
        async with sessions() as session:
            empty = await parties.market_is_empty(session)
        if not empty:
            return
        await _tell(settings, database_url, sessions, console)
    finally:
        await engine.dispose()


async def _tell(
    settings: Settings, database_url: str, sessions: Sessions, console: Console
) -> None:
    dice = random.Random(SEED)  # noqa: S311 - a story, not a secret
    async with sessions() as session, session.begin():
        real = await clock.real_now(session)
        start = (real - timedelta(days=365 * YEARS)).replace(hour=1, minute=0, second=0)
        await clock.rewind_empty_market(session, sandbox=settings.sandbox, to=start, rate=1.0)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    ) as progress:
        shown = progress.add_task("sample market 示例市场", total=ROUNDS + 3)
        cast = await _people(sessions)
        progress.advance(shown)
        story = Story(settings, database_url, sessions, cast, dice, _patents(dice))
        step = (real - timedelta(days=40) - start) / ROUNDS
        for number in range(ROUNDS):
            await story.round_of_trades(start + step * number, TRADES_PER_ROUND)
            progress.advance(shown)
        await story.recent_trades()
        progress.advance(shown)
        await story.present()
        await post_demands(sessions, cast)
        progress.advance(shown)


def _patents(dice: random.Random) -> list[Patent]:
    text = (files("app.sample") / "data" / "patents.jsonl").read_text(encoding="utf-8")
    chosen = patents([json.loads(line) for line in text.splitlines()])
    dice.shuffle(chosen)
    return chosen


async def _people(sessions: Sessions) -> Cast:
    """Found the platform and have everyone registered and approved."""
    registrar = Registrar(sessions)
    admin = await registrar.install("国家技术交易网络运营中心", "110108", "admin@market.example")
    operator_admin = await registrar.join(
        admin,
        OrganisationKind.EXCHANGE_OPERATOR,
        "示例技术交易所",
        "310104",
        "operator@market.example",
    )
    cast = Cast(admin=admin, operator=operator_admin)
    async with registrar.sessions() as session, session.begin():
        await ledger.choose_settlement_account(session, admin, SETTLEMENT_ACCOUNT)
    await registrar.join(
        admin, OrganisationKind.REGULATOR, "示例科技主管部门", "110108", "regulator@market.example"
    )
    universities = [
        registrar.join(
            operator_admin,
            OrganisationKind.UNIVERSITY,
            name,
            region,
            "university@market.example" if index == 0 else f"university{index}@market.example",
        )
        for index, (name, region) in enumerate(university_regions())
    ]
    enterprises = [
        registrar.join(
            operator_admin,
            OrganisationKind.ENTERPRISE,
            f"{name}有限公司(示例)",
            region,
            f"enterprise{'' if index == 0 else index + 1}@market.example",
        )
        for index, (name, region) in enumerate(ENTERPRISES)
    ]
    brokers = [
        registrar.join(
            operator_admin,
            OrganisationKind.BROKER,
            f"{name}(示例)",
            region,
            f"broker{'' if index == 0 else index + 1}@market.example",
        )
        for index, (name, region) in enumerate(BROKERS)
    ]
    cast.universities = [await joining for joining in universities]
    cast.enterprises = [await joining for joining in enterprises]
    cast.brokers = [await joining for joining in brokers]
    for _, region in university_regions():
        if region[:2] not in cast.offices:
            cast.offices[region[:2]] = await _office(registrar, admin, region)
    return cast


async def _office(registrar: Registrar, admin: Actor, region: str) -> tuple[Actor, Actor]:
    """A province's registration office and its two registrars; Beijing's are the demo's."""
    province = region[:2]
    suffix = "" if province == BEIJING else f"-{province}"
    first = await registrar.join(
        admin,
        OrganisationKind.REGISTRATION_OFFICE,
        f"{codes.region(province + '0000').name}技术合同登记处(示例)",
        region,
        f"registrar{suffix}@market.example",
    )
    async with registrar.sessions() as session, session.begin():
        second = await colleague(
            session, first, f"registrar2{suffix}@market.example", "复核员", [Role.REGISTRAR.value]
        )
        office = OfficeCodes(region4=f"{province}00", point="01")
        await registrations.set_up_office(session, first, office)
    return first, second


__all__ = ["DEMO_LOGINS", "load"]
