"""Rules of notices without a database: the vectors of rules.md section 1, stops, the mark."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from app.kit.calendar import end_of_day, official_calendar
from app.kit.errors import Problem
from app.notices import rules
from app.notices.states import NoticeKind

RULES = rules.rule_set(NoticeKind.PRICE_NOTICE, date(2026, 3, 2))
OWNER = uuid4()


def at(day: date, hour: int = 10) -> datetime:
    """That hour in Shanghai."""
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC) - timedelta(hours=8)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        pytest.param(date(2025, 9, 1), date(2025, 9, 16), id="TV-T1"),
        pytest.param(date(2025, 8, 1), date(2025, 8, 18), id="TV-T2"),
        pytest.param(date(2025, 9, 16), date(2025, 10, 9), id="TV-T3"),
        pytest.param(date(2025, 9, 22), date(2025, 10, 9), id="TV-T4"),
        pytest.param(date(2025, 1, 13), date(2025, 2, 5), id="TV-T5"),
        pytest.param(date(2026, 2, 2), date(2026, 2, 24), id="TV-T6"),
    ],
)
def test_a_notice_of_15_days_ends(start: date, end: date) -> None:
    found = rules.period(at(start), RULES.min_days, official_calendar())
    assert (found.counts_from, found.ends_at) == (start, end_of_day(end))
    assert not found.provisional


@pytest.mark.parametrize(
    ("stopped", "left"),
    [
        pytest.param(date(2025, 9, 1), 15, id="on the day of publication"),
        pytest.param(date(2025, 9, 2), 15, id="on the first day"),
        pytest.param(date(2025, 9, 5), 12, id="after three whole days"),
        pytest.param(date(2025, 9, 16), 1, id="on the last day"),
        pytest.param(date(2025, 9, 30), 1, id="on a day that only a holiday added"),
    ],
)
def test_whole_days_before_an_objection_have_run(stopped: date, left: int) -> None:
    assert rules.days_left(date(2025, 9, 1), 15, at(stopped)) == left


def test_an_objection_is_decided_by_the_end_of_a_working_day() -> None:
    due = rules.decision_due(at(date(2025, 9, 22)), RULES, official_calendar())
    assert due == end_of_day(date(2025, 10, 17))  # TV-T7: 15 working days


def content(**change: Any) -> rules.Content:
    return rules.Content(
        **(
            {
                "title": "一种器件",
                "summary": "",
                "transfer_mode": "assign",
                "license_manner": None,
                "price_fen": 1,
                "taker_id": None,
                "taker_name": "某公司",
                "interest": "none",
                "interest_note": "",
                "objection_procedure": "书面",
            }
            | change
        )
    )


@pytest.mark.parametrize(
    ("change", "days", "code", "field"),
    [
        ({}, 14, "notice_too_short", "body.days"),
        ({"transfer_mode": "self_implement"}, 15, "notice_without_transfer", "body.transfer_mode"),
        ({"transfer_mode": "license"}, 15, "notice_manner_mismatch", "body.license_manner"),
        ({"license_manner": "sole"}, 15, "notice_manner_mismatch", "body.license_manner"),
        ({"taker_name": "张三"}, 15, "interest_not_marked", "body.interest"),
        ({"taker_id": OWNER}, 15, "interest_not_marked", "body.interest"),
        ({"interest": "inventor"}, 15, "interest_unexplained", "body.interest_note"),
    ],
)
def test_content_against_the_rules_is_refused_by_field(
    change: dict, days: int, code: str, field: str
) -> None:
    with pytest.raises(Problem) as refused:
        rules.check_content(content(**change), days, RULES, [OWNER], ["张三"])
    assert (refused.value.code, refused.value.field) == (code, field)


def test_a_related_taker_is_marked() -> None:
    with pytest.raises(Problem) as refused:
        rules.check_content(content(), 15, RULES, [OWNER], ["张三"], related=True)
    assert (refused.value.code, refused.value.field) == ("interest_not_marked", "body.interest")
    marked = {"interest": "interested_party", "interest_note": "受让方由本校控股"}
    rules.check_content(content(**marked), 15, RULES, [OWNER], ["张三"], related=True)


def test_a_marked_inventor_is_accepted_and_a_stranger_needs_no_mark() -> None:
    marked = {"taker_name": "张三", "interest": "inventor", "interest_note": "第一完成人"}
    for change in ({}, marked, {"transfer_mode": "license", "license_manner": "sole"}):
        rules.check_content(content(**change), 15, RULES, [OWNER], ["张三"])


def test_parameters_that_were_not_read_at_their_source_are_marked() -> None:
    assert set(RULES.verify) == {"min_days", "decision_working_days", "effective_from"}
    with pytest.raises(LookupError):
        rules.rule_set(NoticeKind.PRICE_NOTICE, date(2015, 9, 30))
