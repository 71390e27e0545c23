"""Labels of fields that refusals name: whoever fills in a form knows labels, not paths."""

from app.kit.i18n import Language
from app.web.texts import FIELDS, Pair

_MORE: dict[str, Pair] = {
    "acknowledged": ("确认", "Acknowledgement"),
    "answers": ("答复", "Answers"),
    "broker_id": ("经纪机构", "Broker"),
    "cms_base64": ("签名文件", "Signature file"),
    "code": ("代码", "Code"),
    "codes": ("代码", "Codes"),
    "commission_fen": ("佣金", "Commission"),
    "content_sha256": ("内容指纹", "Fingerprint of the content"),
    "contract_class": ("合同类别", "Class of contract"),
    "cost_fen": ("成本", "Cost"),
    "deductions": ("扣除项", "Deductions"),
    "delivery_id": ("交付", "Delivery"),
    "ends_at": ("截止时间", "Ends at"),
    "entering_id": ("受让合同地位方", "Who enters"),
    "expert": ("专家", "Expert"),
    "fee_fen": ("报酬", "Fee"),
    "file": ("文件", "File"),
    "fixed_fen": ("固定报酬", "Sum"),
    "cap_fen": ("报酬上限", "Cap"),
    "grant_type": ("登录方式", "Grant"),
    "intermediary_id": ("中介机构", "Intermediary"),
    "items": ("明细", "Items"),
    "licence_until": ("许可期限", "Licensed until"),
    "listing_id": ("挂牌", "Listing"),
    "mandate_id": ("委托", "Mandate"),
    "member_ids": ("成果包成员", "Members of the package"),
    "non_technical_items": ("非技术性款项", "Items that are not technical"),
    "subject_fen": ("款项", "Amount"),
    "note": ("说明", "Note"),
    "offer_id": ("报价", "Offer"),
    "organisation_id": ("机构", "Organisation"),
    "other_credit_code": ("对方信用代码", "The other side's credit code"),
    "other_id": ("对方", "The other side"),
    "override_reason": ("采用其他结果的理由", "Why another result is taken"),
    "parts": ("组成部分", "Parts"),
    "patents": ("专利", "Patents"),
    "payment_id": ("付款", "Payment"),
    "period_until": ("期间截止日", "End of the period"),
    "point": ("登记点", "Registration point"),
    "prolong_working_days": ("延长工作日", "Working days longer"),
    "question": ("问题", "Question"),
    "realised_technical_fen": ("实现技术交易额", "Technical amount realised"),
    "received_on": ("收到日", "Received on"),
    "refund_id": ("退款", "Refund"),
    "region4": ("地区代码", "Region code"),
    "registration_id": ("登记", "Registration"),
    "request_id": ("申请", "Request"),
    "roles": ("角色", "Roles"),
    "royalty_report_id": ("提成报告", "Royalty report"),
    "scopes": ("权限", "Scopes"),
    "since": ("起始时间", "Since"),
    "sub_class": ("合同小类", "Subclass of contract"),
    "taken_on": ("取得日", "Taken on"),
    "text": ("正文", "Text"),
    "use": ("用途", "Use"),
    "valuation_id": ("估值", "Valuation"),
    "valued_on": ("评估基准日", "Valued on"),
    "years": ("年份", "Years"),
}
_LABELS = _MORE | FIELDS


def field_name(path: str, language: Language) -> str:
    """The label of a path such as `body.owners.0.share_bp`, with the place in its list; empty when
    no part of the path has one."""
    parts = path.split(".")
    named = [at for at, part in enumerate(parts) if part in _LABELS]
    if not named:
        return ""
    label = _LABELS[parts[named[-1]]][0 if language == "zh" else 1]
    places = [part for part in parts[1:] if part.isascii() and part.isdigit()]
    if not places:
        return label
    place = int(places[-1]) + 1
    return f"{label}(第 {place} 项)" if language == "zh" else f"{label} ({place})"
