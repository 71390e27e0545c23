"""What the document of a registration's certificate shows; `app.kit.papers` draws it."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from app.kit import codes
from app.kit.money import format_yuan
from app.kit.papers import Paper, draw

TITLE = "技术合同登记证明"


def certificate(content: Mapping[str, Any], digest: str, key_id: str, issued_at: datetime) -> bytes:
    """The document of a certificate's content; `digest` is the SHA-256 that was signed, in hex."""
    return draw(
        Paper(
            title=TITLE,
            number=content["number"],
            rows=tuple(_rows(content)),
            address=content["verify_at"],
            proof=(
                f"出具日期:{content['issued_on']}(第 {content['edition']} 次)",
                "扫描二维码或访问下列地址,核验本证明的内容与效力:",
                content["verify_at"],
                f"内容指纹(SHA-256):{digest}",
                f"平台签名(Ed25519)密钥编号:{key_id}",
                "登记可以变更、注销或者撤销,以核验页面显示的状态为准。",
            ),
        ),
        issued_at,
    )


def _rows(content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What a certificate states (B-5): class, parties, total and technical amount."""
    yield "合同名称", content["title"]
    yield "合同类别", _title(content["sub_class"] or content["contract_class"])
    for label, party in (("卖方", content["seller"]), ("买方", content["buyer"])):
        yield label, f"{party['name']}(统一社会信用代码 {party['credit_code']})"
    yield "合同签订日期", content["signed_on"]
    yield "合同成交额", f"人民币 {format_yuan(content['total_fen'])} 元"
    yield "其中技术交易额", f"人民币 {format_yuan(content['technical_fen'])} 元"
    yield "登记机构", content["office"]
    yield "登记日期", content["registered_on"]
    if content["changed_on"] is not None:
        yield "变更日期", content["changed_on"]
    yield "适用规则", content["rule_set"] + ("(待与官方原文核对)" if content["verify"] else "")


def _title(value: str) -> str:
    entry = codes.code_list("contract_classes").get(value)
    return value if entry is None else entry.title("zh")
