"""Clauses that monopolise technology, found by their wording (技术合同纠纷解释 10; rules.md 3.2).

A text is read sentence by sentence. The wordings are this project's own; what a pattern finds is
for people to judge, and quoted to them. Three of the six kinds are void as they stand; the others
only if they are unreasonable, which no pattern can tell.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from app.contracts.states import RestrictionKind, Severity

_SENTENCE = re.compile(r"[^。;;!!??\n]+")
_NOT = r"(?:不得|禁止|不允许|不可以|无权|不能|承诺不)"
_SELLER = r"(?:卖方|许可人|许可方|让与人|转让方|出让方|受托方|研究开发方|甲方|对方)"
_BUYER = r"(?:买方|被许可人|被许可方|受让人|受让方|委托方|乙方)"
_MUST = r"(?:必须|只能|仅能|只可|仅可|应当|须|需)"

_PATTERNS: dict[RestrictionKind, tuple[str, ...]] = {
    RestrictionKind.IMPROVEMENTS: (
        _NOT + r".{0,24}(?:新的研究开发|后续研究|后续开发|后续改进|二次开发|再开发)",
        _NOT + r".{0,16}(?:改进|改良).{0,10}(?:技术|成果|专利|工艺|产品)",
        _NOT + r".{0,12}(?:使用|实施).{0,8}(?:所|其)?改进",
        r"(?:改进|改良).{0,24}(?:无偿|免费).{0,12}(?:归|提供|许可|转让|回授|交付)",
        r"(?:改进|改良).{0,24}(?:均|全部|一律|独占|排他)?.{0,6}(?:归|属于|回授)(?:给|于)?"
        + _SELLER,
    ),
    RestrictionKind.OTHER_SOURCES: (
        _NOT + r".{0,20}(?:其他来源|第三方|第三人|他人|其他单位|其他企业).{0,24}技术",
        _NOT + r".{0,16}(?:类似|竞争|同类|替代)(?:的|性的|性)?.{0,6}技术",
    ),
    RestrictionKind.OUTPUT: (
        r"(?:产量|数量|品种|价格|售价|销售渠道|出口).{0,18}(?:不得(?:超过|高于|低于|多于|少于)|限于"
        r"|(?:须|应)?经"
        + _SELLER
        + r".{0,8}(?:批准|同意|核准)|由"
        + _SELLER
        + r"(?:确定|决定|指定))",
        _NOT + r".{0,12}(?:出口|销往|向.{0,12}销售)",
    ),
    RestrictionKind.TYING: (
        _BUYER
        + r".{0,10}"
        + _MUST
        + r".{0,12}(?:购买|接受|采购|聘用|雇用|使用).{0,8}"
        + _SELLER
        + r"(?:的|所)?(?:指定|提供|推荐)?.{0,16}(?:设备|技术|产品|服务|人员|原材料|零部件)",
        r"(?:购买|接受|附带|搭售).{0,20}(?:并非|不是|非)(?:实施(?:该|本)?技术)?(?:所)?(?:必需|必不可少)",
    ),
    RestrictionKind.PURCHASING: (
        _MUST + r".{0,8}(?:向|从|通过).{0,24}(?:购买|采购|购进|取得).{0,20}"
        r"(?:原材料|原料|零部件|零件|设备|产品)",
        r"(?:原材料|原料|零部件|零件|设备|产品).{0,12}"
        + _MUST
        + r".{0,8}(?:向|从|通过).{0,16}(?:购买|采购|购进)",
    ),
    RestrictionKind.NO_CHALLENGE: (
        _NOT + r".{0,30}有效性.{0,14}(?:异议|质疑|挑战|争议)",
        r"(?:" + _NOT + r"|放弃).{0,30}(?:宣告.{0,16}无效|无效宣告|无效请求)",
    ),
}
_COMPILED = {
    kind: tuple(re.compile(one) for one in patterns) for kind, patterns in _PATTERNS.items()
}
# "Neither party may limit the other's improvements" says the opposite of what it looks like.
_HARMLESS = re.compile(
    r"(?:不得|不|无权|禁止)(?:以任何方式)?(?:限制|禁止|阻止|妨碍|干涉)|有权|可以自行"
)

SEVERITY: dict[RestrictionKind, Severity] = {
    RestrictionKind.IMPROVEMENTS: Severity.BLOCK,
    RestrictionKind.OTHER_SOURCES: Severity.BLOCK,
    RestrictionKind.OUTPUT: Severity.WARN,
    RestrictionKind.TYING: Severity.WARN,
    RestrictionKind.PURCHASING: Severity.WARN,
    RestrictionKind.NO_CHALLENGE: Severity.BLOCK,
}
"""Void as they stand, or only where unreasonable or not essential (解释 10, items 1 to 6)."""


@dataclass(frozen=True)
class Suspicion:
    """A sentence that looks like one of the six kinds."""

    kind: RestrictionKind
    sentence: str


def suspicions(text: str) -> Iterator[Suspicion]:
    """Sentences of a text that look like a monopoly clause, in their order, each kind once."""
    for found in _SENTENCE.finditer(text):
        sentence = found.group().strip()
        if _HARMLESS.search(sentence):
            continue
        plain = re.sub(r"\s+", "", sentence)
        for kind, patterns in _COMPILED.items():
            if any(pattern.search(plain) for pattern in patterns):
                yield Suspicion(kind, sentence)
