"""The story of the sample market: rounds of past trades, and the present."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import cycle
from uuid import UUID

from app.auctions import service as auctions
from app.contracts import service as contracts
from app.deals import service as deals
from app.deals.states import DealState
from app.kit import calendar_store, clock
from app.kit.actor import Actor
from app.kit.calendar import end_of_day, local_day
from app.kit.db import Sessions
from app.kit.opening import known_openers
from app.kit.patents import patent_register
from app.kit.settings import Settings
from app.ledger.bank import SimulatedBank, bank_root
from app.parties import service as parties
from app.registrations import service as registrations
from app.sample.formats import SALES, Sale
from app.sample.people import Cast
from app.sample.trades import Patent, Terms, Trade, Traders
from app.worker import settle

CLOSING_SOON = timedelta(minutes=8)
CLOSING_LATER = timedelta(hours=20)
OPENING_SOON = timedelta(hours=2)
JUST_ENDED = timedelta(minutes=30)
JUST_OPENED = timedelta(hours=1)
LIVE_LISTINGS = 40
REGISTERED_SHARE = 0.9
SETTLED = 2
"""How many contracts of a round are paid in part, with a plan of distribution."""

Office = tuple[Actor, Actor]


class Story:
    """Moves the market clock, and has the cast trade."""

    def __init__(
        self,
        settings: Settings,
        database_url: str,
        sessions: Sessions,
        cast: Cast,
        dice: random.Random,
        patents: list[Patent],
    ) -> None:
        self.settings = settings
        self.database_url = database_url
        self.sessions = sessions
        self.cast = cast
        self.dice = dice
        self.patents: Iterator[Patent] = iter(patents)
        self.sellers: Iterator[Actor] = cycle(cast.universities)
        self.openers = known_openers(settings)
        bank = SimulatedBank(bank_root(settings))
        register = patent_register(settings)
        self.traders = Traders(sessions, cast.operator, dice, bank, register)

    async def now(self) -> datetime:
        """Market time."""
        async with self.sessions() as session:
            return await clock.now(session)

    async def go_to(self, moment: datetime) -> None:
        """Move market time forward to `moment`; what fell due on the way is handled."""
        async with self.sessions() as session, session.begin():
            await clock.advance_to(session, moment)
        await settle(self.database_url, self.sessions, self.settings)

    async def offer(self, terms: Terms, bidders: int | None = None) -> Trade:
        """A listing handed in for review, with bidders who will want it."""
        count = (
            self.dice.choices((0, 1, 2, 3, 4), (1, 3, 4, 2, 1))[0] if bidders is None else bidders
        )
        wanting = self.dice.sample(self.cast.enterprises, count)
        trade = await self.traders.draft(next(self.sellers), [next(self.patents)], wanting, terms)
        await self.traders.submit(trade)
        return trade

    async def round_of_trades(self, begin: datetime, count: int) -> None:
        """Trades from their listing to the register, about seven weeks."""
        await self.go_to(begin)
        trades = [await self.offer(Terms()) for _ in range(count)]
        await self.list_and_qualify(trades)
        await self.go_to(await self.close_of(trades) + timedelta(seconds=1))
        for trade in trades:
            await self.compete(trade)
        await self.go_to(await self.now() + timedelta(hours=26))
        concluded = [(trade, await self.contract_of(trade)) for trade in trades]
        signed = [(trade, contract) for trade, contract in concluded if contract is not None]
        await self.go_to(await self.publicity_end())
        for trade, (contract_id, buyer) in signed:
            await self.traders.sign(contract_id, [trade.seller, buyer])
        await self.go_to(await self.now() + timedelta(days=3))
        shown = self.cast.universities[0]  # whom visitors log in as
        for trade, (contract_id, buyer) in sorted(signed, key=lambda one: one[0].seller != shown)[
            :SETTLED
        ]:
            await self.traders.pay(trade.seller, buyer, contract_id)
            await self.traders.share_income(trade.seller, contract_id)
        waiting = [
            await self.hand_in(trade, contract_id)
            for trade, (contract_id, _) in signed
            if self.dice.random() < REGISTERED_SHARE
        ]
        await self.go_to(await self.now() + timedelta(days=4))
        for office, registration_id in waiting:
            await self.register(office, registration_id)
        await settle(self.database_url, self.sessions, self.settings)

    async def list_and_qualify(self, trades: list[Trade]) -> None:
        """The operator publishes; a day later bidders qualify, and the bank reports their money."""
        for trade in trades:
            await self.traders.approve(trade)
        await self.go_to(await self.now() + timedelta(days=1))
        for trade in trades:
            await self.traders.qualify(trade)
        await settle(self.database_url, self.sessions, self.settings)

    async def close_of(self, trades: list[Trade]) -> datetime:
        """When the last of these listings closes."""
        async with self.sessions() as session:
            calendar = await calendar_store.calendar(session)
            listed = await clock.now(session) - timedelta(days=1)
            longest = max(trade.working_days for trade in trades)
            return end_of_day(calendar.end_of_working_days(local_day(listed), longest).day)

    async def compete(self, trade: Trade) -> None:
        """Bid, if anyone wanted it."""
        if not trade.bidders:
            return
        for auction_id in await self.auctions_of(trade):
            await self.traders.bid(trade, auction_id, self.dice.randint(2, 7))

    async def auctions_of(self, trade: Trade) -> list[UUID]:
        """The auction of a trade's listing; none if nobody qualified."""
        async with self.sessions() as session:
            found = await auctions.auction_list(
                session,
                state=None,
                seller_id=None,
                listing_id=trade.listing_id,
                bidder_id=None,
                by_end=False,
                after=None,
                limit=1,
            )
            return [auction.id for auction in found]

    async def contract_of(self, trade: Trade) -> tuple[UUID, Actor] | None:
        """The contract of a trade that was concluded, and its buyer."""
        async with self.sessions() as session, session.begin():
            found = await deals.deal_list(
                session,
                trade.seller,
                mine=True,
                state=None,
                seller_id=None,
                buyer_id=None,
                listing_id=trade.listing_id,
                transfer_mode=None,
                after=None,
                limit=1,
            )
            for deal in found:
                [contract] = await contracts.contract_list(
                    session, trade.seller, state=None, deal_id=deal.id, after=None, limit=1
                )
                buyer = next(b for b in trade.bidders if b.organisation_id == deal.buyer_id)
                return contract.id, buyer
            return None

    async def publicity_end(self) -> datetime:
        """When results that are recorded today have been public for long enough to sign."""
        async with self.sessions() as session:
            now = await clock.now(session)
            newest = await deals.deal_list(
                session,
                None,
                mine=False,
                state=DealState.CONCLUDED,
                seller_id=None,
                buyer_id=None,
                listing_id=None,
                transfer_mode=None,
                after=None,
                limit=1,
            )
        return max([now, *(deal.publicity_ends_at for deal in newest)])

    async def hand_in(self, trade: Trade, contract_id: UUID) -> tuple[Office, UUID]:
        """The seller applies for registration at the office of its province."""
        async with self.sessions() as session:
            seller = await parties.facts(session, trade.seller.require_party())
        office = self.cast.offices[seller.region_code[:2]]
        made = await self.traders.apply_for_registration(
            trade.seller, contract_id, office[0].require_party()
        )
        return office, made

    async def accept(self, office: Office, registration_id: UUID) -> None:
        """The first registrar accepts the application."""
        async with self.sessions() as session, session.begin():
            await registrations.accept(session, office[0], registration_id)

    async def register(self, office: Office, registration_id: UUID) -> None:
        """Two registrars decide: one accepts, the other registers."""
        await self.accept(office, registration_id)
        async with self.sessions() as session, session.begin():
            await registrations.register(session, office[1], registration_id)

    async def recent_trades(self) -> None:
        """Trades that stand between the deal and the register today."""
        trades = [await self.offer(Terms(), bidders=2) for _ in range(6)]
        await self.list_and_qualify(trades)
        await self.go_to(await self.close_of(trades) + timedelta(seconds=1))
        for trade in trades:
            await self.compete(trade)
        await self.go_to(await self.now() + timedelta(hours=26))
        ready = [(trade, await self.contract_of(trade)) for trade in trades]
        await self.go_to(await self.publicity_end())
        for stage, (trade, contract) in enumerate(ready):
            if contract is None or stage == 0:
                continue
            contract_id, buyer = contract
            parties = [trade.seller] if stage == 1 else [trade.seller, buyer]
            await self.traders.sign(contract_id, parties)
            if stage >= 3:
                office, registration_id = await self.hand_in(trade, contract_id)
                if stage >= 4:
                    await self.accept(office, registration_id)

    async def present(self) -> None:
        """Listings and auctions at every stage, and market time is real time again."""
        async with self.sessions() as session:
            real = await clock.real_now(session)
            calendar = await calendar_store.calendar(session)
        days = [local_day(real) - timedelta(days=back) for back in range(30, 1, -1)]
        closing = [(day, end_of_day(calendar.end_of_working_days(day, 5).day)) for day in days]
        begin, closes = [pair for pair in closing if pair[1] < real - timedelta(hours=1)][-1]
        await self.go_to(max(end_of_day(begin) - timedelta(hours=14), await self.now()))
        stages = [
            (real + CLOSING_SOON, timedelta(0)),
            (real + CLOSING_LATER, timedelta(0)),
            (real + CLOSING_LATER, real + OPENING_SOON - closes),
            (real - JUST_ENDED, timedelta(0)),
        ]
        trades = [
            await self.offer(_ending(closes, ends, opens), bidders=0) for ends, opens in stages
        ]
        rivals = tuple(self.cast.enterprises[:4])
        trades = [trade.wanted_by(rivals) for trade in trades]
        sales = [(sale, await self.prepare(sale, closes, real)) for sale in self.sales()]
        await self.list_and_qualify([*trades, *(trade for _, trade in sales)])
        live = [await self.offer(Terms(working_days=n % 10 + 10)) for n in range(LIVE_LISTINGS)]
        for trade in live:
            await self.traders.approve(trade)
        for trade in live[::3]:
            await self.traders.qualify(trade)
        await self.go_to(closes + timedelta(seconds=2))
        for trade in (trades[0], trades[1], trades[3]):
            await self.compete(trade)
        for sale, trade in sales:
            for auction_id in await self.auctions_of(trade):
                for bidder, offer in zip(cycle(trade.bidders), sale.offers(trade), strict=False):
                    await self.traders.offer(bidder, auction_id, offer)
        for number in range(4):
            trade = await self.traders.draft(
                next(self.sellers), [next(self.patents)], (), Terms(working_days=10)
            )
            if number >= 2:
                await self.traders.submit(trade)
        async with self.sessions() as session:
            real = await clock.real_now(session)
        await self.go_to(real)
        async with self.sessions() as session, session.begin():
            await clock.rejoin_real_time(session)

    def sales(self) -> list[Sale]:
        """The formats that can be held here: sealed bids need somebody who opens them."""
        return [sale for sale in SALES if self.openers is not None or not sale.sealed]

    async def prepare(self, sale: Sale, closes: datetime, real: datetime) -> Trade:
        """A listing with its plan, handed in; four enterprises want it."""
        ends = real - JUST_ENDED if sale.decided else real + CLOSING_LATER
        opens = real - JUST_OPENED - closes if sale.starts_late else timedelta(0)
        terms = replace(_ending(closes, ends, opens), mode=sale.mode)
        patents = [next(self.patents) for _ in range(max(sale.members, 1))]
        rivals = self.cast.enterprises[:4]
        trade = await self.traders.draft(next(self.sellers), patents, rivals, terms)
        await self.traders.plan(trade, sale.plan(trade), self.openers)
        await self.traders.submit(trade)
        return trade


def _ending(closes: datetime, ends: datetime, opens_after: timedelta) -> Terms:
    """Terms of a listing that closes then, whose auction ends about `ends`."""
    minutes = int((ends - closes - opens_after) / timedelta(minutes=1))
    return Terms(
        bidding_minutes=minutes, opens_after_minutes=int(opens_after / timedelta(minutes=1))
    )
