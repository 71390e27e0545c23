"""Contracts of every class as parties hand them to an office, for trying its bulk work.

They are invented; the same index gives the same contract. Used by the guide for registrars, by
`techmarket handed-in`, and by tests.
"""

from typing import Any

from app.kit.identifiers import make_uscc

TEXTS: dict[str, str] = {
    "development.commissioned": (
        "技术开发合同\n委托方委托研究开发方研究开发{subject}的新工艺。"
        "研究开发目标:{subject}良率不低于 95%。"
        "该技术方案订立合同时尚未掌握,具有创新内容。阶段性研究成果按月提交。验收:按指标组织验收。"
    ),
    "development.joint": (
        "技术开发合同\n双方合作研究开发{subject},分工参与研究开发工作。研究开发目标:突破{subject}的技术难题,"
        "形成新产品。验收方式:专家鉴定。"
    ),
    "transfer.patent_right": (
        "技术转让合同\n让与人将其合法拥有的{subject}发明专利权转让给受让人,"
        "专利号 ZL201710601862.3。转让费一次付清。让与人交付全部技术资料。转让后权利归受让人所有。"
    ),
    "transfer.know_how": (
        "技术转让合同\n让与人将{subject}的技术秘密转让给受让人。该技术秘密让与人合法拥有,工艺完整。"
        "让与人交付全部技术资料,转让费分两期支付,权利归受让人所有。"
    ),
    "license.patent_license": (
        "技术许可合同\n许可人许可被许可人实施{subject}专利,专利号 ZL201710601862.3。"
        "许可方式:普通实施许可。许可期限至 2030 年。许可使用费按销售额提成。"
        "专利权权利归许可人所有,交付全部技术资料。"
    ),
    "consulting": (
        "技术咨询合同\n受托方就{subject}改造项目进行可行性研究,运用科学方法分析、论证技术路线,"
        "提交可行性研究报告和咨询意见。"
    ),
    "service.service": (
        "技术服务合同\n受托方为委托方解决{subject}生产中的技术问题,进行工艺优化和分析测试,提高产品质量,"
        "良率达到 98%。技术服务不涉及知识产权的转移。"
    ),
    "service.training": (
        "技术培训合同\n受托方向委托方指定的专业技术人员传授{subject}的工艺技术。培训内容见附件,学员二十人,"
        "共 40 课时。培训不涉及知识产权的转移。"
    ),
    "service.intermediary": (
        "技术中介合同\n中介人就{subject}成果的转化提供居间服务,促成委托人与第三方订立技术转让的交易,"
        "寻找受让方。"
    ),
}
KINDS = tuple(TEXTS)
_SUBJECTS = ("薄膜器件", "储能电池", "催化剂", "检测传感器", "种质资源", "高分子膜", "轨道车辆部件")
_FIELDS = (
    "new_materials",
    "new_energy_efficiency",
    "environment_resources",
    "electronics_information",
    "agriculture",
    "new_materials",
    "modern_transport",
)
_ROYALTY = "royalty"


def party(index: int, name: str, region: str, party_type: str) -> dict[str, Any]:
    """A party in China; an index has one credit code."""
    prefix = "12110000" if party_type < "100" else "91110000"
    return {
        "name": name,
        "credit_code": make_uscc(prefix, f"{70_000_000 + index:08d}"),
        "region_code": region,
        "party_type": party_type,
    }


def handed_in(
    index: int, kind: str = "", *, region: str = "110108", **change: Any
) -> dict[str, Any]:
    """The contract of an index, its class going round; `region` is the seller's."""
    kind = kind or KINDS[index % len(KINDS)]
    contract_class, _, sub = kind.partition(".")
    subject = f"第 {index} 号{_SUBJECTS[index % len(_SUBJECTS)]}"
    return {
        "reference": f"R-{index:05d}",
        "title": f"{subject}合同",
        "contract_class": contract_class,
        "sub_class": kind if sub else None,
        "technical_field": _FIELDS[index % len(_FIELDS)],
        "total_fen": 10_000_000 + 10_000 * (index % 2_000),
        "technical_fen": 9_000_000 + 10_000 * (index % 2_000),
        "payment_mode": _ROYALTY if contract_class == "license" else "lump_once",
        "signed_on": "2026-01-05",
        "seller": party(index, f"第 {index} 研究所", region, "021"),
        "buyer": party(10_000 + index, f"第 {index} 科技公司", "330106", "150"),
        "text": TEXTS[kind].format(subject=subject),
    } | change
