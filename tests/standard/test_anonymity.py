"""What tells who is behind an anonymous profile, and what does not."""

import pytest

from app.standard.anonymity import identifying

NAMES = (
    "北京云岭新材料科技有限公司",
    "江海生物医药股份有限公司(示例)",
    "杭州电子科技大学",
    "Cloud Ridge Materials Ltd",
    "欧阳建国",
    "高强",
)

REFUSED = [
    ("由北京云岭新材料科技有限公司提出", "name", "北京云岭新材料科技有限公司"),
    ("云岭新材料科技长期从事该领域", "name", "云岭新材料科技"),
    ("我们云岭公司的产线", "name", "云岭公司"),
    ("江海生物医药股份有限公司（示例）参与", "name", "江海生物医药股份有限公司(示例)"),
    ("江海生物医药股份有限公司的产品", "name", "江海生物医药股份有限公司"),
    ("江海生物医药已有产线", "name", "江海生物医药"),
    ("与杭州电子科技大学合作", "name", "杭州电子科技大学"),
    ("cloud ridge materials ltd offers", "name", "cloud ridge materials ltd"),
    ("项目由欧阳建国主持", "name", "欧阳建国"),
    ("请联系高强经理", "name", "高强经理"),
    ("联系人：高强", "name", "联系人:高强"),
    ("电话13812345678", "phone", "13812345678"),
    ("电话１３８１２３４５６７８", "phone", "13812345678"),
    ("电话 138-1234-5678", "phone", "138-1234-5678"),
    ("+86 138 1234 5678", "phone", "+86 138 1234 5678"),
    ("1\u200b38\u200b12345678", "phone", "13812345678"),
    ("座机 0571-87654321", "phone", "0571-87654321"),
    ("座机(010)62345678", "phone", "(010)62345678"),
    ("热线 400-820-8820", "phone", "400-820-8820"),
    ("+44 20 7946 0958", "phone", "+44 20 7946 0958"),
    ("微信号:abc_12345", "messenger", "微信号:abc_12345"),
    ("QQ:12345678", "messenger", "QQ:12345678"),
    ("邮箱 li.lei@example.com", "e_mail", "li.lei@example.com"),
    ("ｌｉ．ｌｅｉ＠ｅｘａｍｐｌｅ．ｃｏｍ", "e_mail", "li.lei@example.com"),
    ("li.lei (at) example.com", "e_mail", "li.lei (at) example.com"),
    ("见 https://example.com/a?b=1。", "link", "https://example.com/a?b=1"),
    ("网站www.example.cn,", "link", "www.example.cn"),
    ("官网 example.com.cn", "link", "example.com.cn"),
    ("代码91110000600037341L", "credit_code", "91110000600037341L"),
    ("11010519491231002X", "identity_card", "11010519491231002X"),
    ("已获专利 201710601862.3", "patent_number", "201710601862.3"),
    ("专利号:ZL201721099528.4", "patent_number", "ZL201721099528.4"),
    ("专利号 ZL 2017 2 1099528.4", "patent_number", "ZL 2017 2 1099528.4"),
    ("旧专利 95115608.X", "patent_number", "95115608.X"),
    ("公开号 CN114081026A", "patent_number", "CN114081026A"),
    ("PCT/CN2019/123456", "patent_number", "PCT/CN2019/123456"),
    ("软著 2019SR0123456", "patent_number", "2019SR0123456"),
    ("使用 Ridgelon® 纤维", "brand", "Ridgelon®"),
    ("![logo](data:image/png;base64,xx)", "image", "![logo](data:image/png;base64,xx)"),
    ('<img src="x">', "image", '<img src="x">'),
    ("见 logo.png", "image", "logo.png"),
]

ACCEPTED = [
    "寻求高强度轴承钢,抗拉强度不低于 1800 MPa。",
    "新材料与生物医药领域的企业,位于北京。",
    "电子科技类院校优先;江海联运装备,云岭山区适用。",
    "杭州市的工业园区",
    "100/120粒度的抗冲击韧性≥67%,堆积密度≥1.80克/立方厘米。",
    "2018年度实现销售收入2002万元,利润总额520万元。",
    "项目编号:182102110301,精度 0.0571876543 mm",
    "转速 12000-15000 r/min,温度 -40~+85 ℃,寿命 10000000 次",
    "执行 GB/T 3190-2008 与 ISO 9001.2015,版本 v1.2.3,Node.js 与 e.g. 例外。",
    "成本 13,800 元;型号 6061-T6;Cloud Ridge 无关",
    "数量 201710601862 只",
    "CN 与 PCT 专利申请中,ZL 许可可谈",
    "2026-01-31 前,每天 08:30-17:30,pH 6.5-7.5",
    "年产 1500000000 件",
]


@pytest.mark.parametrize(("text", "kind", "fragment"), REFUSED)
def test_what_tells_who_is_behind(text: str, kind: str, fragment: str) -> None:
    found = identifying([("summary", text)], NAMES)
    assert [(one.field, one.kind, one.fragment) for one in found] == [("summary", kind, fragment)]


@pytest.mark.parametrize("text", ACCEPTED)
def test_what_tells_nothing(text: str) -> None:
    assert identifying([("summary", text)], NAMES) == []


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "text",
    [
        part * (20_000 // len(part))
        for part in ("字", "a", "a.", "a-", "![", "<img", "cn.", "1", "0 ", "qq ", "联系人")
    ],
)
def test_a_text_that_is_made_to_be_slow_is_read_in_linear_time(text: str) -> None:
    kinds = {finding.kind for finding in identifying([("description", text)], NAMES)}
    assert kinds <= {"image", "link"}


def test_every_field_and_every_fragment_is_named_once() -> None:
    texts = [("title", "云岭公司 13812345678"), ("indicators.0.target", "13812345678 13812345678")]
    found = identifying(texts, NAMES)
    assert sorted((one.field, one.kind) for one in found) == [
        ("indicators.0.target", "phone"),
        ("title", "name"),
        ("title", "phone"),
    ]
