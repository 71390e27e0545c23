"""Comparable prices: collected from deals and registered contracts, imported, and found again."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.achievements import service as achievements
from app.achievements.facts import AchievementFacts
from app.contracts import service as contracts
from app.contracts.facts import ContractFacts
from app.contracts.states import PaymentMode
from app.deals import service as deals
from app.deals.facts import DealFacts
from app.deals.states import ENDED, DealMethod
from app.kit import audit, codes, jobs
from app.kit.actor import SYSTEM
from app.kit.calendar import local_day
from app.parties import service as parties
from app.pricing import repository
from app.pricing.approaches import similarity, terms
from app.pricing.approaches.market import Comparable
from app.pricing.approaches.parameters import ParameterSet, parameters_on
from app.pricing.approaches.terms import Payment
from app.pricing.models import ComparablePrice
from app.pricing.rules import Subject
from app.pricing.states import Source
from app.registrations import service as registrations
from app.registrations.states import NUMBERED

FOLLOW = "pricing.follow"
"""The job that keeps the outcomes of deals, looks for drift, and has a model trained."""

OF_FIELD = 500
OF_OTHERS = 200
ENOUGH_OF_FIELD = 60
"""With fewer deals of its own field a subject is compared with those of other fields as well."""

IP_KINDS = (
    "patent.invention",
    "patent",
    "patent.utility_model",
    "plant_animal_variety",
    "bio_drug_variety",
    "ic_layout",
    "know_how",
    "software_copyright",
    "patent.design",
)
"""Of several rights the first of these counts: the one that the price is mostly paid for."""

EXCLUSIVE = frozenset({"exclusive", "sole"})
Pool = Sequence[ComparablePrice]


def is_exclusive(transfer_mode: str, license_manner: str | None) -> bool:
    """Whether the taker alone gets it: everything but an ordinary licence."""
    return transfer_mode != "license" or license_manner in EXCLUSIVE


def ip_kind_of(achievement: AchievementFacts) -> str | None:
    """The kind of intellectual property that drives the price; None where none is stated."""
    kinds = {right.type for right in achievement.rights}
    return next((kind for kind in IP_KINDS if kind in kinds), min(kinds, default=None))


async def collect_deal(session: AsyncSession, deal_id: UUID, now: datetime) -> None:
    """Bring the comparable of a deal in step with it; once or many times, with the same result.

    The price of an auction counts as soon as it is concluded, one that was negotiated once its
    contract is registered. A deal that fell is voided.
    """
    deal = await deals.facts(session, deal_id)
    known = await repository.comparable_of(session, deal_id=deal.id)
    if deal.state in ENDED:
        await _void(session, known, now)
    elif deal.method == DealMethod.AUCTION and known is None and deal.price_fen > 0:
        seller = await parties.facts(session, deal.seller_id)
        values = await _of_deal(session, deal) | {
            "source": Source.AUCTION.value,
            "region": seller.region_code,
            "seller_kind": seller.kind,
            "traded_on": local_day(deal.concluded_at),
            "price_fen": deal.price_fen,
            "payment": Payment(upfront_fen=deal.price_fen).model_dump(mode="json"),
        }
        await _put(session, deal.id, values)


async def collect_contract(session: AsyncSession, registration_id: UUID, now: datetime) -> None:
    """Bring the comparable of a contract in step; one that is not registered any more is voided.

    Contracts that were not made here name no achievement that others could be compared with; an
    operator imports such prices with what is known of them.
    """
    found = await registrations.facts(session, registration_id)
    if found.state not in NUMBERED:
        known = await repository.comparable_of(session, registration_id=registration_id)
        await _void(session, known, now)
        return
    if found.source == "import":
        return
    contract = await contracts.facts(session, found.contract_id)
    deal = await deals.facts(session, contract.deal_id)
    if deal.state in ENDED or contract.total_fen <= 0:
        await _void(session, await repository.comparable_of(session, deal_id=deal.id), now)
        return
    signed_on = local_day(found.signed_at)
    values = await _of_deal(session, deal) | {
        "source": Source.CONTRACT.value,
        "registration_id": found.id,
        "technical_field": found.technical_field,
        "region": found.seller_region,
        "seller_kind": found.seller_kind,
        "traded_on": signed_on,
        "price_fen": contract.total_fen,
        "payment": payment_of(contract, parameters_on(signed_on)).model_dump(mode="json"),
    }
    await _put(session, deal.id, values)


def payment_of(contract: ContractFacts, parameters: ParameterSet) -> Payment:
    """When a contract's price is paid, as far as its terms say; see `terms` for the rest."""
    agreed = contract.terms
    total = contract.total_fen
    if contract.payment_mode == PaymentMode.LUMP_INSTALMENTS and agreed.get("instalments"):
        amounts = [one["amount_fen"] for one in agreed["instalments"]]
        return terms.by_instalments(amounts, parameters.instalment_months)
    if contract.payment_mode in {PaymentMode.ROYALTY, PaymentMode.ROYALTY_WITH_UPFRONT}:
        upfront = (agreed.get("royalty") or {}).get("upfront_fen") or 0
        return terms.by_royalty(min(upfront, total), total, parameters.royalty_years)
    return Payment(upfront_fen=total)


async def _of_deal(session: AsyncSession, deal: DealFacts) -> dict[str, Any]:
    achievement = await achievements.facts(session, deal.achievement_id)
    return {
        "deal_id": deal.id,
        "achievement_id": achievement.id,
        "title": deal.title,
        "body": f"{achievement.title}\n{achievement.summary}",
        "technical_field": achievement.technical_field,
        "ipc": list(achievement.ipc),
        "trl": achievement.trl,
        "ip_kind": ip_kind_of(achievement),
        "transfer_mode": deal.transfer_mode,
        "exclusive": is_exclusive(deal.transfer_mode, deal.license_manner),
    }


async def _put(session: AsyncSession, deal_id: UUID, values: dict[str, Any]) -> None:
    await repository.put_comparable(session, {"source_key": f"deal:{deal_id}", **values})
    await jobs.defer(session, FOLLOW, lock=FOLLOW)
    audit.record(
        session,
        SYSTEM,
        "comparable.collect",
        "comparable",
        deal_id,
        after={"source": values["source"], "price_fen": values["price_fen"]},
    )


async def _void(session: AsyncSession, row: ComparablePrice | None, now: datetime) -> None:
    if row is None or row.voided_at is not None:
        return
    row.voided_at, row.followed_at = now, None
    await jobs.defer(session, FOLLOW, lock=FOLLOW)
    audit.record(session, SYSTEM, "comparable.void", "comparable", row.id, after={"voided_at": now})


async def pool(session: AsyncSession, technical_field: str, day: date) -> Pool:
    """Past deals that a subject of this field is compared with."""
    found = await repository.candidates(
        session, technical_field, day, same_field=True, limit=OF_FIELD
    )
    if len(found) >= ENOUGH_OF_FIELD:
        return found
    others = await repository.candidates(
        session, technical_field, day, same_field=False, limit=OF_OTHERS
    )
    return [*found, *others]


class Prepared:
    """Past deals made ready for many comparisons; deals of one field are prepared once."""

    def __init__(self, among: Pool) -> None:
        self.rows = {row.source_key: row for row in among}
        self.index = similarity.Prepared([(key, _profile(row)) for key, row in self.rows.items()])
        self._known: dict[str, dict[str, Any]] = {}

    def kept(self, key: str, similar: Decimal, by_part: dict[str, float]) -> Comparable:
        """A deal as it is kept; what does not depend on the subject is read and checked once."""
        known = self._known.get(key)
        if known is None:
            known = dict(_checked(self.rows[key]))
            del known["similarity"], known["parts"]
            self._known[key] = known
        return Comparable.model_construct(**known, similarity=similar, parts=by_part)


def prepare(among: Pool) -> Prepared:
    """Make past deals ready to be compared; takes a while, so not on the event loop."""
    return Prepared(among)


def nearest(
    subject: Subject, among: Prepared, day: date, parameters: ParameterSet
) -> list[Comparable]:
    """The most similar deals with their similarity, as they are kept with a valuation."""
    return [
        among.kept(key, similar, by_part)
        for key, similar, by_part in similarity.nearest(
            subject.profile(day), among.index, parameters
        )
    ]


def _profile(row: ComparablePrice) -> similarity.Profile:
    return similarity.Profile(
        text=row.body or row.title,
        technical_field=row.technical_field,
        ipc=tuple(row.ipc),
        trl=row.trl,
        mode=row.transfer_mode,
        exclusive=row.exclusive,
        region=row.region,
        day=row.traded_on,
    )


def _checked(row: ComparablePrice) -> Comparable:
    return Comparable(
        key=row.source_key,
        source=row.source,
        title=row.title,
        technical_field=row.technical_field,
        ipc=row.ipc,
        trl=row.trl,
        mode=row.transfer_mode,
        exclusive=row.exclusive,
        region=codes.province_of(row.region).code,
        traded_on=row.traded_on,
        price_fen=row.price_fen,
        payment=Payment.model_validate(row.payment),
        reference=row.reference,
        similarity=Decimal(0),
        parts={},
    )
