"""Words of the pages in both languages: states, kinds, roles, and labels of fields."""

from typing import TypeAlias

from app.standard import service as standard

Pair: TypeAlias = tuple[str, str]
"""The same in Chinese and in English."""

KINDS: dict[str, Pair] = {
    "university": ("高等院校", "University"),
    "institute": ("科研机构", "Research institute"),
    "enterprise": ("企业", "Enterprise"),
    "broker": ("技术经纪机构", "Technology broker"),
    "exchange_operator": ("交易场所", "Exchange operator"),
    "registration_office": ("技术合同登记机构", "Registration office"),
    "regulator": ("主管部门", "Regulator"),
}
ROLES: dict[str, Pair] = {
    "organisation_admin": ("机构管理员", "Organisation administrator"),
    "trader": ("交易员", "Trader"),
    "operator": ("交易场所工作人员", "Operator"),
    "registrar": ("登记员", "Registrar"),
    "regulator": ("监管人员", "Regulator"),
    "platform_admin": ("平台管理员", "Platform administrator"),
}
STATES: dict[str, dict[str, Pair]] = {
    "organisation": {
        "pending": ("待审核", "Awaiting review"),
        "active": ("正常", "Active"),
        "rejected": ("未通过", "Rejected"),
        "suspended": ("已暂停", "Suspended"),
    },
    "achievement": {
        "draft": ("草稿", "Draft"),
        "published": ("已发布", "Published"),
        "withdrawn": ("已撤回", "Withdrawn"),
    },
    "listing": {
        "draft": ("草稿", "Draft"),
        "under_review": ("审核中", "Under review"),
        "published": ("公开挂牌", "Published"),
        "closed": ("挂牌期满", "Closed"),
        "awarded": ("已成交", "Awarded"),
        "failed": ("流拍", "Failed"),
        "withdrawn": ("已撤回", "Withdrawn"),
    },
    "application": {
        "submitted": ("待资格审查", "Awaiting decision"),
        "qualified": ("具备资格", "Qualified"),
        "refused": ("未获资格", "Refused"),
        "withdrawn": ("已撤回", "Withdrawn"),
    },
    "auction": {
        "scheduled": ("待开拍", "Scheduled"),
        "open": ("竞价中", "Open"),
        "paused": ("已中止", "Paused"),
        "opening": ("待开启", "Awaiting its opening"),
        "sold": ("已成交", "Sold"),
        "failed": ("流拍", "Failed"),
        "annulled": ("已撤销", "Annulled"),
    },
    "format": {
        "ascending": ("多次报价", "Rising bids"),
        "online_2016": ("网络司法拍卖规则", "Judicial online sale"),
        "free_then_limited": ("自由报价期 + 限时报价期", "Free, then limited period"),
        "sealed_once": ("一次报价(密封)", "One sealed bid"),
        "descending": ("减价式", "Falling clock"),
        "multi_round": ("多轮次报价", "Rounds of bids in turn"),
        "multi_unit": ("份额报价", "Units"),
        "weighted": ("权重报价", "Price and scored terms"),
        "package": ("组合竞价", "Combinations of lots"),
    },
    "award": {
        "awarded": ("成交", "Awarded"),
        "defaulted": ("悔拍", "Defaulted"),
    },
    "deal": {
        "concluded": ("已成交", "Concluded"),
        "contracted": ("已签约", "Contracted"),
        "cancelled": ("已取消", "Cancelled"),
    },
    "contract": {
        "draft": ("起草中", "Draft"),
        "signing": ("签署中", "Signing"),
        "signed": ("已签署", "Signed"),
        "terminated": ("已终止", "Terminated"),
    },
    "registration": {
        "draft": ("草稿", "Draft"),
        "submitted": ("已提交", "Submitted"),
        "accepted": ("已受理", "Accepted"),
        "needs_correction": ("待补正", "Needs correction"),
        "registered": ("已登记", "Registered"),
        "refused": ("不予登记", "Refused"),
    },
    "demand": {
        "draft": ("草稿", "Draft"),
        "under_review": ("审核中", "Under review"),
        "published": ("发布中", "Published"),
        "matched": ("已对接成交", "Matched"),
        "closed": ("已结束", "Closed"),
        "expired": ("已到期", "Expired"),
        "withdrawn": ("已撤回", "Withdrawn"),
    },
    "solution": {
        "submitted": ("待评选", "Submitted"),
        "shortlisted": ("已入围", "Shortlisted"),
        "refused": ("未入围", "Refused"),
        "withdrawn": ("已撤回", "Withdrawn"),
    },
    "interest": {
        "expressed": ("待答复", "Awaiting an answer"),
        "accepted": ("已接受", "Accepted"),
        "declined": ("已谢绝", "Declined"),
        "withdrawn": ("已撤回", "Withdrawn"),
    },
    "kind": KINDS,
    "role": ROLES,
    "achievement_kind": {
        "single": ("单项成果", "Single achievement"),
        "package": ("成果包", "Package"),
    },
    "method": {
        "auction": ("网络竞价", "Online auction"),
        "negotiation": ("协议定价", "Negotiation"),
    },
    "secrecy": {
        "public": ("公开", "Public"),
        "internal": ("内部", "Internal"),
        "confidential": ("秘密", "Confidential"),
    },
}
"""Names of states and kinds, by what they are states of."""

TONES: dict[str, str] = {
    "active": "good",
    "published": "good",
    "open": "live",
    "sold": "good",
    "paused": "wait",
    "opening": "wait",
    "annulled": "bad",
    "defaulted": "bad",
    "awarded": "good",
    "qualified": "good",
    "signed": "good",
    "registered": "good",
    "contracted": "good",
    "concluded": "good",
    "matched": "good",
    "shortlisted": "good",
    "declined": "bad",
    "expired": "bad",
    "expressed": "wait",
    "refused": "bad",
    "failed": "bad",
    "rejected": "bad",
    "suspended": "bad",
    "cancelled": "bad",
    "terminated": "bad",
    "withdrawn": "bad",
    "pending": "wait",
    "under_review": "wait",
    "submitted": "wait",
    "signing": "wait",
    "scheduled": "wait",
    "accepted": "wait",
    "needs_correction": "wait",
}
"""Colour of a state's badge; its text says the same."""

FIELDS: dict[str, Pair] = {
    "login": ("登录名", "Login"),
    "username": ("登录名", "Login"),
    "password": ("密码", "Password"),
    "name": ("名称", "Name"),
    "name_en": ("英文名称", "English name"),
    "kind": ("类型", "Kind"),
    "credit_code": ("统一社会信用代码", "Unified social credit code"),
    "region_code": ("行政区划代码", "Region code"),
    "region": ("地区", "Region"),
    "address": ("地址", "Address"),
    "contact": ("联系方式", "Contact"),
    "reason": ("理由", "Reason"),
    "act": ("操作", "Act"),
    "title": ("标题", "Title"),
    "summary": ("摘要", "Summary"),
    "details": ("详细内容", "Details"),
    "technical_field": ("技术领域", "Technical field"),
    "ipc": ("国际专利分类", "IPC"),
    "industry_code": ("行业", "Industry"),
    "trl": ("技术就绪度", "TRL"),
    "transfer_modes": ("转化方式", "Transfer modes"),
    "transfer_mode": ("转化方式", "Transfer mode"),
    "license_manner": ("许可方式", "Manner of licence"),
    "funding": ("资金来源", "Funding"),
    "secrecy": ("密级", "Secrecy"),
    "owners": ("权利人", "Owners"),
    "share_bp": ("份额", "Share"),
    "completing_persons": ("完成人", "Completing persons"),
    "persons": ("完成人", "Completing persons"),
    "rights": ("知识产权", "Rights"),
    "type": ("类型", "Type"),
    "number": ("编号", "Number"),
    "expires_on": ("届满日", "Expires on"),
    "price_fen": ("价格", "Price"),
    "price": ("价格", "Price"),
    "price_min": ("最低价", "Lowest price"),
    "price_max": ("最高价", "Highest price"),
    "deposit_fen": ("保证金", "Deposit"),
    "deposit": ("保证金", "Deposit"),
    "increment_fen": ("加价幅度", "Increment"),
    "increment": ("加价幅度", "Increment"),
    "amount_fen": ("出价", "Bid"),
    "amount": ("出价", "Bid"),
    "quantity": ("数量", "Quantity"),
    "lots": ("标的", "Lots"),
    "values": ("评分项", "Scored terms"),
    "format": ("竞价方式", "Format"),
    "reserve_fen": ("保留价", "Secret reserve"),
    "increments": ("加价幅度", "Increment"),
    "start_fen": ("起拍价", "Start price"),
    "decrement_fen": ("每次降价", "Falls by"),
    "interval_s": ("降价间隔", "Interval"),
    "units": ("份额总数", "Units"),
    "min_quantity": ("最少份额", "Least units"),
    "max_quantity": ("最多份额", "Most units"),
    "payment": ("成交价规则", "Payment"),
    "extension_s": ("延时", "Extension"),
    "extensions_max": ("最多延长次数", "Extensions at most"),
    "confirm_s": ("确认期", "Confirmation"),
    "cycle_s": ("限时报价计时", "Countdown"),
    "rounds": ("轮次", "Rounds"),
    "turn_s": ("每轮时间", "Turn"),
    "break_s": ("轮间休息", "Break"),
    "minimum_bidders": ("最少出价人数", "Bidders at least"),
    "terms": ("规则", "Rules"),
    "rank": ("名次", "Rank"),
    "following": ("后续处理", "What follows"),
    "commissions_fen": ("佣金", "Commissions"),
    "private_key": ("开启密钥", "Opening key"),
    "share": ("密钥份额", "Share"),
    "bidding_minutes": ("竞价时长(分钟)", "Bidding minutes"),
    "disclosure_working_days": ("挂牌工作日", "Disclosure working days"),
    "profile": ("挂牌规则", "Listing profile"),
    "conditions": ("交易条件", "Conditions"),
    "statement": ("申请说明", "Statement"),
    "achievement_id": ("成果", "Achievement"),
    "contract_id": ("合同", "Contract"),
    "office_id": ("登记机构", "Registration office"),
    "start": ("起始日", "Start"),
    "days": ("天数", "Days"),
    "year": ("年份", "Year"),
    "text_sha256": ("合同文本指纹", "Fingerprint of the text"),
    "technical_fen": ("技术交易额", "Technical amount"),
    "total_fen": ("合同总额", "Total amount"),
    "advance_seconds": ("前进时间", "Advance"),
    "rate": ("倍率", "Rate"),
    "cooperation": ("合作方式", "Co-operation"),
    "about": ("本机构情况", "About us"),
    "questions": ("希望了解的问题", "Open questions"),
    "content": ("内容", "Content"),
    "months": ("周期(月)", "Months"),
    "target": ("要求", "Required value"),
} | {
    name: (member["x-zh"], member["title"])
    for name, member in standard.schema()["properties"].items()
    if name not in {"title", "summary", "type", "trl", "ipc", "version"}
}
"""Labels of fields, by the last name in an error's path."""


def state_name(domain: str, value: str) -> Pair:
    """A state's name; one without a name shows its code."""
    return STATES.get(domain, {}).get(value, (value, value))


def field_name(path: str) -> Pair:
    """The label of a field path such as `body.owners.0.share_bp`."""
    named = [part for part in path.split(".") if part in FIELDS]
    return FIELDS[named[-1]] if named else (path, path)


REFUSALS: dict[str, Pair] = {
    "invalid_or_not_effective": ("合同无效或者尚未生效", "The contract is void or not in effect"),
    "not_technology_contract": ("不属于技术合同", "It is no technology contract"),
    "unclear_party_subject_or_price": (
        "主体、标的或者价款不明确",
        "Parties, subject or price are unclear",
    ),
    "approval_missing": ("缺少法定批准", "An approval that the law demands is missing"),
    "name_mismatch_uncorrected": (
        "名称与内容不符且未补正",
        "Name and content differ and were not corrected",
    ),
    "monopoly_clause": ("含有非法垄断技术条款", "It holds a clause that monopolises technology"),
    "documents_missing": ("材料不齐全", "Documents are missing"),
    "seal_mismatch": ("印章与主体不一致", "The seal is not that of the party"),
    "other": ("其他", "Another reason"),
}
"""Why registration is refused, in short (rules.md 3.2)."""
