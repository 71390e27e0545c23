"""Checks of technology that crosses the border (技术进出口管理条例; rules.md V-9)."""

from collections.abc import Iterator

from app.contracts.found import Finding, Inspected
from app.contracts.schemas import CrossBorder
from app.contracts.states import Category, Direction, Severity
from app.kit.calendar import CountedDate, OfficialCalendar

_BLOCK, _WARN = Severity.BLOCK, Severity.WARN
OUTSIDE_CUSTOMS = ("71", "81", "82")
"""Region codes of Taiwan, Hong Kong and Macao begin so."""


def border(seen: Inspected) -> Iterator[Finding]:
    """Export and import: prohibited, by licence, or by registration (rules.md V-9)."""
    crossing = seen.terms.cross_border
    outside = [one for one in (seen.seller_region, seen.buyer_region) if one[:2] in OUTSIDE_CUSTOMS]
    if crossing is None:
        if len(outside) == 1:
            yield Finding(
                "cross_border_not_declared",
                _WARN,
                "技术进出口管理条例 2",
                "cross_border",
                "一方位于关境以外,合同未说明是否属于技术进出口",
                "One party is outside the customs territory; export or import is not declared",
                "填写 cross_border(方向与类别)",
                "State cross_border with direction and category",
            )
        return
    exporting = crossing.direction is Direction.EXPORT
    source = "技术进出口管理条例 29-37" if exporting else "技术进出口管理条例 8-19"
    if crossing.category is Category.PROHIBITED:
        yield Finding(
            "cross_border_prohibited",
            _BLOCK,
            source,
            "cross_border.category",
            "属于禁止进出口的技术,不得订立合同",
            "The technology may not be exported or imported",
            "不得进出口该技术",
            "It cannot cross the border",
        )
    elif crossing.category is Category.RESTRICTED and not crossing.licence_number:
        zh, en = _licence_terms(crossing, seen.calendar)
        known = exporting and seen.export_approved
        yield Finding(
            "cross_border_licence_missing",
            _BLOCK,
            source,
            "cross_border.licence_number",
            f"属于限制进出口的技术,须取得许可证;{zh}",
            f"The technology needs a licence; {en}",
            "填写已登记的许可证编号" if known else "申请许可并填写 licence_number",
            "State the licence that is on record" if known else "Apply, and state licence_number",
        )
    elif crossing.category is Category.FREE and not crossing.registration_number:
        zh, en = _registration_term(crossing, seen.calendar)
        yield Finding(
            "cross_border_not_registered",
            _WARN,
            source,
            "cross_border.registration_number",
            f"属于自由进出口的技术,合同须办理登记;{zh}",
            f"The contract has to be registered; {en}",
            "合同生效后办理登记;以提成支付的,在首次提成基准金额形成后 60 日内办理(该期限待核实)",
            "Register it after it takes effect; with royalties within 60 days (to be verified)",
        )


def licence_due(crossing: CrossBorder, calendar: OfficialCalendar) -> dict[str, CountedDate]:
    """By when a licence is decided, in working days of the official calendar (rules.md V-9).

    30 on the application, then 15 (export) or 10 (import) on the contract; 40 for both at once
    (import only).
    """
    exporting = crossing.direction is Direction.EXPORT
    due = {}
    if crossing.applied_on is not None:
        days = 40 if crossing.combined and not exporting else 30
        due["application"] = calendar.end_of_working_days(crossing.applied_on, days)
    if crossing.contract_applied_on is not None:
        days = 15 if exporting else 10
        due["contract"] = calendar.end_of_working_days(crossing.contract_applied_on, days)
    return due


def _licence_terms(crossing: CrossBorder, calendar: OfficialCalendar) -> tuple[str, str]:
    due = licence_due(crossing, calendar)
    if not due:
        return "申请后 30 个工作日内决定", "decided within 30 working days of the application"
    day = max(one.day for one in due.values())
    guess = any(one.provisional for one in due.values())
    return (
        f"最迟于 {day} 决定{'(日历未公布,暂定)' if guess else ''}",
        f"decided by {day}{' (provisional)' if guess else ''}",
    )


def _registration_term(crossing: CrossBorder, calendar: OfficialCalendar) -> tuple[str, str]:
    if crossing.registration_applied_on is None:
        return "申请后 3 个工作日内登记", "registered within 3 working days of the application"
    counted = calendar.end_of_working_days(crossing.registration_applied_on, 3)
    return f"最迟于 {counted.day} 登记", f"registered by {counted.day}"
