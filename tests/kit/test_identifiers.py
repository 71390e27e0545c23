import json
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.kit.identifiers import (
    USCC_ALPHABET,
    BadIdentifier,
    PatentNumber,
    check_ipc,
    check_patent_number,
    check_publication_number,
    check_uscc,
    make_uscc,
    organisation_check_digit,
    patent_check_digit,
    uscc_check_digit,
)

SHARED = Path(__file__).resolve().parents[2].parent / "shared"

letters = st.sampled_from(USCC_ALPHABET)
codes = st.builds(
    make_uscc,
    st.text(letters, min_size=8, max_size=8),
    st.text(letters, min_size=8, max_size=8),
)
patents = st.builds(
    lambda year, kind, serial: f"{year}{kind}{serial:07d}",
    st.integers(2003, 2030),
    st.sampled_from("12389"),
    st.integers(0, 9_999_999),
) | st.builds(
    lambda year, kind, serial: f"{year:02d}{kind}{serial:05d}",
    st.integers(85, 99) | st.integers(0, 3),
    st.sampled_from("123"),
    st.integers(0, 99_999),
)


@pytest.mark.parametrize("code", ["91110000600037341L", "12100000400000624D"])
def test_credit_codes_tv_i1(code):
    assert check_uscc(code) == code
    assert uscc_check_digit(code[:17]) == code[17]
    assert organisation_check_digit(code[8:16]) == code[16]


@pytest.mark.parametrize(
    ("code", "right"),
    [
        ("91110000600037341A", "L"),
        ("911100006000373411", "L"),
        ("91310115591652556N", uscc_check_digit("91310115591652556")),
    ],
)
def test_wrong_credit_codes_tv_i1_name_the_right_check_digit(code, right):
    with pytest.raises(BadIdentifier) as caught:
        check_uscc(code)
    assert (caught.value.reason, caught.value.expected) == ("check_digit", right)
    assert check_uscc(code[:17] + right) == code[:17] + right


def test_credit_codes_are_normalised():
    assert check_uscc(" 9111 0000 6000 3734 1l\n") == "91110000600037341L"
    assert check_uscc("９１110000600037341Ｌ") == "91110000600037341L"


def test_letters_are_taken_among_the_first_eight():
    code = make_uscc("N2330106", "MA2B1234")
    assert code.startswith("N2330106MA2B1234")
    assert check_uscc(code) == code


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("", "empty"),
        ("9111000060003734", "length"),
        ("9" * 10_000_000, "length"),
        ("9111000060003734IL", "character"),
        ("9111000060003734中L", "character"),
    ],
)
def test_what_is_no_credit_code_is_refused(code, reason):
    with pytest.raises(BadIdentifier) as caught:
        check_uscc(code)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("prefix", "organisation"),
    [("9133010", "60003734"), ("91330106", "6000373"), ("9133010I", "6" * 8)],
)
def test_credit_codes_are_not_made_of_wrong_parts(prefix, organisation):
    with pytest.raises(BadIdentifier):
        make_uscc(prefix, organisation)


@given(codes, st.integers(0, 17), letters)
def test_one_wrong_character_in_a_credit_code_is_detected(code, position, letter):
    assume(code[position] != letter)
    assert check_uscc(code) == code
    with pytest.raises(BadIdentifier):
        check_uscc(code[:position] + letter + code[position + 1 :])


@given(codes, st.integers(0, 16))
def test_swapped_neighbours_in_a_credit_code_are_detected(code, position):
    swapped = code[:position] + code[position + 1] + code[position] + code[position + 2 :]
    assume(swapped != code)
    with pytest.raises(BadIdentifier):
        check_uscc(swapped)


@pytest.mark.parametrize(
    ("number", "kind", "year"),
    [
        ("201710601862.3", "invention", 2017),
        ("202611094798.X", "invention", 2026),
        ("202510149890.0", "invention", 2025),
        ("202610097860.4", "invention", 2026),
        ("200310102344.5", "invention", 2003),
        ("95115608.X", "invention", 1995),
        ("97101765.4", "invention", 1997),
        ("201921898050.0", "utility_model", 2019),
        ("201921897980.4", "utility_model", 2019),
        ("201921897855.3", "utility_model", 2019),
    ],
)
def test_patent_numbers_tv_i2(number, kind, year):
    expected = PatentNumber(number, kind, year)
    assert check_patent_number(number) == expected
    assert check_patent_number(f"ZL{number}") == expected
    assert check_patent_number(f"cn {number.lower()}") == expected
    assert check_patent_number(number.replace(".", "")) == expected


@pytest.mark.parametrize(
    ("number", "reason", "expected"),
    [
        ("201710601862.4", "check_digit", "3"),
        ("201740601862.x", "kind", "type 1, 2, 3, 8 or 9 instead of 4"),
        ("201710601862", "check_digit", ".3 at the end"),
        ("95115608", "check_digit", ".X at the end"),
        ("195110601862.3", "year", "2003 or later in this form; before, two digits"),
        ("05115608.X", "year", "85 to 99 or 00 to 03 in the form with a two-digit year"),
        ("2017106018621.3", "length", "12 digits (before October 2003: 8) and a check digit"),
        ("CN114081026A", "form", "an application number; this is a publication number"),
        ("", "empty", "an identifier"),
    ],
)
def test_wrong_patent_numbers_say_what_would_be_right(number, reason, expected):
    with pytest.raises(BadIdentifier) as caught:
        check_patent_number(number)
    assert (caught.value.reason, caught.value.expected) == (reason, expected)


@pytest.mark.parametrize(
    "number",
    ["abc", "2017106018X2.3", "201710601862.33", "201710601862.", "PCT/CN2017/01", "二〇一七"],
)
def test_what_is_no_patent_number_is_refused(number):
    with pytest.raises(BadIdentifier):
        check_patent_number(number)


def test_pct_applications_and_years_to_come():
    number = "201780012345." + patent_check_digit("201780012345")
    assert check_patent_number(number) == PatentNumber(number, "invention", 2017, pct=True)
    assert check_patent_number("202611094798.X", latest_year=2026).year == 2026
    with pytest.raises(BadIdentifier, match="2025 or earlier"):
        check_patent_number("202611094798.X", latest_year=2025)


def test_check_digits_are_not_counted_for_other_lengths():
    with pytest.raises(BadIdentifier):
        patent_check_digit("123456789")


@given(patents, st.data())
def test_one_wrong_digit_in_a_patent_number_is_detected(digits, data):
    number = digits + patent_check_digit(digits)
    assert check_patent_number(number).number == f"{digits}.{number[-1]}"
    position = data.draw(st.integers(0, len(number) - 1))
    wrong = data.draw(st.sampled_from("0123456789X" if position == len(digits) else "0123456789"))
    assume(number[position] != wrong)
    with pytest.raises(BadIdentifier):
        check_patent_number(number[:position] + wrong + number[position + 1 :])


@pytest.mark.parametrize("number", ["CN114081026A", "CN215792497U", "CN1234567C", "CN101234567B2"])
def test_publication_numbers_are_checked_by_form(number):
    assert check_publication_number(number) == number
    assert check_publication_number(f" {number[:2].lower()} {number[2:]}") == number


@pytest.mark.parametrize(
    "number", ["114081026A", "CN114081026", "CN123456A", "CN1140810261A", "CN114081026D", "US123A"]
)
def test_what_is_no_publication_number_is_refused(number):
    with pytest.raises(BadIdentifier, match="CN114081026A"):
        check_publication_number(number)


@pytest.mark.parametrize(
    ("text", "symbol"),
    [("G06F", "G06F"), ("g06f 17/30", "G06F17/30"), ("H10Z", "H10Z"), ("A01B1/00", "A01B1/00")],
)
def test_ipc_symbols_are_checked_by_pattern(text, symbol):
    assert check_ipc(text) == symbol


@pytest.mark.parametrize("text", ["I06F", "G6F", "G06", "G06F/30", "G06F 17", "G06F 17/3", ""])
def test_what_is_no_ipc_symbol_is_refused(text):
    with pytest.raises(BadIdentifier):
        check_ipc(text)


def test_real_patents_pass():
    source = SHARED / "data/achievements/cn_patent_titles_ipc.jsonl"
    rows = [json.loads(line) for line in source.read_text(encoding="utf-8").splitlines()]
    numbers = [row["publication_numbers"] for row in rows]
    symbols = {symbol for row in rows for symbol in row["ipc_subclasses"]}
    assert len(numbers) == 7000
    assert [check_publication_number(number) for number in numbers] == numbers
    assert {check_ipc(symbol) for symbol in symbols} == symbols
