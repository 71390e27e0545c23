"""What an amendment says: the terms that it changes, and its text."""

import json
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.contracts import drafting, repository, rules, texts
from app.contracts.amendment_schemas import NewAmendment
from app.contracts.errors import AmendmentContentWrong
from app.contracts.models import Contract, ContractDelayNotice
from app.contracts.schemas import Terms
from app.contracts.states import AmendmentKind, AmendmentState
from app.kit import calendar
from app.parties import service as parties

_FIXED = frozenset({"title", "contract_class", "sub_class", "full_text", "full_text_name"})
_HEADINGS = {
    AmendmentKind.CHANGE: "技术合同变更协议",
    AmendmentKind.SUPPLEMENT: "技术合同补充协议",
    AmendmentKind.TRANSFER: "技术合同权利义务转让协议",
    AmendmentKind.TERMINATION: "技术合同解除协议",
}
_NOTICE_HEADING = "技术合同解除通知"
_NAMES = {
    "total_fen": "合同总额(分)",
    "subject": "合同标的",
    "patents": "专利",
    "non_technical_items": "非技术性费用",
    "payment_mode": "支付方式",
    "payment_days": "付款期限(日)",
    "instalments": "分期支付",
    "royalty": "提成",
    "licence_until": "许可期限",
    "territory": "许可地域",
    "delivery": "交付",
    "acceptance": "验收",
    "ownership": "权利归属",
    "improvements": "后续改进",
    "confidentiality": "保密",
    "breach": "违约责任",
    "dispute_forum": "争议解决方式",
    "arbitration_body": "仲裁机构",
    "free_clauses": "其他约定",
    "particulars": "特别约定",
    "indicators": "技术指标",
    "milestones": "里程碑",
    "trial": "先用后付",
    "expenses": "费用负担",
    "restrictions": "限制性约定",
    "cross_border": "技术进出口",
    "former_employment": "完成人的原单位",
}


async def terms_in_force(session: AsyncSession, contract: Contract) -> Terms:
    """The terms that were signed, with every change that took effect since, in its order."""
    plain = dict(contract.terms)
    if contract.signed_at is not None:
        for one in await repository.amendments(session, contract.id):
            if one.kind == AmendmentKind.CHANGE and one.state == AmendmentState.EFFECTIVE:
                plain |= {name: value for name, value in one.changes.items() if name in _NAMES}
    plain.pop("total_fen", None)
    return Terms.model_validate(plain)


async def content(session: AsyncSession, contract: Contract, new: NewAmendment) -> dict[str, Any]:
    """The changes that a change makes; raises AmendmentContentWrong for what does not fit."""
    kind, expected = new.kind, ""
    changes = {} if new.changes is None else new.changes.model_dump(mode="json", exclude_unset=True)
    changing = bool(changes) or new.total_fen is not None
    if kind is AmendmentKind.CHANGE:
        if not changing or _FIXED & set(changes):
            expected = "changes of terms, without title, class and full text"
    elif changing:
        expected = "no changes"
    if kind is AmendmentKind.SUPPLEMENT and not new.clause:
        expected = "clause"
    if (kind is AmendmentKind.TRANSFER) != (new.entering_id is not None):
        expected = "entering_id for a transfer, and for nothing else"
    elif new.entering_id in {contract.seller_id, contract.buyer_id}:
        expected = "entering_id of a third party"
    if new.delay_notice_id is not None and kind is not AmendmentKind.TERMINATION:
        expected = "delay_notice_id for a termination only"
    if expected:
        raise AmendmentContentWrong(field="body", kind=kind.value, expected_content=expected)
    if new.entering_id is not None:
        entering = await parties.facts_of(session, [new.entering_id])
        known = entering.get(new.entering_id)
        if known is None or known.state != "active":
            raise AmendmentContentWrong(
                field="body.entering_id",
                kind=kind.value,
                expected_content="the id of an active organisation",
            )
    if kind is AmendmentKind.CHANGE:
        total = contract.total_fen if new.total_fen is None else new.total_fen
        before = await terms_in_force(session, contract)
        after = Terms.model_validate(before.model_dump(mode="json") | changes)
        await drafting.check(session, contract, after, total)
        rules.technical_amount(total, drafting.items(after))
        plain = after.model_dump(mode="json")
        changes = {name: plain[name] for name in changes}
        if new.total_fen is not None:
            changes["total_fen"] = new.total_fen
    return changes


async def text(
    session: AsyncSession,
    contract: Contract,
    new: NewAmendment,
    changes: dict[str, Any],
    party_id: UUID,
    notice: ContractDelayNotice | None,
    number: int,
) -> str:
    other = contract.buyer_id if party_id == contract.seller_id else contract.seller_id
    ids = [contract.seller_id, contract.buyer_id]
    known = await parties.facts_of(session, ids + ([new.entering_id] if new.entering_id else []))
    before = (await terms_in_force(session, contract)).model_dump(mode="json")
    before["total_fen"] = contract.total_fen
    entering = None if new.entering_id is None else drafting.party(known[new.entering_id])
    given = {
        "heading": _HEADINGS[new.kind] if notice is None else _NOTICE_HEADING,
        "kind": new.kind.value,
        "title": contract.title,
        "number": str(contract.id),
        "contract_sha256": contract.text_sha256,
        "amendment_number": number,
        "seller": drafting.party(known[contract.seller_id]),
        "buyer": drafting.party(known[contract.buyer_id]),
        "leaving": drafting.party(known[party_id]),
        "staying": drafting.party(known[other]),
        "entering": entering,
        "reason": new.reason,
        "clause": new.clause,
        "notice": None
        if notice is None
        else {
            "given_on": calendar.local_day(notice.given_at).isoformat(),
            "obligation": notice.obligation,
        },
        "changes": [
            {"name": _NAMES[name], "before": _words(before[name]), "after": _words(value)}
            for name, value in changes.items()
        ],
    }
    return texts.render(texts.AMENDMENT, given)


def _words(value: Any) -> str:
    """A value of a term as the text of a change names it."""
    if value in (None, "", []):
        return "无"
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ";".join(value)
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value)
