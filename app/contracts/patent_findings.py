"""Checks of the patents that a contract is about (民法典 845, 865; 专利法 42)."""

from collections.abc import Iterator
from datetime import date

from app.contracts.found import Finding, Inspected
from app.contracts.schemas import PatentTerms
from app.contracts.states import PATENT_SUB_CLASSES, Severity
from app.kit.identifiers import BadIdentifier, check_patent_number

_BLOCK, _WARN = Severity.BLOCK, Severity.WARN
TERM_YEARS = {"invention": 20, "utility_model": 10, "design": 15}
"""Years from filing (专利法 42; rules.md V-8)."""


def patent_content(seen: Inspected) -> Iterator[Finding]:
    """A contract about a patent states its particulars (民法典 845)."""
    patents = seen.terms.patents
    if seen.sub_class in PATENT_SUB_CLASSES and not patents:
        yield _particulars("patents", "专利", "the patents")
    for index, patent in enumerate(patents):
        for name, zh in (("invention_name", "发明创造名称"), ("patentee", "专利权人")):
            if not getattr(patent, name):
                yield _particulars(f"patents.{index}.{name}", zh, name)
        applied = seen.sub_class == "transfer.patent_application_right"
        if patent.expires_on is None and not applied:
            yield _particulars(f"patents.{index}.expires_on", "有效期限", "expires_on")
        if patent.filed_on is None:
            yield Finding(
                "patent_filing_date_missing",
                _WARN,
                "民法典 845",
                f"patents.{index}.filed_on",
                f"专利 {patent.number} 未注明申请日期",
                f"The filing date of patent {patent.number} is not stated",
                "在 patents.filed_on 中填写申请日期",
                "State it in patents.filed_on",
            )


def _particulars(field: str, zh: str, en: str) -> Finding:
    return Finding(
        "patent_particulars_missing",
        _BLOCK,
        "民法典 845",
        field,
        f"涉及专利的合同未注明:{zh}",
        f"A contract about a patent does not state: {en}",
        "补充发明创造名称、专利申请人、专利权人、申请日期、申请号、专利号和有效期限",
        "State invention, applicant, patentee, filing date, application number, number and expiry",
    )


def patent_terms(seen: Inspected) -> Iterator[Finding]:
    """No patent is past its end, and none is said to last longer than the law gives it."""
    for index, patent in enumerate(seen.terms.patents):
        if patent.expires_on is None:
            continue
        field = f"patents.{index}.expires_on"
        if patent.expires_on < seen.today:
            yield Finding(
                "patent_expired",
                _BLOCK,
                "民法典 865",
                field,
                f"专利 {patent.number} 已于 {patent.expires_on} 届满,不得就其订立许可或转让合同",
                f"Patent {patent.number} ended on {patent.expires_on}",
                "删除该专利;仅提供技术指导的,订立技术服务合同",
                "Take the patent out; if there is real guidance, conclude a service contract",
            )
        longest = _longest(patent)
        if longest is not None and patent.expires_on > longest:
            yield Finding(
                "patent_term_too_long",
                _WARN,
                "专利法 42",
                field,
                f"专利 {patent.number} 的期限自申请日起最长至 {longest}(不计期限补偿)",
                f"Patent {patent.number} lasts until {longest} at most, without compensation",
                f"改为不晚于 {longest},或者确认已获得专利权期限补偿",
                f"Correct it to {longest} or earlier, or confirm that the term was compensated",
            )


def _longest(patent: PatentTerms) -> date | None:
    years = term_years(patent.number)
    if patent.filed_on is None or years is None:
        return None
    return years_after(patent.filed_on, years)


def term_years(number: str) -> int | None:
    """How many years a Chinese patent lasts, by its number; None when it cannot be told."""
    try:
        return TERM_YEARS.get(check_patent_number(number).kind)
    except BadIdentifier:
        return None


def years_after(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def filed_on(number: str, expires_on: date | None) -> date | None:
    """The filing day that follows from a patent's end and its legal term.

    Only where the year agrees with the one in the number: a term that was compensated does not.
    """
    years = term_years(number)
    if expires_on is None or years is None:
        return None
    day = years_after(expires_on, -years)
    return day if day.year == check_patent_number(number).year else None
