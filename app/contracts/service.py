"""Use cases: the draft from a deal, edits, the proposal, signatures."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.achievements import service as achievements
from app.achievements.facts import RightFacts
from app.contracts import access, repository, rules, texts
from app.contracts.errors import AlreadySigned, EmptyTerm, StaleText
from app.contracts.facts import ContractDocument, ContractFacts
from app.contracts.models import Contract, ContractSignature, ContractText
from app.contracts.rules import PatentParticulars
from app.contracts.schemas import ContractEdit, ContractView, PatentTerms, Terms
from app.contracts.states import MOVES, ContractClass, ContractState, DisputeForum, PaymentMode
from app.deals import service as deals
from app.kit import audit, clock, codes
from app.kit.actor import SYSTEM, Actor, RoleRequired
from app.kit.errors import NotFound
from app.kit.http import require_version
from app.kit.states import move
from app.parties import service as parties
from app.parties.facts import OrganisationFacts

_REQUIRED = ("subject", "delivery", "acceptance", "ownership", "confidentiality", "breach")
_TAKEN_AWAY_BY_NULL = frozenset({"royalty", "licence_until", "arbitration_body"})


async def draft(session: AsyncSession, deal_id: UUID) -> Contract:
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
        **_clauses(contract_class) | agreed,
    )
    contract = Contract(
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
    await _write_text(session, contract, terms, party_id=None)
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
        patentee=owner_names[:200],
        expires_on=right.expires_on,
    )


def _clauses(contract_class: ContractClass) -> dict[str, Any]:
    return dict(texts.default_clauses(contract_class.value))


async def _write_text(
    session: AsyncSession, contract: Contract, terms: Terms, *, party_id: UUID | None
) -> None:
    """Generate the text of the next version from the terms and keep it."""
    organisations = await parties.facts_of(session, [contract.seller_id, contract.buyer_id])
    plain = terms.model_dump(mode="json")
    contract.text_version += 1
    contract.template = texts.template_of(contract.contract_class)
    contract.terms = plain
    contract.text = texts.render(
        contract.template,
        {
            "title": contract.title,
            "text_version": contract.text_version,
            "seller": _party(organisations[contract.seller_id]),
            "buyer": _party(organisations[contract.buyer_id]),
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


def _party(organisation: OrganisationFacts) -> dict[str, str]:
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


async def edit(
    session: AsyncSession, actor: Actor, contract_id: UUID, change: ContractEdit, expected: int
) -> Contract:
    """Change terms of a draft; every change makes a new version of the text.

    Raises IllegalMove when the text is proposed or signed, and the refusals of rules.py.
    """
    contract = access.owned(actor, await repository.contract(session, contract_id, lock=True))
    require_version(contract.version, expected)
    # Only a draft can be proposed, and only what can be proposed can be changed.
    move(MOVES, ContractState(contract.state), "propose")
    before = {"text_version": contract.text_version, "text_sha256": contract.text_sha256}
    given = change.model_dump(mode="json", exclude_unset=True)
    contract.title = given.pop("title", None) or contract.title
    terms = Terms.model_validate(contract.terms)
    terms = _reclassify(contract, terms, given)
    kept = {
        name: value
        for name, value in given.items()
        if value is not None or name in _TAKEN_AWAY_BY_NULL
    }
    terms = Terms.model_validate(terms.model_dump(mode="json") | kept)
    await _check(session, contract, terms)
    contract.technical_fen = rules.technical_amount(
        contract.total_fen, [item.amount_fen for item in terms.non_technical_items]
    )
    contract.payment_mode = terms.payment_mode.value
    contract.version += 1
    await _write_text(session, contract, terms, party_id=actor.party_id)
    audit.record(
        session,
        actor,
        "contract.edit",
        "contract",
        contract.id,
        before=before,
        after={
            "text_version": contract.text_version,
            "text_sha256": contract.text_sha256,
            "changed": sorted(change.model_fields_set),
        },
        audience=access.audience(contract),
    )
    return contract


def _reclassify(contract: Contract, terms: Terms, given: dict[str, Any]) -> Terms:
    """Take class and sub-class out of `given`; another class starts with its own clauses."""
    chosen = ContractClass(given.pop("contract_class", None) or contract.contract_class)
    subs = [code.code for code in codes.code_list("contract_classes").children(chosen.value)]
    changed = chosen.value != contract.contract_class
    sub_class = given.pop("sub_class", None)
    if sub_class is None:
        sub_class = (subs[0] if subs else None) if changed else contract.sub_class
    rules.check_class(contract.transfer_mode, chosen, sub_class, subs)
    contract.contract_class, contract.sub_class = chosen.value, sub_class
    if not changed:
        return terms
    return Terms.model_validate(terms.model_dump(mode="json") | _clauses(chosen))


async def _check(session: AsyncSession, contract: Contract, terms: Terms) -> None:
    """What holds for every edit: payment details fit, patents are the achievement's."""
    rules.check_payment(
        terms.payment_mode,
        contract.total_fen,
        [part.amount_fen for part in terms.instalments],
        royalty=terms.royalty is not None,
        upfront_fen=None if terms.royalty is None else terms.royalty.upfront_fen,
    )
    if terms.patents:
        achievement = await achievements.facts(session, contract.achievement_id)
        rights = achievement.rights
        known = [right.number for right in rights if right.number and _is_patent(right)]
        rules.check_patent_numbers([patent.number for patent in terms.patents], known)
    if terms.licence_until is not None:
        rules.check_licence_term(
            ContractClass(contract.contract_class),
            terms.licence_until,
            [patent.expires_on for patent in terms.patents],
        )


async def propose(session: AsyncSession, actor: Actor, contract_id: UUID) -> Contract:
    """Freeze the text for signing. Raises for terms that a contract of its class must state."""
    contract = access.owned(actor, await repository.contract(session, contract_id, lock=True))
    before = contract.state
    after = move(MOVES, ContractState(before), "propose")
    terms = Terms.model_validate(contract.terms)
    missing = [name for name in _REQUIRED if not getattr(terms, name)]
    if terms.dispute_forum is DisputeForum.ARBITRATION and terms.arbitration_body is None:
        missing.append("arbitration_body")
    if missing:
        raise EmptyTerm(field=f"body.{missing[0]}", missing=missing)
    await _check(session, contract, terms)
    rules.check_patent_terms(
        contract.sub_class,
        [
            PatentParticulars(
                number=patent.number,
                invention_name=patent.invention_name,
                patentee=patent.patentee,
                expires_on=patent.expires_on,
            )
            for patent in terms.patents
        ],
    )
    rules.check_licence_term(
        ContractClass(contract.contract_class),
        terms.licence_until,
        [patent.expires_on for patent in terms.patents],
    )
    _enter(session, actor, contract, after, "contract.propose")
    await session.flush()
    return contract


def _enter(
    session: AsyncSession, actor: Actor, contract: Contract, after: ContractState, action: str
) -> None:
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


async def withdraw_proposal(session: AsyncSession, actor: Actor, contract_id: UUID) -> Contract:
    """Take a text that is not signed by both back to draft.

    The draft is a new version of the text, so that a signature which one party gave to the
    withdrawn text never counts for a later proposal; it stays on record.
    """
    contract = access.owned(actor, await repository.contract(session, contract_id, lock=True))
    after = move(MOVES, ContractState(contract.state), "withdraw_proposal")
    _enter(session, actor, contract, after, "contract.withdraw_proposal")
    terms = Terms.model_validate(contract.terms)
    await _write_text(session, contract, terms, party_id=actor.party_id)
    return contract


async def sign(
    session: AsyncSession, actor: Actor, contract_id: UUID, text_sha256: str
) -> Contract:
    """Sign the proposed text for one's party; the second signature concludes the contract.

    Raises StaleText when the hash is not that of the text in force, AlreadySigned when this party
    has signed it, IllegalMove when nothing is proposed, and PublicityRunning, DealEnded or
    NoticeNotEffective when the deal does not let it be signed.
    """
    contract = access.owned(actor, await repository.contract(session, contract_id, lock=True))
    if contract.text_sha256 != text_sha256:
        raise StaleText(
            field="body.text_sha256",
            current_version=contract.text_version,
            current_sha256=contract.text_sha256,
        )
    party_id = actor.require_party()
    signed_by = {
        signature.party_id
        for signature in await repository.signatures(session, contract.id)
        if signature.text_version == contract.text_version
    }
    if party_id in signed_by:
        raise AlreadySigned
    complete = move(MOVES, ContractState(contract.state), "complete")
    if actor.person_id is None:
        raise RoleRequired(roles=["trader"])
    now = await clock.now(session)
    await deals.require_signable(session, contract.deal_id, now)
    session.add(
        ContractSignature(
            contract_id=contract.id,
            party_id=party_id,
            person_id=actor.person_id,
            mandate_id=actor.mandate_id,
            text_version=contract.text_version,
            text_sha256=contract.text_sha256,
            signed_at=now,
        )
    )
    audit.record(
        session,
        actor,
        "contract.sign",
        "contract",
        contract.id,
        after={
            "party": party_id,
            "text_version": contract.text_version,
            "text_sha256": contract.text_sha256,
        },
        audience=access.audience(contract),
    )
    # The trigger that lets a contract become signed counts the signatures in the table.
    await session.flush()
    if signed_by | {party_id} == {contract.seller_id, contract.buyer_id}:
        contract.signed_at = now
        _enter(session, actor, contract, complete, "contract.complete")
        await session.flush()
        mode = PaymentMode(contract.payment_mode).value
        await deals.mark_contracted(session, actor, contract.deal_id, now, mode)
    else:
        contract.version += 1
    await session.flush()
    return contract


async def terminate(session: AsyncSession, deal_id: UUID) -> None:
    """End the signed contract of a deal whose buyer defaulted; again, it changes nothing."""
    found = await repository.contract_of_deal(session, deal_id)
    if found is None:
        return
    contract = await repository.contract(session, found.id, lock=True)
    if contract is not None and contract.state == ContractState.SIGNED:
        after = move(MOVES, ContractState(contract.state), "terminate")
        _enter(session, SYSTEM, contract, after, "contract.terminate")
        await session.flush()


async def get(session: AsyncSession, actor: Actor, contract_id: UUID) -> Contract:
    """One contract, if the actor may see it."""
    return access.visible(actor, await repository.contract(session, contract_id))


async def view(session: AsyncSession, contract: Contract) -> ContractView:
    """A contract with its signatures, as it is shown."""
    plain = {
        name: getattr(contract, name) for name in ContractView.model_fields if name != "signatures"
    }
    return ContractView.model_validate(
        plain | {"signatures": await repository.signatures(session, contract.id)}
    )


async def contract_list(
    session: AsyncSession,
    actor: Actor,
    *,
    state: ContractState | None,
    deal_id: UUID | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Contract]:
    """Contracts of the acting party; all of them for regulators."""
    if not access.sees_all(actor) and actor.party_id is None:
        return []
    return await repository.contracts(
        session,
        party_id=None if access.sees_all(actor) else actor.party_id,
        state=None if state is None else state.value,
        deal_id=deal_id,
        after=after,
        limit=limit,
    )


async def text_list(
    session: AsyncSession, actor: Actor, contract_id: UUID
) -> Sequence[ContractText]:
    """All texts that a contract had, the first one first."""
    contract = await get(session, actor, contract_id)
    return await repository.texts(session, contract.id)


async def text_version(
    session: AsyncSession, actor: Actor, contract_id: UUID, version: int
) -> ContractText:
    """One text that a contract had."""
    contract = await get(session, actor, contract_id)
    found = await repository.text(session, contract.id, version)
    if found is None:
        raise NotFound
    return found


async def facts(session: AsyncSession, contract_id: UUID) -> ContractFacts:
    """What other modules may know of one contract; raises NotFound."""
    found = await facts_of(session, [contract_id])
    if contract_id not in found:
        raise NotFound
    return found[contract_id]


async def facts_of(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, ContractFacts]:
    """What other modules may know of contracts, by id; unknown ids are left out."""
    rows = await repository.contracts_by_id(session, ids)
    return {
        row.id: ContractFacts(
            id=row.id,
            deal_id=row.deal_id,
            seller_id=row.seller_id,
            buyer_id=row.buyer_id,
            contract_class=row.contract_class,
            sub_class=row.sub_class,
            title=row.title,
            text_sha256=row.text_sha256,
            total_fen=row.total_fen,
            technical_fen=row.technical_fen,
            payment_mode=PaymentMode(row.payment_mode).value,
            state=row.state,
            signed_at=row.signed_at,
            technical_field=row.technical_field,
            achievement_id=row.achievement_id,
            terms=row.terms,
        )
        for row in rows
    }


async def document(session: AsyncSession, contract_id: UUID) -> ContractDocument:
    """The text in force; the caller has checked that its reader may see it. Raises NotFound."""
    contract = await repository.contract(session, contract_id)
    if contract is None:
        raise NotFound
    return ContractDocument(
        contract_id=contract.id,
        title=contract.title,
        text_version=contract.text_version,
        text=contract.text,
        text_sha256=contract.text_sha256,
        signed_at=contract.signed_at,
    )
