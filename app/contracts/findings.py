"""Checks before signing: what a contract lacks or may not say, each with its rule and a remedy.

Pure functions over what is on record. A finding that blocks stops the signature; one that warns
is acknowledged by each party that signs.
"""

from collections.abc import Iterator

from app.contracts import clauses
from app.contracts.border_findings import border
from app.contracts.found import Check, Finding, Inspected
from app.contracts.patent_findings import patent_content, patent_terms, years_after
from app.contracts.rules import NORMAL_SETS
from app.contracts.schemas import Terms
from app.contracts.states import ContractClass, RestrictionKind, RoyaltyRate, Severity

_BLOCK, _WARN = Severity.BLOCK, Severity.WARN


def inspect(seen: Inspected) -> list[Finding]:
    """All findings, those that block first; every code once, with its first place."""
    found: dict[str, Finding] = {}
    for check in CHECKS:
        for finding in check(seen):
            found.setdefault(finding.code, finding)
    return sorted(found.values(), key=lambda one: one.severity is not _BLOCK)


def licence_term(seen: Inspected) -> Iterator[Finding]:
    """A licence has an end, and ends with its patents at the latest (民法典 865)."""
    if seen.contract_class is not ContractClass.LICENSE:
        return
    until = seen.terms.licence_until
    ends = [patent.expires_on for patent in seen.terms.patents if patent.expires_on is not None]
    if until is None:
        yield Finding(
            "licence_term_missing",
            _BLOCK,
            "民法典 862",
            "licence_until",
            "许可合同未约定许可期限",
            "The licence does not say until when it lasts",
            "填写 licence_until",
            "State licence_until",
        )
    elif ends and until > max(ends):
        yield Finding(
            "licence_outlasts_patent",
            _BLOCK,
            "民法典 865",
            "licence_until",
            f"许可期限 {until} 超过专利有效期限 {max(ends)}",
            f"The licence until {until} outlasts the patent, which ends on {max(ends)}",
            f"许可期限改为不晚于 {max(ends)}",
            f"Let it end on {max(ends)} or earlier",
        )


def co_owners(seen: Inspected) -> Iterator[Finding]:
    """All co-owners consent to all but an ordinary licence (专利法 14)."""
    ordinary = seen.contract_class is ContractClass.LICENSE and seen.license_manner in {
        None,
        "ordinary",
    }
    concerned = seen.contract_class in {ContractClass.LICENSE, ContractClass.TRANSFER}
    if concerned and not ordinary and seen.missing_consents:
        names = "、".join(seen.missing_consents)
        yield Finding(
            "co_owner_consent_missing",
            _BLOCK,
            "专利法 14; 民法典 860",
            "ownership",
            f"缺少共有权利人同意:{names}",
            f"Co-owners have not consented: {names}",
            "登记共有权利人的书面同意;仅普通许可可以由一名共有人单独作出",
            "Put their written consent on record; only an ordinary licence needs none",
        )


_DEFAULTS = {
    "development.commissioned": (
        "民法典 859, 861",
        "申请专利的权利归研究开发方,委托方可以依法实施;技术秘密双方均可使用、转让",
        "the right to apply belongs to the developer, the client may use; know-how both may use",
    ),
    "development.joint": (
        "民法典 860, 861",
        "申请专利的权利归合作各方共有;技术秘密各方均可使用、转让",
        "the right to apply is common to all; know-how all may use and assign",
    ),
}
_DEFAULT = (
    "民法典 885",
    "受托方利用对方资料完成的新成果归受托方,委托方利用工作成果完成的新成果归委托方",
    "new results belong to the side that made them",
)


def default_ownership(seen: Inspected) -> Iterator[Finding]:
    """Where the contract is silent, the law decides (rules.md V-1, V-2, V-3)."""
    terms = seen.terms
    if not terms.ownership:
        source, zh, en = _DEFAULTS.get(seen.sub_class or "", _DEFAULT)
        if seen.contract_class in {ContractClass.TRANSFER, ContractClass.LICENSE}:
            source, zh, en = (
                "民法典 870",
                "让与人应保证其为权利的合法拥有者",
                "the seller warrants",
            )
        yield _silent("ownership_not_agreed", source, "ownership", zh, en)
    if not terms.improvements and seen.contract_class in {
        ContractClass.TRANSFER,
        ContractClass.LICENSE,
    }:
        zh, en = "后续改进成果,其他各方无权分享", "the other side has no share in improvements"
        yield _silent("improvements_not_agreed", "民法典 875", "improvements", zh, en)
    advice = seen.contract_class in {ContractClass.CONSULTING, ContractClass.SERVICE}
    if advice and not (terms.expenses or terms.improvements):
        zh, en = "受托方开展工作所需费用由受托方负担", "the provider bears its expenses"
        yield _silent("expenses_not_agreed", "民法典 886", "expenses", zh, en)


def _silent(code: str, source: str, field: str, zh: str, en: str) -> Finding:
    return Finding(
        code,
        _WARN,
        source,
        field,
        f"合同未作约定,依法:{zh}",
        f"The contract is silent; by law {en}",
        f"如需另行约定,填写 {field}",
        f"State {field} if something else is meant",
    )


_MONOPOLY = {
    RestrictionKind.IMPROVEMENTS: (
        "限制对方在标的技术基础上进行新的研究开发或者使用所改进的技术,或者改进技术的交换条件不对等",
        "bars new development or the use of improvements, or exchanges them on unequal terms",
    ),
    RestrictionKind.OTHER_SOURCES: (
        "限制对方从其他来源获得与技术提供方类似或者竞争的技术",
        "bars similar or competing technology from other sources",
    ),
    RestrictionKind.OUTPUT: (
        "不合理地限制产品的数量、品种、价格、销售渠道或者出口市场",
        "limits quantity, variety, price, channels or export unreasonably",
    ),
    RestrictionKind.TYING: (
        "要求接受并非实施技术必不可少的附带条件",
        "ties what is not essential for the use of the technology",
    ),
    RestrictionKind.PURCHASING: (
        "不合理地限制购买原材料、零部件、产品或者设备的渠道或者来源",
        "limits where material, parts or equipment are bought unreasonably",
    ),
    RestrictionKind.NO_CHALLENGE: (
        "禁止对方对知识产权的有效性提出异议,或者对提出异议附加条件",
        "forbids to challenge the validity of the right, or sets conditions on it",
    ),
}


def monopoly(seen: Inspected) -> Iterator[Finding]:
    """The six kinds of clauses that monopolise technology (民法典 850; 解释 10)."""
    return monopoly_of(seen.terms)


def monopoly_of(terms: Terms) -> Iterator[Finding]:
    """Clauses that monopolise technology in these terms, named by the parties or suspected."""
    for index, named in enumerate(terms.restrictions):
        yield _monopolises(named.kind, f"restrictions.{index}", named.clause)
    for field, text in _written(terms):
        for suspicion in clauses.suspicions(text):
            yield _monopolises(suspicion.kind, field, suspicion.sentence)


def monopoly_in(text: str) -> Iterator[Finding]:
    """Clauses of a text without structured terms that may monopolise technology."""
    for suspicion in clauses.suspicions(text):
        yield _monopolises(suspicion.kind, "text", suspicion.sentence)


def _written(terms: Terms) -> Iterator[tuple[str, str]]:
    for name in (
        "subject",
        "particulars",
        "delivery",
        "acceptance",
        "ownership",
        "improvements",
        "confidentiality",
        "breach",
    ):
        yield name, getattr(terms, name)
    for index, clause in enumerate(terms.free_clauses):
        yield f"free_clauses.{index}", clause
    if terms.full_text is not None:
        yield "full_text", terms.full_text


def _monopolises(kind: RestrictionKind, field: str, quote: str) -> Finding:
    severity = clauses.SEVERITY[kind]
    zh, en = _MONOPOLY[kind]
    suspected = severity is _WARN
    return Finding(
        f"monopoly_{kind.value}",
        severity,
        "民法典 850; 技术合同纠纷解释 10",
        field,
        f"{'疑似' if suspected else ''}非法垄断技术条款:{zh}",
        f"{'Perhaps a' if suspected else 'A'} clause that {en}",
        "确认该限制合理且必要,否则删除" if suspected else "删除该条款,或者改为对等、互惠的约定",
        "Confirm that it is reasonable, or delete it"
        if suspected
        else "Delete it or make it mutual",
        quote[:500],
    )


def publicity(seen: Inspected) -> Iterator[Finding]:
    """The deal's publicity is over, and a notice that is needed is effective (rules.md 2.1)."""
    if seen.publicity:
        yield Finding(
            "publicity_not_effective",
            _BLOCK,
            "促进科技成果转化法 18; rules.md C-19",
            "",
            f"公示尚未生效({seen.publicity})",
            f"The publicity is not effective ({seen.publicity})",
            "待公示期满且异议处理完毕后签署",
            "Sign when the publicity has passed and objections are settled",
        )


def amounts(seen: Inspected) -> Iterator[Finding]:
    """A reasonable quantity of the subject matter is one or two sets (rules.md 3.3, TV-B2)."""
    for index, item in enumerate(seen.terms.non_technical_items):
        if item.subject_fen and (item.subject_sets or 0) not in NORMAL_SETS:
            yield Finding(
                "quantity_not_reasonable",
                _WARN,
                "技术合同认定规则(合理数量标的物); rules.md 3.3",
                f"non_technical_items.{index}.subject_sets",
                f"{item.name}:成套设备、试验装置的合理数量一般为 1 至 2 套,其成本未计入技术交易额",
                f"{item.name}: one or two sets are a reasonable quantity; the cost stays out of the"
                " technical amount",
                "改为 1 至 2 套,或者由登记机构说明理由后调整",
                "State one or two sets, or let the registration office override it with a reason",
            )


def royalties(seen: Inspected) -> Iterator[Finding]:
    """A rate that rises or falls says how (民法典 846)."""
    royalty = seen.terms.royalty
    if royalty is None or royalty.rate_kind is RoyaltyRate.FIXED:
        return
    if not royalty.yearly_rates_bp:
        yield Finding(
            "royalty_rates_missing",
            _WARN,
            "民法典 846",
            "royalty.yearly_rates_bp",
            "提成比例逐年递增或者递减,但未约定各年度比例",
            "The rate rises or falls by the year, but the rates are not stated",
            "填写 yearly_rates_bp",
            "State yearly_rates_bp",
        )


def former_staff(seen: Inspected) -> Iterator[Finding]:
    """Within a year after leaving, the same work counts for the former unit (rules.md V-5)."""
    for index, past in enumerate(seen.terms.former_employment):
        if past.left_on <= past.made_on <= years_after(past.left_on, 1):
            yield Finding(
                "made_within_a_year_of_leaving",
                _WARN,
                "专利法实施细则 13; 技术合同纠纷解释 2",
                f"former_employment.{index}",
                f"{past.person} 离开 {past.employer} 不满一年完成的成果,可能属于原单位",
                f"{past.person} left {past.employer} within a year before; it may own the result",
                "取得原单位的书面确认,或者由各方约定归属",
                "Get the former unit's confirmation, or agree on the ownership",
            )


CHECKS: tuple[Check, ...] = (
    patent_content,
    patent_terms,
    licence_term,
    co_owners,
    monopoly,
    publicity,
    border,
    default_ownership,
    amounts,
    royalties,
    former_staff,
)
