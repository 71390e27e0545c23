"""Checks before signing: gathers what they look at, and holds a signature back if they say so."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.achievements import service as achievements
from app.achievements.states import ClearanceKind
from app.contracts import findings, repository
from app.contracts.errors import ContractBlocked, WarningsUnread
from app.contracts.found import Finding, Inspected
from app.contracts.models import Contract, ContractAcknowledgement
from app.contracts.schemas import FindingView, Terms
from app.contracts.states import ContractClass, Severity
from app.deals import service as deals
from app.deals.facts import DealFacts
from app.kit import calendar_store
from app.kit.actor import Actor
from app.kit.calendar import local_day
from app.notices import service as notices
from app.notices.errors import NoticeNotEffective
from app.notices.facts import NoticeSubject
from app.parties import service as parties


async def inspect(session: AsyncSession, contract: Contract, now: datetime) -> list[Finding]:
    """What the checks say of the text in force, today."""
    day = local_day(now)
    offers = await achievements.offer_facts_of(session, [contract.achievement_id], day)
    missing, approved = [], False
    for offer in offers:
        kinds = {(one.kind, one.subject) for one in offer.clearances}
        consent = ClearanceKind.CO_OWNER_CONSENT
        missing += [name for name in offer.co_owners if (consent, name) not in kinds]
        approved = approved or any(kind == ClearanceKind.EXPORT_LICENCE for kind, _ in kinds)
    known = await parties.facts_of(session, [contract.seller_id, contract.buyer_id])
    deal = await deals.facts(session, contract.deal_id)
    return findings.inspect(
        Inspected(
            contract_class=ContractClass(contract.contract_class),
            sub_class=contract.sub_class,
            license_manner=contract.license_manner,
            terms=Terms.model_validate(contract.terms),
            missing_consents=missing,
            export_approved=approved,
            seller_region=known[contract.seller_id].region_code,
            buyer_region=known[contract.buyer_id].region_code,
            publicity=await _publicity(session, deal, now),
            today=day,
            calendar=await calendar_store.calendar(session),
        )
    )


async def _publicity(session: AsyncSession, deal: DealFacts, now: datetime) -> str:
    """Why the deal's publicity is not over, or nothing."""
    if deal.state == "suspended":
        return "异议处理中"
    if deal.publicity_ends_at > now and deal.contracted_at is None:
        return f"公示至 {deal.publicity_ends_at.isoformat()}"
    if deal.method == "negotiation" and deal.contracted_at is None:
        names = NoticeSubject.__dataclass_fields__
        try:
            await notices.require_effective(
                session, NoticeSubject(**{name: getattr(deal, name) for name in names})
            )
        except NoticeNotEffective as refusal:
            return refusal.code
    return ""


async def require_clear(
    session: AsyncSession,
    actor: Actor,
    contract: Contract,
    acknowledged: Collection[str],
    now: datetime,
) -> None:
    """Let the acting party sign: nothing blocks, and it acknowledges every warning.

    What it acknowledges is put on record. Raises ContractBlocked and WarningsUnread.
    """
    found = await inspect(session, contract, now)
    blocking = [one for one in found if one.severity is Severity.BLOCK]
    if blocking:
        raise ContractBlocked(
            findings=[one.code for one in blocking],
            remedies=[one.remedy_zh for one in blocking],
        )
    party_id = actor.require_party()
    rows = await repository.acknowledgements(session, contract.id, contract.text_version)
    read = {row.code for row in rows if row.party_id == party_id}
    open_ = [one.code for one in found if one.code not in read]
    unread = [code for code in open_ if code not in acknowledged]
    if unread:
        raise WarningsUnread(field="body.acknowledged", findings=unread)
    for code in open_:
        session.add(
            ContractAcknowledgement(
                contract_id=contract.id,
                text_version=contract.text_version,
                code=code,
                party_id=party_id,
                person_id=actor.person_id,
                mandate_id=actor.mandate_id,
                acknowledged_at=now,
            )
        )


async def shown(session: AsyncSession, contract: Contract, now: datetime) -> list[FindingView]:
    """The findings with the parties that acknowledged them for the text in force."""
    readers: dict[str, list[UUID]] = {}
    for row in await repository.acknowledgements(session, contract.id, contract.text_version):
        readers.setdefault(row.code, []).append(row.party_id)
    return [
        FindingView.model_validate(one).model_copy(
            update={"acknowledged_by": readers.get(one.code, [])}
        )
        for one in await inspect(session, contract, now)
    ]
