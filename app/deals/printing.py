"""What the document of a trade certificate shows; `app.kit.papers` draws it."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from app.kit import codes
from app.kit.money import format_yuan
from app.kit.papers import Paper, draw

TITLE = "技术交易凭证"
_METHODS = {"auction": "网络竞价", "negotiation": "协议定价"}
_PAYMENT = {
    "lump_once": "一次总付",
    "lump_instalments": "分期支付",
    "royalty": "提成支付",
    "royalty_with_upfront": "提成支付附加预付入门费",
}


def certificate(content: Mapping[str, Any], digest: str, key_id: str, issued_at: datetime) -> bytes:
    """The document of a certificate's content; `digest` is the SHA-256 that was signed, in hex."""
    paper = Paper(
        title=TITLE,
        number=content["number"],
        rows=tuple(_rows(content)),
        address=content["verify_at"],
        proof=(
            f"出具日期:{content['issued_on']}",
            "扫描二维码或访问下列地址,核验本凭证的内容与效力:",
            content["verify_at"],
            f"内容指纹(SHA-256):{digest}",
            f"平台签名(Ed25519)密钥编号:{key_id}",
            "本凭证可被撤销,以核验页面显示的状态为准。",
        ),
    )
    return draw(paper, issued_at)


def _rows(content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The fields of rules.md C-18, in their order."""
    yield "项目编号", content["listing_id"]
    yield "标的名称", content["title"]
    for label, party in (("转让方", content["seller"]), ("受让方", content["buyer"])):
        yield label, f"{party['name']}(统一社会信用代码 {party['credit_code']})"
    yield "受托经纪机构", "、".join(content["brokers"]) or "无"
    yield "转化方式", _mode(content)
    yield "交易方式", _METHODS[content["method"]]
    yield "挂牌起止日", f"{content['listed_from']} 至 {content['listed_until']}"
    yield "成交日期", content["concluded_on"]
    yield "成交公示期", f"{content['publicity_from']} 至 {content['publicity_until']}"
    yield "签约日期", content["signed_on"]
    appraisal = content["appraisal_fen"]
    yield "评估结果", "未提供" if appraisal is None else f"人民币 {format_yuan(appraisal)} 元"
    yield "转让价格", f"人民币 {format_yuan(content['price_fen'])} 元"
    yield "价款支付方式", _PAYMENT.get(content["payment_mode"] or "", "以合同约定为准")
    yield "审核结论", content["conclusion"]


def _mode(content: Mapping[str, Any]) -> str:
    mode = _title("transfer_modes", content["transfer_mode"])
    manner = content["license_manner"]
    return mode if manner is None else f"{mode}({_title('license_manners', manner)})"


def _title(list_name: str, value: str) -> str:
    entry = codes.code_list(list_name).get(value)
    return value if entry is None else entry.title("zh")
