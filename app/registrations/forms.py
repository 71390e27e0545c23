"""Form JJ-001 (技术合同登记表): its fields, their code lists, and what a registration says in them.

Fields by rules.md 3.7; those that were recalled, not read, carry a verify mark.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from app.kit import codes
from app.kit.calendar import local_day
from app.kit.codes import UnknownCode
from app.kit.identifiers import BadIdentifier, check_uscc
from app.kit.money import format_yuan
from app.registrations import rules
from app.registrations.errors import BadCode, BadParty
from app.registrations.models import Registration, RegistrationParty
from app.registrations.schemas import FormDetails, PartyIn

FORM = "JJ-001"
CHINA = "142"


@dataclass(frozen=True)
class Field:
    """A field of the form; `list_name` is the code list of its values, `money` says yuan."""

    key: str
    zh: str
    verify: bool = False
    list_name: str | None = None
    money: bool = False


FIELDS: tuple[Field, ...] = (
    Field("number", "合同登记编号"),
    Field("title", "项目名称"),
    Field("contract_class", "合同类别", True, "contract_classes"),
    Field("sub_class", "合同子类别", True, "contract_classes"),
    Field("valid_from", "合同有效期限(起)"),
    Field("valid_until", "合同有效期限(止)"),
    Field("signed_on", "合同签订日期"),
    Field("seller_name", "卖方名称"),
    Field("seller_credit_code", "卖方统一社会信用代码", True),
    Field("seller_country", "卖方国别代码"),
    Field("seller_region", "卖方行政区划代码"),
    Field("seller_type", "卖方性质", False, "party_types"),
    Field("buyer_name", "买方名称"),
    Field("buyer_credit_code", "买方统一社会信用代码", True),
    Field("buyer_country", "买方国别代码"),
    Field("buyer_region", "买方行政区划代码"),
    Field("buyer_type", "买方性质", False, "party_types"),
    Field("technical_field", "技术领域", True, "technical_fields"),
    Field("ip_type", "知识产权", True, "ip_types"),
    Field("plan_category", "计划类别", True, "plan_categories"),
    Field("objective", "社会经济目标", True, "socio_economic_objectives"),
    Field("total_fen", "成交额", True, money=True),
    Field("technical_fen", "技术交易额", True, money=True),
    Field("payment_mode", "支付方式", True),
    Field("added_input_fen", "预计新增投入", money=True),
    Field("added_output_fen", "预计新增产值", money=True),
    Field("handler", "经办人", True),
)

PAYMENT_MODES = {
    "lump_once": "一次总付",
    "lump_instalments": "分期支付",
    "royalty": "提成支付",
    "royalty_with_upfront": "提成支付附加预付入门费",
}
PARTY_TYPE_OF_KIND = {"university": "022", "institute": "021"}
"""What the form's type of a party is where only its kind is known; enterprises need their own."""


def check_code(list_name: str, value: str | None, field: str) -> None:
    """Raise BadCode for a value that is not in its list; None is allowed."""
    if value is None:
        return
    try:
        codes.code_list(list_name).require(value)
    except UnknownCode as error:
        raise BadCode(
            field=field, given=error.code, list_name=list_name, near=list(error.nearest)
        ) from None


def check_details(given: FormDetails, prefix: str = "body.details") -> None:
    """Raise BadCode for a code of the form that is not in its list."""
    check_code("ip_types", given.ip_type, f"{prefix}.ip_type")
    check_code("plan_categories", given.plan_category, f"{prefix}.plan_category")
    check_code("socio_economic_objectives", given.objective, f"{prefix}.objective")


def check_party(given: PartyIn, field: str) -> str:
    """The party's credit code in its plain form; raises BadParty and BadCode.

    A party in China has a valid unified social credit code and a region of the list; one abroad
    has any identifier, and region 000000.
    """
    check_code("party_types", given.party_type, f"{field}.party_type")
    if given.country != CHINA:
        return given.credit_code
    try:
        code = check_uscc(given.credit_code)
    except BadIdentifier as error:
        raise BadParty(
            field=f"{field}.credit_code", reason=error.reason, expected=error.expected
        ) from None
    try:
        codes.province_of(given.region_code)
    except UnknownCode:
        raise BadParty(
            field=f"{field}.region_code", reason="region", expected="六位行政区划代码"
        ) from None
    return code


def values(row: Registration, parties: Mapping[UUID, RegistrationParty]) -> dict[str, Any]:
    """What the form says of a registration, by field; days are those of Shanghai, money in fen."""
    said: dict[str, Any] = {
        "number": row.number,
        "title": row.title,
        "contract_class": row.contract_class,
        "sub_class": row.sub_class,
        "signed_on": local_day(row.signed_at).isoformat(),
        "technical_field": row.technical_field,
        "total_fen": row.total_fen,
        "technical_fen": row.technical_fen,
        "payment_mode": row.payment_mode,
    }
    for side in ("seller", "buyer"):
        party = parties[getattr(row, f"{side}_id")]
        kind = getattr(row, f"{side}_kind")
        said |= {
            f"{side}_name": party.name,
            f"{side}_credit_code": party.credit_code,
            f"{side}_country": party.country,
            f"{side}_region": getattr(row, f"{side}_region"),
            f"{side}_type": party.party_type or PARTY_TYPE_OF_KIND.get(kind),
        }
    details = row.details
    said |= {name: details.get(name) for name in FormDetails.model_fields}
    said["ip_type"] = details.get("ip_type") or rules.ip_type_of(row.sub_class)
    said["plan_category"] = details.get("plan_category") or "outside_plan"
    return {field.key: said.get(field.key) for field in FIELDS}


def printed(field: Field, value: Any) -> str:
    """A value as the spreadsheet shows it: codes with their titles, money in yuan."""
    if value is None:
        return ""
    if field.money:
        return format_yuan(int(value)).replace(",", "")
    if field.key == "payment_mode":
        return PAYMENT_MODES.get(value, str(value))
    if field.list_name is not None:
        entry = codes.code_list(field.list_name).get(str(value))
        return str(value) if entry is None else f"{value} {entry.title('zh')}"
    return value.isoformat() if isinstance(value, date) else str(value)
