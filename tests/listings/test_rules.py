"""Rules of listings without a database: profiles, periods, exclusion, search terms."""

from datetime import UTC, date, datetime

import pytest

from app.kit.calendar import end_of_day, official_calendar, parse_year_table
from app.listings import rules, sale_profiles
from app.listings.errors import (
    DepositTooHigh,
    DisclosureTooShort,
    LicenceMannerMismatch,
    ListingNotOpen,
    NotAnOffer,
    ProfileNotForSeller,
)

DAY = date(2026, 3, 2)
WAN = sale_profiles.WAN


def terms(**change: object) -> rules.Terms:
    given = {
        "profile": None,
        "seller_kind": "university",
        "transfer_mode": "assign",
        "license_manner": None,
        "price_fen": 50 * WAN,
        "deposit_fen": 0,
        "disclosure_working_days": 20,
    }
    return rules.Terms(**given | change)  # type: ignore[arg-type]


def test_tv_c1_twenty_working_days_from_2025_09_22_close_on_2025_10_24() -> None:
    published = datetime(2025, 9, 22, 2, 0, tzinfo=UTC)
    found = rules.period(published, 20, official_calendar())
    assert found.disclosure_from == date(2025, 9, 22)
    assert found.closes_at == datetime(2025, 10, 24, 16, 0, tzinfo=UTC)
    assert rules.last_day(found.closes_at) == date(2025, 10, 24)
    assert not found.provisional


def test_the_day_of_publication_is_the_day_in_shanghai() -> None:
    late = datetime(2025, 9, 21, 16, 30, tzinfo=UTC)
    assert rules.period(late, 20, official_calendar()).disclosure_from == date(2025, 9, 22)


@pytest.mark.parametrize(
    ("price_fen", "profile", "minimum", "notes"),
    [
        (100 * WAN - 1, "SOE_ASSET_LT_100", 5, ("profile_by_price",)),
        (100 * WAN, "SOE_ASSET_100_1000", 10, ("price_on_band_boundary",)),
        (1000 * WAN - 1, "SOE_ASSET_100_1000", 10, ()),
        (1000 * WAN, "SOE_ASSET_GT_1000", 20, ("price_on_band_boundary", "profile_by_price")),
        (1000 * WAN + 1, "SOE_ASSET_GT_1000", 20, ("profile_by_price",)),
    ],
)
def test_tv_c3_the_price_decides_the_band_and_a_boundary_takes_the_longer_period(
    price_fen: int, profile: str, minimum: int, notes: tuple[str, ...]
) -> None:
    asked = {"seller_kind": "enterprise", "profile": "SOE_ASSET_100_1000", "price_fen": price_fen}
    found = rules.judge(terms(**asked, disclosure_working_days=minimum), DAY)
    assert (found.profile.code, found.notes) == (profile, notes)
    with pytest.raises(DisclosureTooShort) as refused:
        rules.judge(terms(**asked, disclosure_working_days=minimum - 1), DAY)
    assert refused.value.facts["minimum"] == minimum
    assert str(minimum) in refused.value.detail("en")


@pytest.mark.parametrize(
    ("change", "refusal", "field"),
    [
        ({"transfer_mode": "self_implement"}, NotAnOffer, "body.transfer_mode"),
        ({"transfer_mode": "license"}, LicenceMannerMismatch, "body.license_manner"),
        ({"license_manner": "sole"}, LicenceMannerMismatch, "body.license_manner"),
        ({"profile": "PRIVATE"}, ProfileNotForSeller, "body.profile"),
        ({"profile": "SOE_EQUITY"}, ProfileNotForSeller, "body.profile"),
        ({"profile": "NO_SUCH"}, ProfileNotForSeller, "body.profile"),
        ({"deposit_fen": 50 * WAN + 1}, DepositTooHigh, "body.deposit_fen"),
        ({"disclosure_working_days": 4}, DisclosureTooShort, "body.disclosure_working_days"),
    ],
)
def test_terms_against_the_rules_are_refused_by_field(
    change: dict, refusal: type, field: str
) -> None:
    with pytest.raises(refusal) as refused:
        rules.judge(terms(**change), DAY)
    assert refused.value.field == field


def test_a_deposit_above_the_usual_ceiling_is_noted_and_not_refused() -> None:
    assert rules.judge(terms(deposit_fen=15 * WAN), DAY).notes == ()
    assert rules.judge(terms(deposit_fen=15 * WAN + 1), DAY).notes == ("deposit_above_usual",)


def test_a_profile_decides_only_from_its_day_on() -> None:
    with pytest.raises(ProfileNotForSeller):
        rules.judge(terms(seller_kind="enterprise", profile="SOE_EQUITY"), date(2016, 6, 23))
    found = rules.judge(terms(seller_kind="enterprise", profile="SOE_EQUITY"), date(2016, 6, 24))
    assert found.profile.min_disclosure_wd == 20


def test_every_default_that_was_not_read_is_marked() -> None:
    marked = {
        profile.code for profile in sale_profiles.PROFILES if "min_disclosure_wd" in profile.verify
    }
    assert marked == {"UNIVERSITY_LISTING", "PRIVATE", "SOE_ASSET_LT_100"}
    assert all("deposit_usual_max_bp" in profile.verify for profile in sale_profiles.PROFILES)


def test_a_recount_uses_the_loaded_year_and_never_ends_earlier() -> None:
    published = datetime(2026, 12, 28, 2, 0, tzinfo=UTC)
    guessed = rules.period(published, 5, official_calendar())
    assert guessed.provisional
    longer = official_calendar([_table_2027([4, 5])])
    found = rules.recounted(guessed.disclosure_from, guessed.closes_at, 5, longer)
    assert found.closes_at > guessed.closes_at
    assert not found.provisional
    again = rules.recounted(found.disclosure_from, found.closes_at, 5, longer)
    assert again == found
    late = end_of_day(date(2027, 1, 20))
    assert rules.recounted(guessed.disclosure_from, late, 5, longer).closes_at == late


def _table_2027(off_in_january: list[int]) -> object:
    days = [f"2027-01-{day:02d}" for day in (1, *off_in_january)]
    days += ["2027-05-01", "2027-10-01", "2027-10-02", "2027-10-03"]
    rows = ",".join(f'{{"name":"x","date":"{day}","isOffDay":true}}' for day in days)
    return parse_year_table(2027, f'{{"year":2027,"papers":["urn:x"],"days":[{rows}]}}')


@pytest.mark.parametrize(
    ("mode", "manner", "exclusive"),
    [
        ("assign", None, True),
        ("equity_contribution", None, True),
        ("license", "exclusive", True),
        ("license", "sole", True),
        ("license", "ordinary", False),
        ("cooperate", None, False),
    ],
)
def test_which_offers_leave_no_room_for_another(
    mode: str, manner: str | None, exclusive: bool
) -> None:
    assert rules.is_exclusive(mode, manner) is exclusive


def test_a_period_is_over_at_its_end_to_the_microsecond() -> None:
    end = datetime(2026, 3, 2, 16, 0, tzinfo=UTC)
    rules.require_open("published", end, end.replace(microsecond=0) - datetime.resolution)
    for state, moment in (("published", end), ("closed", end - datetime.resolution)):
        with pytest.raises(ListingNotOpen):
            rules.require_open(state, end, moment)


def test_ipc_terms_are_the_levels_of_the_classification() -> None:
    assert rules.ipc_terms(["H01L31/04", "G06F"]) == [
        "G",
        "G06",
        "G06F",
        "H",
        "H01",
        "H01L",
        "H01L31",
        "H01L31/04",
    ]


def test_a_suspension_lasts_a_month_by_the_corresponding_day() -> None:
    """C-11: the end of a month without that day is its last one, and moves past days off."""
    calendar = official_calendar()
    for suspended, last in (
        (datetime(2026, 3, 3, 2, tzinfo=UTC), date(2026, 4, 3)),
        (datetime(2026, 1, 30, 2, tzinfo=UTC), date(2026, 2, 28)),
        (datetime(2026, 8, 30, 2, tzinfo=UTC), date(2026, 9, 30)),
    ):
        assert rules.suspension_end(suspended, 1, calendar) == end_of_day(last)
