"""How the sample market trades: each step is a use case of the services, in market time."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.achievements import clearances
from app.achievements import service as achievements
from app.achievements.schemas import NewAchievement, NewClearance, NewPackage
from app.achievements.states import ClearanceKind
from app.auctions import bidding, scheduling
from app.auctions.schemas import NewPlan
from app.contracts import payments
from app.contracts import service as contracts
from app.contracts.performance_schemas import NewPayment, PaymentAnswer
from app.contracts.schemas import ContractEdit
from app.contracts.states import ContractClass, PaymentKind
from app.kit import clock
from app.kit.actor import Actor
from app.kit.calendar import local_day
from app.kit.db import Sessions
from app.kit.ids import new_id
from app.kit.opening import Openers
from app.kit.patents import PatentRegister
from app.ledger import service as ledger
from app.ledger.bank import SimulatedBank, payment_in
from app.ledger.messages import BankEntry
from app.ledger.schemas import NewSettlementAccount
from app.listings import service as listings
from app.listings.schemas import ApplicationDecision, ListingReview, NewApplication, NewListing
from app.parties import service as parties
from app.registrations import service as registrations
from app.registrations.schemas import NewRegistration
from app.settlements import service as settlements
from app.settlements.schemas import NewCost
from app.settlements.schemas import NewPlan as NewIncomePlan

YUAN = 100
WAN = 10_000 * YUAN
MODES = (
    ("assign", None),
    ("license", "exclusive"),
    ("license", "ordinary"),
    ("license", "ordinary"),
    ("assign", None),
)
INVENTORS = ("示例完成人甲", "示例完成人乙")
SETTLEMENT_ACCOUNT = NewSettlementAccount(
    number="110060149013000123456",
    name="国家技术交易网络运营中心保证金专户(示例)",
    bank_name="示例银行营业部",
    bank_code="301100000023",
)
PATENT_YEARS = {"invention": 20, "utility_model": 10}


@dataclass(frozen=True)
class Patent:
    """A real publication: number, title and IPC subclasses; what it is worth is invented."""

    number: str
    title: str
    ipc: tuple[str, ...]


@dataclass(frozen=True)
class Trade:
    """One trade on its way."""

    seller: Actor
    patent: Patent
    bidders: tuple[Actor, ...]
    listing_id: UUID
    start_fen: int
    increment_fen: int
    working_days: int
    member_ids: tuple[UUID, ...] = ()

    def wanted_by(self, bidders: tuple[Actor, ...]) -> "Trade":
        """The same trade with these bidders."""
        return replace(self, bidders=bidders)


@dataclass(frozen=True)
class Terms:
    """Terms of a listing that the story of the market needs to set."""

    working_days: int = 5
    bidding_minutes: int = 24 * 60
    opens_after_minutes: int = 0
    mode: tuple[str, str | None] | None = None


class Traders:
    """Runs the use cases, one transaction each."""

    def __init__(
        self,
        sessions: Sessions,
        operator: Actor,
        dice: random.Random,
        bank: SimulatedBank,
        register: PatentRegister,
    ) -> None:
        self.sessions = sessions
        self.bank = bank
        self.operator = operator
        self.dice = dice
        self.register = register

    async def achievement(self, seller: Actor, patent: Patent) -> UUID:
        """Post an achievement with its patent and publish its summary."""
        kind = "utility_model" if patent.number.endswith("U") else "invention"
        async with self.sessions() as session, session.begin():
            now = await clock.now(session)
            expires = date(now.year - 1 + PATENT_YEARS[kind], 1 + now.month % 12, 15)
            made = await achievements.create(
                session,
                seller,
                NewAchievement.model_validate(
                    {
                        "title": patent.title,
                        "summary": f"{patent.title}。示例数据:专利名称与分类为真实公开信息,"
                        "其余内容为虚构。 Sample data: title and classes are real, the rest is "
                        "invented.",
                        "details": "虚构的技术细节,仅供授权方查阅。",
                        "ipc": list(patent.ipc),
                        "trl": self.dice.randint(3, 9),
                        "transfer_modes": ["assign", "license"],
                        "rights": [
                            {
                                "type": f"patent.{kind}",
                                "number": patent.number,
                                "title": patent.title,
                                "expires_on": expires,
                            }
                        ],
                        "persons": [{"name": name} for name in INVENTORS],
                    }
                ),
            )
            await achievements.publish(session, seller, made.id, now)
            for name in INVENTORS:
                waiver = NewClearance(
                    kind=ClearanceKind.INVENTOR_STATEMENT,
                    subject=name,
                    statement="waived",
                    document="放弃优先受让权声明(示例)",
                    dated_on=local_day(now),
                )
                await clearances.add(session, seller, made.id, waiver, now)
            return made.id

    async def package(self, seller: Actor, patents: Sequence[Patent]) -> tuple[UUID, list[UUID]]:
        """Post achievements and a package of them, published; gives its id and theirs."""
        members = [await self.achievement(seller, patent) for patent in patents]
        async with self.sessions() as session, session.begin():
            new = NewPackage(
                title=f"{patents[0].title}等{len(patents)}项专利组合",
                summary="可整体受让,也可单项受让。 Sold together or one by one.",
                transfer_modes=["assign"],
                member_ids=members,
            )
            made = await achievements.create_package(session, seller, new)
            await achievements.publish(session, seller, made.id, await clock.now(session))
            return made.id, members

    async def draft(
        self, seller: Actor, patents: Sequence[Patent], bidders: Sequence[Actor], terms: Terms
    ) -> Trade:
        """Draft a listing of a new achievement, or of a package of several."""
        members: list[UUID] = []
        if len(patents) > 1:
            achievement_id, members = await self.package(seller, patents)
        else:
            achievement_id = await self.achievement(seller, patents[0])
        mode, manner = terms.mode or self.dice.choice(MODES)
        start = int(self.dice.lognormvariate(3.2, 1.0)) * WAN + 5 * WAN
        increment = max(start // 50 // WAN, 1) * WAN
        async with self.sessions() as session, session.begin():
            listing = await listings.create(
                session,
                seller,
                NewListing(
                    achievement_id=achievement_id,
                    transfer_mode=mode,
                    license_manner=manner,
                    disclosure_working_days=terms.working_days,
                    price_fen=start,
                    deposit_fen=start // 10,
                    increment_fen=increment,
                    bidding_minutes=terms.bidding_minutes,
                    opens_after_minutes=terms.opens_after_minutes,
                    conditions="受让方应为依法设立并有效存续的企业法人。",
                ),
            )
            return Trade(
                seller=seller,
                patent=patents[0],
                bidders=tuple(bidders),
                listing_id=listing.id,
                start_fen=start,
                increment_fen=increment,
                working_days=terms.working_days,
                member_ids=tuple(members),
            )

    async def plan(self, trade: Trade, plan: NewPlan, openers: Openers | None) -> None:
        """Choose how the drafted listing is auctioned."""
        async with self.sessions() as session, session.begin():
            now = await clock.now(session)
            await scheduling.set_plan(session, trade.seller, trade.listing_id, plan, openers, now)

    async def submit(self, trade: Trade) -> None:
        """Hand the listing in for review."""
        async with self.sessions() as session, session.begin():
            await listings.submit(session, trade.seller, trade.listing_id, self.register)

    async def approve(self, trade: Trade) -> None:
        """Publish the listing."""
        async with self.sessions() as session, session.begin():
            await listings.review(
                session,
                self.operator,
                trade.listing_id,
                ListingReview(act="approve"),
                self.register,
            )

    async def qualify(self, trade: Trade) -> None:
        """Every bidder applies, is qualified, and pays the deposit at the simulated bank."""
        payments = []
        for bidder in trade.bidders:
            async with self.sessions() as session, session.begin():
                applied = await listings.apply(
                    session,
                    bidder,
                    trade.listing_id,
                    NewApplication(statement="具备产业化条件,接受全部披露条款。"),
                )
                await listings.decide(
                    session,
                    self.operator,
                    trade.listing_id,
                    applied.id,
                    ApplicationDecision(act="qualify"),
                )
                payments.append(await self._payment(session, bidder, applied.id))
        if payments:
            async with self.sessions() as session:
                now = await clock.now(session)
            await self.bank.pay_in(SETTLEMENT_ACCOUNT.number, payments, now)

    async def _payment(
        self, session: AsyncSession, bidder: Actor, application_id: UUID
    ) -> BankEntry:
        deposit = await ledger.deposit_state(session, application_id)
        assert deposit is not None
        payer = await parties.facts(session, bidder.require_party())
        return payment_in(
            deposit.amount_fen,
            f"保证金 {deposit.reference}",
            payer.name,
            f"6222{payer.credit_code[8:]}",
            await clock.now(session),
        )

    async def bid(self, trade: Trade, auction_id: UUID, rounds: int) -> None:
        """Bidders outbid each other; with one bidder the start price stands."""
        price = trade.start_fen
        for turn in range(rounds if len(trade.bidders) > 1 else 1):
            bidder = trade.bidders[turn % len(trade.bidders)]
            await self.offer(bidder, auction_id, bidding.Offer(price))
            price += trade.increment_fen * self.dice.randint(1, 3)

    async def offer(self, bidder: Actor, auction_id: UUID, offer: bidding.Offer) -> None:
        """One bid, received now."""
        async with self.sessions() as session, session.begin():
            received = bidding.ReceivedBid(
                actor=bidder,
                party_id=bidder.require_party(),
                auction_id=auction_id,
                offer=offer,
                request_id=str(new_id()),
                received_at=await clock.now(session),
            )
            await bidding.decide(session, [received])

    async def sign(self, contract_id: UUID, parties: Sequence[Actor]) -> None:
        """Propose the drafted text, a licence with its term; each given party signs."""
        async with self.sessions() as session, session.begin():
            contract = await contracts.get(session, parties[0], contract_id)
            given: dict[str, Any] = {}
            if contract.contract_class == ContractClass.LICENSE:
                today = local_day(await clock.now(session))
                given["licence_until"] = today + timedelta(days=3 * 365)
            if patents := contract.terms["patents"]:
                given["patents"] = [one | {"filed_on": _filed_on(one)} for one in patents]
            if given:
                contract = await contracts.edit(
                    session,
                    parties[0],
                    contract_id,
                    ContractEdit.model_validate(given),
                    contract.version,
                )
            await contracts.propose(session, parties[0], contract_id)
            text_sha256 = contract.text_sha256
        for party in parties:
            async with self.sessions() as session, session.begin():
                await contracts.sign(session, party, contract_id, text_sha256)

    async def pay(self, seller: Actor, buyer: Actor, contract_id: UUID) -> None:
        """Half of the price is paid: the seller records it, the buyer confirms."""
        async with self.sessions() as session, session.begin():
            now = await clock.now(session)
            contract = await contracts.get(session, seller, contract_id)
            paid = NewPayment(
                kind=PaymentKind.INSTALMENT,
                amount_fen=contract.total_fen // 2,
                received_on=local_day(now),
            )
            made = await payments.record(session, seller, contract_id, paid, now)
            answer = PaymentAnswer(confirmed=True)
            await payments.answer(session, buyer, contract_id, made.id, answer, now)

    async def share_income(self, seller: Actor, contract_id: UUID) -> None:
        """The unit puts before its people how the income of a contract is shared."""
        plan = NewIncomePlan.model_validate({"contract_id": contract_id} | _SHARES)
        async with self.sessions() as session, session.begin():
            made = await settlements.create(session, seller, plan)
            cost = NewCost(kind="appraisal", amount_fen=2_000_000, document="评估费发票")
            await settlements.add_cost(session, seller, made.id, cost)
            await settlements.publish(session, seller, made.id)

    async def apply_for_registration(
        self, seller: Actor, contract_id: UUID, office_id: UUID
    ) -> UUID:
        """The seller hands the contract to a registration office."""
        async with self.sessions() as session, session.begin():
            made = await registrations.apply(
                session, seller, NewRegistration(contract_id=contract_id, office_id=office_id)
            )
            await registrations.submit(session, seller, made.id)
            return made.id


_SHARES: dict[str, Any] = {
    "route": "transfer",
    "basis": "unit_rule",
    "basis_note": "科技成果转化收益分配办法(示例)",
    "reward_bp": 7_000,
    "objection_procedure": "公示期内可向成果转化办公室实名提出异议,十五个工作日内答复。",
    "members": [
        {"name": "示例完成人甲", "role": "contributor", "main": True, "weight": 70},
        {"name": "示例完成人乙", "role": "contributor", "weight": 20},
        {"name": "示例转化专员", "role": "transfer_office", "weight": 10},
    ],
}


def patents(rows: Sequence[dict[str, Any]]) -> list[Patent]:
    """The sample's patents."""
    return [Patent(row["number"], row["title"], tuple(row["ipc"])) for row in rows]


def _filed_on(patent: dict[str, Any]) -> date | None:
    """When a patent for an invention was filed: its term is 20 years from then (专利法 42)."""
    if patent["expires_on"] is None:
        return None
    ends = date.fromisoformat(patent["expires_on"])
    return ends - timedelta(days=20 * 365 + 5)
