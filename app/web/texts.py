"""Words of the pages in both languages: states, kinds, roles, and labels of fields."""

from typing import TypeAlias

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
        "suspended": ("披露中止", "Suspended"),
        "closed": ("挂牌期满", "Closed"),
        "awarded": ("已成交", "Awarded"),
        "failed": ("流拍", "Failed"),
        "withdrawn": ("已撤回", "Withdrawn"),
    },
    "notice": {
        "draft": ("草稿", "Draft"),
        "published": ("公示中", "Published"),
        "suspended": ("因异议中止", "Suspended"),
        "effective": ("已生效", "In effect"),
        "void": ("价格作废", "Void"),
        "withdrawn": ("已撤回", "Withdrawn"),
    },
    "objection": {
        "filed": ("待处理", "Awaiting decision"),
        "upheld": ("成立", "Upheld"),
        "rejected": ("不成立", "Rejected"),
        "withdrawn": ("已撤回", "Withdrawn"),
        "lapsed": ("无需处理", "Lapsed"),
    },
    "interest": {
        "none": ("无利害关系", "No interest"),
        "inventor": ("成果完成人", "Inventor"),
        "interested_party": ("利害关系人", "Interested party"),
    },
    "outcome": {
        "passed": ("通过", "Passed"),
        "failed": ("未通过", "Failed"),
        "needs_approval": ("待核实", "To be checked"),
    },
    "application": {
        "submitted": ("待资格审查", "Awaiting decision"),
        "needs_correction": ("待补正", "Needs correction"),
        "appealed": ("申诉中", "Appealed"),
        "qualified": ("具备资格", "Qualified"),
        "refused": ("未获资格", "Refused"),
        "withdrawn": ("已撤回", "Withdrawn"),
    },
    "auction": {
        "scheduled": ("待开拍", "Scheduled"),
        "open": ("竞价中", "Open"),
        "sold": ("已成交", "Sold"),
        "failed": ("流拍", "Failed"),
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
    "awarded": "good",
    "qualified": "good",
    "signed": "good",
    "registered": "good",
    "contracted": "good",
    "concluded": "good",
    "refused": "bad",
    "failed": "bad",
    "rejected": "bad",
    "suspended": "bad",
    "cancelled": "bad",
    "terminated": "bad",
    "withdrawn": "bad",
    "effective": "good",
    "passed": "good",
    "upheld": "bad",
    "void": "bad",
    "filed": "wait",
    "needs_approval": "wait",
    "appealed": "wait",
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
    "bidding_minutes": ("竞价时长(分钟)", "Bidding minutes"),
    "disclosure_working_days": ("挂牌工作日", "Disclosure working days"),
    "profile": ("挂牌规则", "Listing profile"),
    "conditions": ("交易条件", "Conditions"),
    "requirements": ("受让条件", "Conditions for transferees"),
    "taker_id": ("受让方", "Taker"),
    "taker_name": ("受让方", "Taker"),
    "interest": ("利害关系", "Interest"),
    "interest_note": ("关系说明", "Interest"),
    "objection_procedure": ("异议处理程序", "Procedure for objections"),
    "grounds": ("理由", "Grounds"),
    "evidence": ("核实依据", "Evidence"),
    "subject": ("主体", "Subject"),
    "document": ("文件", "Document"),
    "dated_on": ("文件日期", "Date"),
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
}
"""Labels of fields, by the last name in an error's path."""


CLEARANCES: dict[str, Pair] = {
    "co_owner_consent:consents": ("共有权利人同意", "Co-owner consents"),
    "inventor_statement:waived": ("完成人放弃优先受让权", "Inventor waives first refusal"),
    "inventor_statement:reserved": ("完成人保留优先受让权", "Inventor reserves first refusal"),
    "pledge:pledged": ("已质押", "Pledged"),
    "pledgee_consent:consents": ("质权人同意", "Pledgee consents"),
    "funding_approval:approved": ("项目管理机构批准", "Programme authority approves"),
    "export_licence:approved": ("技术出口许可", "Export licence"),
    "unfiled_invention:unfiled": ("发明尚未申请专利", "Invention not filed yet"),
}
"""What clearances say, by kind and statement."""


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
