from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kit.money import (
    FEN_MAX,
    BadAmount,
    BadWeights,
    format_yuan,
    parse_yuan,
    round_half_up,
    share,
)


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("0", 0),
        ("0.01", 1),
        ("1234.5", 123450),
        (" 1,234.56 ", 123456),
        ("1,234,567", 123456700),
        ("007", 700),
        ("-0.00", 0),
        ("92233720368547758.07", FEN_MAX),
    ],
)
def test_amounts_are_read_exactly(text, fen):
    assert parse_yuan(text) == fen


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1.234", "at most 2"),
        ("0.100", "at most 2"),
        ("-1", "0 or more"),
        ("92233720368547758.08", "too large"),
        ("1" * 1_000_000, "not an amount"),
        *[
            (text, "not an amount")
            for text in ("", " ", ".", "1.", ".5", "1e3", "NaN", "1,23", "1,2345", "+1", "¥1", "一")
        ],
        ("１", "not an amount"),
        ("1\n2", "not an amount"),
    ],
)
def test_what_is_not_an_amount_is_refused(text, message):
    with pytest.raises(BadAmount, match=message):
        parse_yuan(text)


def test_an_error_does_not_repeat_a_long_text():
    with pytest.raises(BadAmount) as caught:
        parse_yuan("x" * 10_000)
    assert len(str(caught.value)) < 200


def test_negative_amounts_only_where_allowed():
    assert parse_yuan("-12.3", allow_negative=True) == -1230


@pytest.mark.parametrize(
    ("fen", "text"),
    [(0, "0.00"), (5, "0.05"), (123456, "1,234.56"), (-123456, "-1,234.56"), (-1, "-0.01")],
)
def test_amounts_are_written_with_two_decimals(fen, text):
    assert format_yuan(fen) == text


@given(st.integers(-FEN_MAX, FEN_MAX))
def test_writing_and_reading_are_inverse(fen):
    assert parse_yuan(format_yuan(fen), allow_negative=True) == fen


@pytest.mark.parametrize(
    ("value", "whole"),
    [
        ("0.5", 1),
        ("1.5", 2),
        ("2.5", 3),
        ("-2.5", -3),
        ("2.4999999999999999999999999999999", 2),
        ("123456789012345678901234567890.5", 123456789012345678901234567891),
    ],
)
def test_halves_round_away_from_zero(value, whole):
    assert round_half_up(Decimal(value)) == whole


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity"])
def test_rounding_refuses_what_is_not_finite(value):
    with pytest.raises(BadAmount, match="finite"):
        round_half_up(Decimal(value))


def test_split_tv_a6():
    assert share(10_000_000, [1, 1, 1]) == [3_333_334, 3_333_333, 3_333_333]
    assert share(521_640_000, [50, 30, 13, 7]) == [260_820_000, 156_492_000, 67_813_200, 36_514_800]


def test_the_odd_fen_goes_to_the_largest_remainder():
    # 10 in 1:2:3 is 1.67, 3.33, 5.00.
    assert share(10, [1, 2, 3]) == [2, 3, 5]


@pytest.mark.parametrize(
    ("total", "weights", "error"),
    [(-1, [1], BadAmount), (1, [], BadWeights), (1, [0, 0], BadWeights), (1, [2, -1], BadWeights)],
)
def test_what_cannot_be_split_is_refused(total, weights, error):
    with pytest.raises(error):
        share(total, weights)


@given(
    st.integers(0, FEN_MAX),
    st.lists(st.integers(0, 10**9), min_size=1, max_size=30).filter(any),
)
def test_parts_sum_to_the_whole_and_are_fair(total, weights):
    parts = share(total, weights)
    assert sum(parts) == total
    whole = sum(weights)
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part * whole - total * weight) < whole
        assert weight > 0 or part == 0
