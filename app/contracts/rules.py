"""Decisions about contracts, without I/O: classes, amounts, payment, patents, licence terms."""

from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from app.contracts.errors import (
    ClassFixedByDeal,
    LicenceOutlastsPatent,
    LicenceTermMissing,
    NonTechnicalExceedsTotal,
    PatentTermsMissing,
    PatentUnknown,
    PaymentTermsWrong,
    SubClassMismatch,
    SubjectExceedsItem,
)
from app.contracts.states import PATENT_SUB_CLASSES, ContractClass, PaymentMode, RoyaltyRate
from app.kit.money import format_yuan

_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ("", "拾", "佰", "仟")

_CLASSES_OF_MODE: dict[str, tuple[ContractClass, ...]] = {
    "assign": (ContractClass.TRANSFER,),
    "equity_contribution": (ContractClass.TRANSFER,),
    "license": (ContractClass.LICENSE,),
    "cooperate": (ContractClass.DEVELOPMENT,),
    "self_implement": (
        ContractClass.SERVICE,
        ContractClass.DEVELOPMENT,
        ContractClass.CONSULTING,
    ),
    "other": (ContractClass.SERVICE, ContractClass.DEVELOPMENT, ContractClass.CONSULTING),
}
"""The first class is the one that a draft gets. Equity contribution may be registered as transfer
(rules.md 3.1: 浙江条例 19, 北京条例 23)."""

_SUB_CLASS_OF_RIGHT: dict[str, tuple[str, str]] = {
    "patent": ("patent_right", "patent_license"),
    "know_how": ("know_how", "know_how_license"),
    "software_copyright": ("software_copyright", "software_copyright"),
    "ic_layout": ("ic_layout", "ic_layout"),
    "plant_animal_variety": ("plant_variety", "plant_variety"),
    "bio_drug_variety": ("bio_drug_variety", "bio_drug_variety"),
}
"""Sub-class of a transfer and of a licence by the type of the right; the first that is there."""


@dataclass(frozen=True)
class PatentParticulars:
    """What a contract says of a patent (民法典 845)."""

    number: str
    invention_name: str | None
    patentee: str | None
    expires_on: date | None


def chinese_amount(fen: int) -> str:
    """An amount in fen in the capital figures of documents, e.g. 壹仟贰佰叁拾肆元伍角陆分.

    By the People's Bank's rules for filling in instruments: 整 closes an amount without 分, and
    零 stands for skipped places. Raises ValueError for a negative amount.
    """
    if fen < 0:
        raise ValueError(f"{fen} fen is negative")
    yuan, rest = divmod(fen, 100)
    jiao, cent = divmod(rest, 10)
    whole = f"{_number(yuan)}元" if yuan or not rest else ""
    tenth = f"{_DIGITS[jiao]}角" if jiao else ("零" if yuan and cent else "")
    return whole + tenth + (f"{_DIGITS[cent]}分" if cent else "整")


def _number(value: int) -> str:
    """A whole number in capital figures, grouped by 亿 and 万."""
    for size, unit in ((10**8, "亿"), (10**4, "万")):
        if value >= size:
            high, low = divmod(value, size)
            gap = "零" if 0 < low < size // 10 else ""
            return _number(high) + unit + gap + (_number(low) if low else "")
    if value == 0:
        return _DIGITS[0]
    text, skipped = "", False
    for place in range(3, -1, -1):
        digit = value // 10**place % 10
        if digit == 0:
            skipped = bool(text)
            continue
        text += ("零" if skipped else "") + _DIGITS[digit] + _PLACES[place]
        skipped = False
    return text


def class_of(transfer_mode: str, right_types: Iterable[str]) -> tuple[ContractClass, str | None]:
    """Class and sub-class that a draft gets from the deal's transfer mode and the rights."""
    chosen = classes_of(transfer_mode)[0]
    if chosen is ContractClass.DEVELOPMENT:
        return chosen, "development.joint"
    if chosen is ContractClass.SERVICE:
        return chosen, "service.service"
    families = {kind.partition(".")[0] for kind in right_types}
    found = next((kind for kind in _SUB_CLASS_OF_RIGHT if kind in families), "know_how")
    index = 0 if chosen is ContractClass.TRANSFER else 1
    return chosen, f"{chosen.value}.{_SUB_CLASS_OF_RIGHT[found][index]}"


def classes_of(transfer_mode: str) -> tuple[ContractClass, ...]:
    """The classes that a deal of this transfer mode can have."""
    return _CLASSES_OF_MODE.get(transfer_mode, _CLASSES_OF_MODE["other"])


def check_class(
    transfer_mode: str, chosen: ContractClass, sub_class: str | None, subs: Sequence[str]
) -> None:
    """Raise ClassFixedByDeal or SubClassMismatch; `subs` are the sub-classes of the class."""
    allowed = classes_of(transfer_mode)
    if chosen not in allowed:
        raise ClassFixedByDeal(
            field="body.contract_class",
            transfer_mode=transfer_mode,
            allowed=[item.value for item in allowed],
        )
    if (sub_class is None) == bool(subs) or (sub_class is not None and sub_class not in subs):
        raise SubClassMismatch(
            field="body.sub_class",
            sub_class=sub_class,
            contract_class=chosen.value,
            allowed=list(subs),
        )


NORMAL_SETS = range(1, 3)
"""How many sets of equipment are a reasonable quantity of the subject matter (rules.md 3.3)."""


@dataclass(frozen=True)
class NonTechnical:
    """An item of cost; `subject_fen` of it is a quantity of the subject matter, in sets."""

    amount_fen: int
    subject_fen: int = 0
    subject_sets: int | None = None


def technical_amount(total_fen: int, items: Iterable[NonTechnical]) -> int:
    """Total minus the itemised non-technical cost, in fen (rules.md 3.3, TV-B1 to TV-B3).

    The direct cost of a reasonable quantity of the subject matter is not taken off; that of a
    larger one is, until a registrar says otherwise.
    """
    taken = sum(
        item.amount_fen - (item.subject_fen if item.subject_sets in NORMAL_SETS else 0)
        for item in items
    )
    if taken > total_fen:
        raise NonTechnicalExceedsTotal(
            field="body.non_technical_items", sum_fen=taken, total_fen=total_fen
        )
    return total_fen - taken


def check_items(items: Sequence[NonTechnical]) -> None:
    """Raise SubjectExceedsItem when a part costs more than its item."""
    for index, item in enumerate(items):
        if item.subject_fen > item.amount_fen:
            raise SubjectExceedsItem(
                field=f"body.non_technical_items.{index}.subject_fen", most_fen=item.amount_fen
            )


def check_rates(kind: RoyaltyRate, rate_bp: int, yearly_bp: Sequence[int]) -> None:
    """Rates by the year run as their kind says, from the first rate (民法典 846)."""
    if not yearly_bp:
        return
    pairs = list(pairwise(yearly_bp))
    fits = {
        RoyaltyRate.FIXED: all(a == b for a, b in pairs),
        RoyaltyRate.INCREASING: bool(pairs) and all(a < b for a, b in pairs),
        RoyaltyRate.DECREASING: bool(pairs) and all(a > b for a, b in pairs),
    }[kind]
    if yearly_bp[0] != rate_bp or not fits:
        raise PaymentTermsWrong(
            field="body.royalty.yearly_rates_bp",
            mode=kind.value,
            expected_terms=f"{kind.value} rates that begin with {rate_bp}",
        )


@dataclass(frozen=True)
class RoyaltyPeriod:
    """A period of royalties, the day its report is due, and its rate in basis points."""

    first: date
    last: date
    due: date
    rate_bp: int


def royalty_periods(
    first: date, months: int, count: int, report_days: int, rates_bp: Sequence[int]
) -> list[RoyaltyPeriod]:
    """The periods of a royalty; the rate is that of the year in which a period begins.

    After the last rate that is stated, that one stays.
    """
    found = []
    for number in range(count):
        start = _months_after(first, number * months)
        last = _months_after(first, (number + 1) * months) - timedelta(days=1)
        year = number * months // 12
        rate = rates_bp[min(year, len(rates_bp) - 1)]
        found.append(RoyaltyPeriod(start, last, last + timedelta(days=report_days), rate))
    return found


def _months_after(day: date, months: int) -> date:
    """The corresponding day, or the month's last one (rules.md T-2)."""
    year, month = divmod(day.month - 1 + months, 12)
    year += day.year
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def check_payment(
    mode: PaymentMode,
    total_fen: int,
    instalments_fen: Sequence[int],
    *,
    royalty: bool,
    upfront_fen: int | None,
) -> None:
    """The details that a mode of payment needs, and no others (民法典 846; rules.md 3.4)."""
    expected, field = "", "body.payment_mode"
    if mode is PaymentMode.LUMP_INSTALMENTS:
        field = "body.instalments"
        if len(instalments_fen) < 2 or sum(instalments_fen) != total_fen:
            expected = f"instalments, two or more, that sum to {total_fen} fen"
    elif instalments_fen:
        field, expected = "body.instalments", "no instalments"
    if mode in {PaymentMode.ROYALTY, PaymentMode.ROYALTY_WITH_UPFRONT}:
        wants_upfront = mode is PaymentMode.ROYALTY_WITH_UPFRONT
        if not royalty:
            field, expected = "body.royalty", "royalty with base and rate"
        elif wants_upfront and not (upfront_fen and upfront_fen <= total_fen):
            field, expected = "body.royalty.upfront_fen", f"1 to {total_fen} fen"
        elif not wants_upfront and upfront_fen:
            field, expected = "body.royalty.upfront_fen", "no upfront_fen"
    elif royalty:
        field, expected = "body.royalty", "no royalty"
    if expected:
        raise PaymentTermsWrong(field=field, mode=mode.value, expected_terms=expected)


def check_patent_numbers(numbers: Iterable[str], known: Sequence[str]) -> None:
    """Raise PatentUnknown for a patent that is not one of the achievement's rights."""
    for index, number in enumerate(numbers):
        if number not in known:
            raise PatentUnknown(
                field=f"body.patents.{index}.number", number=number, allowed=list(known)
            )


def check_patent_terms(sub_class: str | None, patents: Sequence[PatentParticulars]) -> None:
    """A contract about a patent names invention, patentee, number and expiry (民法典 845).

    A patent that is applied for has no expiry yet, so an application right needs none.
    Raises PatentTermsMissing with every place that is empty.
    """
    if sub_class not in PATENT_SUB_CLASSES:
        return
    missing = [] if patents else ["patents"]
    for index, patent in enumerate(patents):
        wanted: Mapping[str, object] = {
            "number": patent.number,
            "invention_name": patent.invention_name,
            "patentee": patent.patentee,
            "expires_on": patent.expires_on or sub_class == "transfer.patent_application_right",
        }
        missing += [f"patents.{index}.{name}" for name, value in wanted.items() if not value]
    if missing:
        raise PatentTermsMissing(field="body.patents", missing=missing)


def check_licence_term(
    contract_class: ContractClass, until: date | None, expiries: Iterable[date | None]
) -> None:
    """A licence has an end, and it is not after the last licensed patent's (民法典 865)."""
    if contract_class is not ContractClass.LICENSE:
        return
    if until is None:
        raise LicenceTermMissing(field="body.licence_until")
    known = [day for day in expiries if day is not None]
    if known and until > max(known):
        raise LicenceOutlastsPatent(field="body.licence_until", latest=max(known).isoformat())


_ROYALTY_BASES = {"net_sales": "sales", "profit": "profit"}


def agreed_terms(agreed: Mapping[str, Any], total_fen: int) -> dict[str, Any]:
    """Terms of a contract that follow from what a negotiation agreed on; money in fen.

    What a contract has no term for becomes a free clause. A royalty per unit is one of them.
    """
    royalty = agreed["royalty"]
    parts = [{"amount_fen": agreed["upfront_fen"], "due": "合同生效时"}] + agreed["instalments"]
    parts = [part for part in parts if part["amount_fen"] > 0]
    terms: dict[str, Any] = {"territory": agreed["territory"], "free_clauses": _clauses_of(agreed)}
    if agreed["improvements"]:
        terms["improvements"] = agreed["improvements"]
    if royalty is not None and royalty["base"] in _ROYALTY_BASES:
        upfront = agreed["upfront_fen"]
        terms["payment_mode"] = "royalty_with_upfront" if upfront else "royalty"
        terms["royalty"] = {
            "base": _ROYALTY_BASES[royalty["base"]],
            "rate_bp": royalty["rate_bp"],
            "upfront_fen": upfront or None,
        }
    elif len(parts) > 1 and sum(part["amount_fen"] for part in parts) == total_fen:
        terms |= {"payment_mode": "lump_instalments", "instalments": parts}
    return terms


def _clauses_of(agreed: Mapping[str, Any]) -> list[str]:
    """What was agreed on, in words, where the contract's terms have no place for it."""
    clauses = []
    royalty = agreed["royalty"]
    if agreed["field_of_use"]:
        clauses.append(f"使用领域:{agreed['field_of_use']}")
    if agreed["term_months"]:
        clauses.append(f"许可期限为合同生效后 {agreed['term_months']} 个月。")
    if agreed["exclusivity"]:
        clauses.append("买方可以分许可。" if agreed["sublicence"] else "买方不得分许可。")
    if royalty is not None:
        if agreed["instalments"]:
            listed = ";".join(_part(one["due"], one["amount_fen"]) for one in agreed["instalments"])
            clauses.append(f"除提成外,买方分期支付:{listed}。")
        if royalty["unit_fen"] is not None:
            clauses.append(f"提成按件计算,每件人民币 {format_yuan(royalty['unit_fen'])} 元。")
        if royalty["minimum_fen"]:
            clauses.append(f"提成总额不低于人民币 {format_yuan(royalty['minimum_fen'])} 元。")
        if royalty["cap_fen"] is not None:
            clauses.append(f"提成总额不超过人民币 {format_yuan(royalty['cap_fen'])} 元。")
        clauses.append(f"提成每 {royalty['period_months']} 个月结算并支付一次。")
    if agreed["milestones"]:
        listed = ";".join(_milestone(one) for one in agreed["milestones"])
        clauses.append(f"里程碑付款:{listed}。")
    if agreed["remarks"]:
        clauses.append(agreed["remarks"])
    return clauses


def _milestone(one: Mapping[str, Any]) -> str:
    due = f"(不晚于 {one['due_by']})" if one["due_by"] else ""
    return _part(one["name"] + due, one["amount_fen"])


def _part(when: str, amount_fen: int) -> str:
    return f"{when},人民币 {format_yuan(amount_fen)} 元"


def royalty(base_fen: int, rate_bp: int) -> int:
    """The royalty on a base, in fen, rounded half up once at the end (rules.md section 1)."""
    return (base_fen * rate_bp + 5_000) // 10_000
