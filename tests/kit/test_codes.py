import csv
import json
import re
from pathlib import Path

import pytest

from app.kit.codes import (
    Code,
    CodeList,
    UnknownCode,
    all_lists,
    code_list,
    field_of_ipc,
    industries,
    ipc,
    ipc_title,
    list_names,
    province_of,
    region,
    regions,
    universities,
    university_list,
)
from app.kit.identifiers import BadIdentifier

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
CODES = SHARED / "data/codes"


def source(name, delimiter=","):
    quoting = csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL
    with (CODES / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter, quoting=quoting))


def test_all_lists_have_their_size_and_provenance():
    sizes = {name: len(codes) for name, codes in all_lists().items()}
    assert sizes == {
        "regions": 34 + 342 + 2975,
        "industries": 20 + 97 + 473 + 1381,
        "ipc": 8264,
        "universities": 2631,
        "technical_fields": 11,
        "contract_classes": 23,
        "license_manners": 3,
        "ip_types": 11,
        "plan_categories": 10,
        "socio_economic_objectives": 13,
        "party_types": 32,
        "party_statistics_groups": 8,
        "transfer_modes": 6,
        "technology_readiness": 9,
    }
    assert tuple(sizes) == list_names()
    for name, codes in all_lists().items():
        assert codes.name == name
        assert codes.zh
        assert codes.en
        assert codes.origin
        assert codes.licence
        assert codes.as_of


def test_recalled_lists_are_marked_for_verification():
    assert {name for name, codes in all_lists().items() if codes.verify} == {
        "ip_types",
        "plan_categories",
        "socio_economic_objectives",
        "party_types",
        "technology_readiness",
    }


def test_small_lists_have_both_languages():
    large = {"regions", "industries", "ipc", "universities"}
    for name in set(list_names()) - large:
        for entry in code_list(name):
            assert re.search("[\u4e00-\u9fff]", entry.zh), entry
            assert re.search("[A-Za-z]", entry.en), entry


def test_lists_are_loaded_once():
    assert regions() is regions()
    assert code_list("ip_types") is all_lists()["ip_types"]
    with pytest.raises(KeyError):
        code_list("nothing")


def test_regions_are_those_of_the_source():
    expected = {row["code"] + "0000": row["name"] for row in source("gbt2260_provinces.csv")}
    expected |= {row["code"] + "00": row["name"] for row in source("gbt2260_cities.csv")}
    expected |= {row["code"]: row["name"] for row in source("gbt2260_areas.csv")}
    added = {"710000": "台湾省", "810000": "香港特别行政区", "820000": "澳门特别行政区"}
    assert {entry.code: entry.zh for entry in regions()} == expected | added


def test_a_region_knows_its_place():
    county = region("330106")
    assert (county.name, county.level) == ("西湖区", "county")
    assert county.path == ("330000", "330100", "330106")
    assert county.full_name == "浙江省杭州市西湖区"
    assert region("110105").full_name == "北京市朝阳区"
    assert (region("330100").level, region("330000").level) == ("city", "province")
    assert (region("441900").level, region("441900").full_name) == ("city", "广东省东莞市")
    assert region("659012").full_name == "新疆维吾尔自治区白杨市"
    assert regions().require("330000").title("en") == "Zhejiang"


def test_the_province_of_a_county_that_is_no_longer_listed():
    assert "310119" not in regions()
    assert province_of("310119").zh == "上海市"
    for code in ("990101", "31", "3101１9", ""):
        with pytest.raises(UnknownCode):
            province_of(code)


def test_industries_are_those_of_the_source():
    rows = json.loads((CODES / "gbt4754.json").read_text(encoding="utf-8"))
    assert [(e.code, e.zh, e.parent) for e in industries()] == [
        (row["code"], row["name"], row["parent"]) for row in rows
    ]
    assert [step.code for step in industries().path("0111")] == ["A", "01", "011", "0111"]
    assert len(industries().children(None)) == 20


def test_universities_are_those_of_the_source():
    rows = json.loads((CODES / "universities_moe.json").read_text(encoding="utf-8"))
    assert list(universities()) == [row["code"] for row in rows]
    tsinghua = universities()["4111010003"]
    assert (tsinghua.name, tsinghua.authority) == ("清华大学", "教育部")
    assert (tsinghua.province, tsinghua.city, tsinghua.level) == (
        "110000",
        "北京市",
        "undergraduate",
    )
    assert {u.province for u in universities().values()} == {
        entry.code for entry in regions().children(None)
    } - {"710000", "810000", "820000"}
    assert sum(u.level == "vocational" for u in universities().values()) == 1388
    assert sum(u.remark == "民办" for u in universities().values()) == 735
    assert not any(re.search(r"\s", u.name + u.city + u.authority) for u in universities().values())
    assert university_list().require("4111010003").zh == "清华大学"


def test_ipc_titles_are_those_of_the_source():
    zh = {
        row["code"]: row["title_zh"]
        for row in source("ipc_zh.tsv", "\t")
        if row["level"] in "1234" and row["code"] != "C23C12/00"
    }
    en = {row["code"]: row["title_en"] for row in source("ipc_en_subclass.tsv", "\t")}
    assert {entry.code for entry in ipc()} == zh.keys() | en.keys()
    plain = {code for code, title in zh.items() if not re.search(r"[（(\[〔\s]|；；", title)}
    assert len(plain) == 4798
    assert {code: ipc().require(code).zh or "" for code in plain} == {
        code: zh[code].strip("；;,，") for code in plain
    }
    compact = {code: re.sub(r"\s+", " ", title) for code, title in en.items()}
    whole = {code for code, title in compact.items() if not re.search(r'[(\["]', title)}
    assert len(whole) > 200
    assert {code: ipc().require(code).en for code in whole} == {
        code: compact[code] for code in whole
    }
    assert not [e for e in ipc() if "href" in (e.en or "") or "\xa0" in (e.en or "")]


def test_ipc_titles_by_symbol():
    assert ipc_title("A01B", "zh") == "农业或林业的整地；一般农业机械或农具的部件、零件或附件"
    assert ipc_title("a01b", "en").startswith("SOIL WORKING IN AGRICULTURE OR FORESTRY")
    assert ipc_title("A01B 1/00", "zh") == "手动工具"
    assert ipc_title("A01B1/02", "zh") == "手动工具"
    assert ipc_title("A01B 1/00", "en") is None
    assert ipc_title("C01G", "zh") is None
    assert ipc_title("H01L", "zh") is None
    assert ipc_title("H01L", "en").startswith("SEMICONDUCTOR DEVICES")
    assert ipc_title("C01G", "en").startswith("COMPOUNDS CONTAINING METALS")


@pytest.mark.parametrize("code", ["H01Z", "H01Z 21/00", "A98Q", "nonsense", "", "A" * 10_000])
def test_an_ipc_symbol_that_is_not_in_the_table_is_tolerated(code):
    assert ipc_title(code, "zh") is None
    assert ipc_title(code, "en") is None


def test_titles_fall_back_to_the_other_language_and_the_code():
    assert ipc().require("C01G").title("zh") == ipc().require("C01G").en
    assert ipc().require("A01B1/00").title("en") == "手动工具"
    assert Code("x", None).title("zh") == "x"


@pytest.mark.parametrize(
    ("symbol", "field"),
    [
        ("G06F 17/30", "electronics_information"),
        ("g06f", "electronics_information"),
        ("H01M 10/05", "new_energy_efficiency"),
        ("H01L", "electronics_information"),
        ("A61K", "biology_medicine_devices"),
        ("A01G", "agriculture"),
        ("B64C", "aerospace"),
        ("B60L", "modern_transport"),
        ("C02F", "environment_resources"),
        ("C08L", "new_materials"),
        ("G21C", "nuclear_application"),
        ("E04B", "urban_social_development"),
        ("B23K", "advanced_manufacturing"),
        ("H", "electronics_information"),
    ],
)
def test_an_ipc_symbol_suggests_a_field(symbol, field):
    assert field_of_ipc(symbol) == field


def test_every_symbol_of_the_table_suggests_a_listed_field():
    fields = {field_of_ipc(entry.code) for entry in ipc()}
    assert fields == {entry.code for entry in code_list("technical_fields")}


@pytest.mark.parametrize("symbol", ["", "I06F", "G6", "G06F17", "x" * 10_000])
def test_what_is_no_ipc_symbol_suggests_nothing(symbol):
    with pytest.raises(BadIdentifier):
        field_of_ipc(symbol)


@pytest.mark.parametrize(
    ("name", "code", "nearest"),
    [
        ("technical_fields", "electronic_information", "electronics_information"),
        ("technical_fields", "电子信息", "electronics_information"),
        ("transfer_modes", "licence", "license"),
        ("regions", "330199", "330100"),
        ("regions", "杭州市", "330100"),
        ("ipc", "G06Z", "G06C"),
        ("universities", "清华大学", "4111010003"),
    ],
)
def test_an_unknown_code_comes_with_suggestions(name, code, nearest):
    with pytest.raises(UnknownCode) as caught:
        code_list(name).require(code)
    error = caught.value
    assert (error.list_name, error.code) == (name, code)
    assert error.nearest[0] == nearest
    assert len(error.nearest) <= 3
    assert nearest in str(error)


def test_an_unknown_code_of_any_length_gives_a_short_error():
    for codes in all_lists().values():
        for text in ("", " ", "ÿ" * 10_000_000):
            assert codes.get(text) is None
            with pytest.raises(UnknownCode) as caught:
                codes.require(text)
            assert len(str(caught.value)) < 250


def test_paths_and_children():
    classes = code_list("contract_classes")
    assert [c.code for c in classes.children(None)] == [
        "development",
        "transfer",
        "license",
        "consulting",
        "service",
    ]
    assert [c.code for c in classes.path("service.training")] == ["service", "service.training"]
    assert classes.children("consulting") == ()
    assert "service.training" in classes


@pytest.mark.parametrize(
    ("entries", "message"),
    [((Code("a", "A"), Code("a", "B")), "twice"), ((Code("a", "A", None, "z"),), "parent z")],
)
def test_a_broken_list_is_refused(entries, message):
    with pytest.raises(ValueError, match=message):
        CodeList("n", "名", "N", "o", "l", False, "2026", entries)
