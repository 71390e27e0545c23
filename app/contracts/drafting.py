"""The text of a contract and the state of its row: what every use case of contracts writes."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.achievements import service as achievements
from app.achievements.facts import RightFacts
from app.contracts import access, repository, rules, texts
from app.contracts.errors import NotABroker
from app.contracts.models import Contract, ContractText
from app.contracts.patent_findings import filed_on
from app.contracts.rules import NonTechnical
from app.contracts.schemas import PatentTerms, Terms
from app.contracts.states import ContractClass, ContractState
from app.deals import service as deals
from app.kit import audit, codes
from app.kit.actor import SYSTEM, Actor
from app.kit.calendar import local_day
from app.kit.ids import new_id
from app.parties import service as parties
from app.parties.facts import OrganisationFacts


async def draft(session: AsyncSession, deal_id: UUID, now: datetime) -> Contract:
    """The contract of a deal, drafted from it; the one that is there when it was drafted before.

    The price is the deal's: what was concluded in public is not negotiated again. Terms that a
    negotiation agreed on are taken over.
    """
    existing = await repository.contract_of_deal(session, deal_id)
    if existing is not None:
        return existing
    deal = await deals.facts(session, deal_id)
    achievement = await achievements.facts(session, deal.achievement_id)
    rights = achievement.rights
    contract_class, sub_class = rules.class_of(deal.transfer_mode, [right.type for right in rights])
    owners = await parties.facts_of(session, achievement.owner_ids)
    names = [owners[owner].name for owner in achievement.owner_ids if owner in owners]
    if not names:
        names = [(await parties.facts(session, deal.seller_id)).name]
    agreed = {} if deal.terms is None else rules.agreed_terms(deal.terms, deal.price_fen)
    terms = Terms(
        subject=f"卖方就成果“{achievement.title}”与买方订立本合同。{achievement.summary}"[:20_000],
        patents=[_patent(right, "、".join(names)) for right in rights if _is_patent(right)],
        **clauses(contract_class) | agreed,
    )
    contract = Contract(
        id=new_id(),
        deal_id=deal.id,
        achievement_id=deal.achievement_id,
        seller_id=deal.seller_id,
        buyer_id=deal.buyer_id,
        contract_class=contract_class.value,
        sub_class=sub_class,
        technical_field=achievement.technical_field,
        transfer_mode=deal.transfer_mode,
        license_manner=deal.license_manner,
        title=deal.title[:200],
        total_fen=deal.price_fen,
        technical_fen=deal.price_fen,
        payment_mode=terms.payment_mode.value,
        state=ContractState.DRAFT.value,
        text_version=0,
    )
    await write_text(session, contract, terms, party_id=None, day=local_day(now))
    audit.record(
        session,
        SYSTEM,
        "contract.draft",
        "contract",
        contract.id,
        after={"state": contract.state, "deal": deal_id, "text_sha256": contract.text_sha256},
        audience=access.audience(contract),
    )
    return contract


def _is_patent(right: RightFacts) -> bool:
    return right.type.partition(".")[0] == "patent" and bool(right.number)


def _patent(right: RightFacts, owner_names: str) -> PatentTerms:
    return PatentTerms(
        number=right.number or "",
        invention_name=(right.title or "")[:200] or None,
        applicant=owner_names[:200],
        patentee=owner_names[:200],
        filed_on=filed_on(right.number or "", right.expires_on),
        expires_on=right.expires_on,
    )


def clauses(contract_class: ContractClass) -> dict[str, Any]:
    """The clauses that a draft of the class starts with."""
    return dict(texts.default_clauses(contract_class.value))


async def write_text(
    session: AsyncSession, contract: Contract, terms: Terms, *, party_id: UUID | None, day: date
) -> None:
    """Generate the text of the next version from the terms and keep it."""
    named = [] if terms.intermediary_id is None else [terms.intermediary_id]
    organisations = await parties.facts_of(session, [contract.seller_id, contract.buyer_id, *named])
    plain = terms.model_dump(mode="json")
    contract.text_version += 1
    contract.template = texts.template_of(contract.contract_class, day)
    contract.terms = plain
    contract.text = texts.render(
        contract.template,
        {
            "title": contract.title,
            "number": str(contract.id),
            "sub_class": contract.sub_class or "",
            "text_version": contract.text_version,
            "seller": party(organisations[contract.seller_id]),
            "buyer": party(organisations[contract.buyer_id]),
            "intermediary": party(organisations[named[0]]) if named else None,
            "sub_class_name": _class_name(contract.sub_class),
            "license_manner": contract.license_manner,
            "total_fen": contract.total_fen,
            "technical_fen": contract.technical_fen,
            "terms": plain,
        },
    )
    contract.text_sha256 = texts.digest(contract.text)
    session.add(contract)
    await session.flush()
    session.add(
        ContractText(
            contract_id=contract.id,
            text_version=contract.text_version,
            text=contract.text,
            terms=plain,
            template=contract.template,
            text_sha256=contract.text_sha256,
            party_id=party_id,
        )
    )
    await session.flush()


def party(organisation: OrganisationFacts) -> dict[str, str]:
    """A party as a text names it."""
    try:
        region = codes.region(organisation.region_code).full_name
    except codes.UnknownCode:
        # Counties are renumbered; a party keeps the code it was registered with.
        region = organisation.region_code
    return {
        "name": organisation.name,
        "credit_code": organisation.credit_code,
        "region": region,
    }


def _class_name(sub_class: str | None) -> str:
    if sub_class is None:
        return ""
    found = codes.code_list("contract_classes").get(sub_class)
    return sub_class if found is None else found.title("zh")


async def check(session: AsyncSession, contract: Contract, terms: Terms, total_fen: int) -> None:
    """What holds for every edit: payment details fit, patents are the achievement's."""
    rules.check_payment(
        terms.payment_mode,
        total_fen,
        [part.amount_fen for part in terms.instalments],
        royalty=terms.royalty is not None,
        upfront_fen=None if terms.royalty is None else terms.royalty.upfront_fen,
    )
    rules.check_items(items(terms))
    if terms.royalty is not None:
        royalty = terms.royalty
        rules.check_rates(royalty.rate_kind, royalty.rate_bp, royalty.yearly_rates_bp)
    if terms.patents:
        achievement = await achievements.facts(session, contract.achievement_id)
        rights = achievement.rights
        known = [right.number for right in rights if right.number and _is_patent(right)]
        rules.check_patent_numbers([patent.number for patent in terms.patents], known)
    if terms.intermediary_id is not None:
        named = (await parties.facts_of(session, [terms.intermediary_id])).values()
        if not any(one.kind == "broker" for one in named):
            raise NotABroker(field="body.intermediary_id")
    if terms.licence_until is not None:
        rules.check_licence_term(
            ContractClass(contract.contract_class),
            terms.licence_until,
            [patent.expires_on for patent in terms.patents],
        )


def enter(
    session: AsyncSession, actor: Actor, contract: Contract, after: ContractState, action: str
) -> None:
    """Put the contract in a state, and on record."""
    before = contract.state
    contract.state = after.value
    contract.version += 1
    audit.record(
        session,
        actor,
        action,
        "contract",
        contract.id,
        before={"state": before},
        after={
            "state": after,
            "text_version": contract.text_version,
            "text_sha256": contract.text_sha256,
        },
        audience=access.audience(contract),
    )


def items(terms: Terms) -> list[NonTechnical]:
    """The non-technical items of the price."""
    return [
        NonTechnical(item.amount_fen, item.subject_fen, item.subject_sets)
        for item in terms.non_technical_items
    ]
