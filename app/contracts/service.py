"""Use cases: edits, the proposal, the end of a contract, and what is shown of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.contracts import (
    access,
    amendment_terms,
    differences,
    drafting,
    inspection,
    payments,
    repository,
    rules,
    signing,
    texts,
)
from app.contracts.errors import EmptyTerm
from app.contracts.facts import (
    ContractDocument,
    ContractFacts,
    MonopolyClause,
    PaymentReceived,
)
from app.contracts.findings import monopoly_in, monopoly_of
from app.contracts.models import Contract, ContractText
from app.contracts.rules import PatentParticulars
from app.contracts.schemas import (
    ContractEdit,
    ContractView,
    DifferenceLine,
    DifferenceView,
    FindingView,
    TemplateView,
    Terms,
)
from app.contracts.states import (
    MOVES,
    ContractClass,
    ContractState,
    DisputeForum,
    PaymentMode,
    Severity,
)
from app.kit import audit, clock, codes
from app.kit.actor import SYSTEM, Actor
from app.kit.calendar import local_day
from app.kit.errors import NotFound
from app.kit.http import require_version
from app.kit.states import move

_REQUIRED = ("subject", "delivery", "acceptance", "confidentiality", "breach")
"""What the law does not fill in by itself, as it does with the ownership (民法典 859 to 861)."""
_TAKEN_AWAY_BY_NULL = frozenset(
    {
        "royalty",
        "licence_until",
        "arbitration_body",
        "trial",
        "cross_border",
        "full_text",
        "full_text_name",
        "intermediary_id",
    }
)

sign = signing.sign


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
    await drafting.check(session, contract, terms, contract.total_fen)
    contract.technical_fen = rules.technical_amount(contract.total_fen, drafting.items(terms))
    contract.payment_mode = terms.payment_mode.value
    contract.version += 1
    day = local_day(await clock.now(session))
    await drafting.write_text(session, contract, terms, party_id=actor.party_id, day=day)
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
    return Terms.model_validate(terms.model_dump(mode="json") | drafting.clauses(chosen))


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
    await drafting.check(session, contract, terms, contract.total_fen)
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
    drafting.enter(session, actor, contract, after, "contract.propose")
    await session.flush()
    return contract


async def withdraw_proposal(session: AsyncSession, actor: Actor, contract_id: UUID) -> Contract:
    """Take a text that is not signed by both back to draft.

    The draft is a new version of the text, so that a signature which one party gave to the
    withdrawn text never counts for a later proposal; it stays on record.
    """
    contract = access.owned(actor, await repository.contract(session, contract_id, lock=True))
    after = move(MOVES, ContractState(contract.state), "withdraw_proposal")
    drafting.enter(session, actor, contract, after, "contract.withdraw_proposal")
    terms = Terms.model_validate(contract.terms)
    day = local_day(await clock.now(session))
    await drafting.write_text(session, contract, terms, party_id=actor.party_id, day=day)
    return contract


async def terminate(session: AsyncSession, deal_id: UUID) -> None:
    """End the signed contract of a deal whose buyer defaulted; again, it changes nothing."""
    found = await repository.contract_of_deal(session, deal_id)
    if found is None:
        return
    contract = await repository.contract(session, found.id, lock=True)
    if contract is not None and contract.state == ContractState.SIGNED:
        after = move(MOVES, ContractState(contract.state), "terminate")
        drafting.enter(session, SYSTEM, contract, after, "contract.terminate")
        await session.flush()


async def get(session: AsyncSession, actor: Actor, contract_id: UUID) -> Contract:
    """One contract, if the actor may see it."""
    return access.visible(actor, await repository.contract(session, contract_id))


async def view(session: AsyncSession, contract: Contract) -> ContractView:
    """A contract with its signatures, as it is shown."""
    own = set(ContractView.model_fields) - {"signatures", "terms_in_force"}
    plain = {name: getattr(contract, name) for name in own}
    changed = await amendment_terms.terms_in_force(session, contract)
    return ContractView.model_validate(
        plain
        | {
            "signatures": await repository.signatures(session, contract.id),
            "terms_in_force": changed,
        }
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


async def difference(
    session: AsyncSession, actor: Actor, contract_id: UUID, before: int, after: int
) -> DifferenceView:
    """How one text that the contract had differs from another."""
    old = await text_version(session, actor, contract_id, before)
    new = await text_version(session, actor, contract_id, after)
    found = differences.lines(old.text, new.text)
    return DifferenceView(
        from_version=before,
        to_version=after,
        removed=sum(line.op in {"removed", "changed"} for line in found),
        added=sum(line.op in {"added", "changed"} for line in found),
        lines=[DifferenceLine(op=line.op, text=line.text, parts=line.parts) for line in found],
    )


async def findings(
    session: AsyncSession, actor: Actor, contract_id: UUID, now: datetime
) -> list[FindingView]:
    """What the checks before signing say of the text in force."""
    return await inspection.shown(session, await get(session, actor, contract_id), now)


def template_list() -> list[TemplateView]:
    """The templates of the package; the newest of each class is the one of new drafts."""
    found = texts.catalogue()
    newest = {one.contract_class: one.code for one in found}
    known = codes.code_list("contract_classes")
    return [
        TemplateView(
            code=one.code,
            contract_class=ContractClass(one.contract_class),
            sub_classes=[sub.code for sub in known.children(one.contract_class)],
            in_force_from=one.in_force_from,
            current=newest[one.contract_class] == one.code,
        )
        for one in found
    ]


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


async def payments_received(session: AsyncSession, contract_id: UUID) -> list[PaymentReceived]:
    """The payments that both parties say were received, in the order of their days."""
    return await payments.received(session, contract_id)


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


async def monopoly_clauses(
    session: AsyncSession, contract_id: UUID | None, text: str
) -> list[MonopolyClause]:
    """What the checks say of monopoly in a contract, or in the text of one made elsewhere."""
    found = None if contract_id is None else await repository.contract(session, contract_id)
    suspected = (
        monopoly_in(text) if found is None else monopoly_of(Terms.model_validate(found.terms))
    )
    return [
        MonopolyClause(
            code=one.code,
            clear=one.severity is Severity.BLOCK,
            source=one.source,
            field=one.field,
            quote=one.quote,
            zh=one.zh,
            en=one.en,
            remedy_zh=one.remedy_zh,
            remedy_en=one.remedy_en,
        )
        for one in suspected
    ]
