"""A valuation report as PDF/A4 in Chinese; the same content gives the same bytes."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from fpdf import FPDF
from fpdf.enums import WrapMode
from pylopdf_fonts_zh_cn import sans_path

from app.kit.money import format_yuan

TITLE = "技术成果估值报告"
NAMES = {
    "market": "市场法",
    "income": "收益法(收益分成)",
    "cost": "成本法",
    "option": "实物期权法",
    "learned": "市场模型",
}
PURPOSES = {
    "trade": "许可与转让",
    "finance": "融资",
    "reporting": "财务报告与税务",
    "remedy": "侵权救济",
    "management": "管理",
}
INPUTS = {"revenue": "收入", "royalty": "提成率", "discount": "折现率"}
_FONT = "report"
_LABEL_MM = 40
_STEP_MM = 100
_LINE_MM = 6
_BAR_MM = 92
_MOST_COMPARABLES = 30


def report(
    content: Mapping[str, Any],
    digest: str,
    signatures: Sequence[tuple[str, str, str]],
    printed_at: datetime,
) -> bytes:
    """The document of a content; `digest` is in hex, signatures are name, number and time."""
    page = FPDF(format="A4")
    page.set_creation_date(printed_at)
    page.set_title(f"{TITLE} {content['valuation_id']}")
    page.set_lang("zh-CN")
    page.set_margins(20, 18)
    page.set_auto_page_break(True, 18)
    page.add_font(_FONT, fname=str(sans_path()))
    page.add_page()
    page.set_font(_FONT, size=22)
    page.cell(0, 14, TITLE, align="C", new_x="LMARGIN", new_y="NEXT")
    page.set_font(_FONT, size=10)
    page.cell(0, 7, content["valuation_id"], align="C", new_x="LMARGIN", new_y="NEXT")
    page.ln(3)
    for label, value in _facts(content):
        _row(page, label, value)
    _methods(page, content)
    for one in content["result"]["approaches"]:
        _approach(page, one)
    _notes(page, content)
    _proof(page, content, digest, signatures)
    return bytes(page.output())


def _yuan(fen: int) -> str:
    return f"人民币 {format_yuan(fen)} 元"


def _facts(content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    subject, party, appraiser = content["subject"], content["party"], content["appraiser"]
    yield "评估对象", f"{content['title']}(第 {content['achievement_version']} 版)"
    manner = "独占" if subject["exclusive"] else "非独占"
    yield "评估的权利", f"{subject['mode_zh']},{manner};{subject['technical_field_zh']}"
    yield "委托方", f"{party['name']}(统一社会信用代码 {party['credit_code']})"
    yield "评估机构", "未指定" if appraiser is None else appraiser["name"]
    statutory = "(法定评估)" if content["statutory"] else ""
    yield "评估目的", PURPOSES[content["purpose"]] + statutory
    yield "评估基准日", content["valued_on"]
    yield "估值结论", _yuan(content["value_fen"])
    yield "估值区间", f"{_yuan(content['low_fen'])} 至 {_yuan(content['high_fen'])}"


def _heading(page: FPDF, text: str) -> None:
    if page.will_page_break(26):
        page.add_page()
    page.ln(4)
    page.set_font(_FONT, size=13)
    page.cell(0, 9, text, new_x="LMARGIN", new_y="NEXT")
    page.set_font(_FONT, size=10)


def _row(page: FPDF, label: str, value: str, label_mm: float = _LABEL_MM) -> None:
    if page.will_page_break(_LINE_MM * 2):
        page.add_page()
    top = page.get_y()
    page.set_text_color(90)
    page.multi_cell(label_mm, _LINE_MM, label, align="L", wrapmode=WrapMode.CHAR, new_y="NEXT")
    below = page.get_y()
    page.set_text_color(0)
    page.set_xy(page.l_margin + label_mm, top)
    page.multi_cell(
        0, _LINE_MM, value, align="L", wrapmode=WrapMode.CHAR, new_x="LMARGIN", new_y="NEXT"
    )
    bottom = max(page.get_y(), below) + 0.8
    page.set_draw_color(205)
    page.line(page.l_margin, bottom, page.w - page.r_margin, bottom)
    page.set_y(bottom + 0.8)


def _line(page: FPDF, text: str) -> None:
    page.multi_cell(0, 5.2, text, align="L", wrapmode=WrapMode.CHAR, new_x="LMARGIN", new_y="NEXT")


def _methods(page: FPDF, content: Mapping[str, Any]) -> None:
    """The approaches side by side, their weights, and the difference between them."""
    together = content["result"]["together"]
    _heading(page, "评估方法与结论")
    widths = (44, 38, 66, 22)
    _cells(page, widths, ("方法", "估值(元)", "区间(元)", "权重"))
    for one in content["result"]["approaches"]:
        shown = (
            NAMES[one["approach"]],
            format_yuan(one["value_fen"]),
            f"{format_yuan(one['low_fen'])} - {format_yuan(one['high_fen'])}",
            together["weights"][one["approach"]],
        )
        _cells(page, widths, shown)
    page.ln(1)
    _line(
        page,
        f"各方法结果相差 {together['spread_bp'] / 100:g}%(超过 {together['share_bp'] / 100:g}%"
        " 须说明原因)。",
    )
    if content["explanation"]:
        _line(page, f"差异说明:{content['explanation']}")
    used = len(content["result"]["approaches"])
    rule = f"《资产评估法》第二十六条:除仅适用一种方法外,应选用两种以上方法。本报告采用 {used} 种。"
    _line(page, rule)
    if content["single_method_reason"]:
        _line(page, f"采用一种方法的理由:{content['single_method_reason']}")
    scores = content["result"]["scores"]
    if scores:
        parts = ";".join(f"{one['zh']} {one['score']} 分" for one in scores["dimensions"])
        _line(
            page, f"指标评分({scores['scheme']},指标名称待核实):{parts};综合 {scores['score']} 分。"
        )


def _cells(page: FPDF, widths: Sequence[float], values: Sequence[str]) -> None:
    if page.will_page_break(_LINE_MM):
        page.add_page()
    for width, value in zip(widths, values, strict=True):
        text = value
        while page.get_string_width(text) > width - 2 and len(text) > 1:
            text = text[:-1]
        page.cell(width, _LINE_MM, text, border="B")
    page.ln(_LINE_MM)


def _approach(page: FPDF, one: Mapping[str, Any]) -> None:
    """One approach: its steps, assumptions, and its own figures."""
    _heading(page, f"{NAMES[one['approach']]}:{_yuan(one['value_fen'])}")
    _line(page, f"区间含义:{one['means']['zh']}。")
    for step in one["steps"]:
        _row(page, step["zh"], step["value"], _STEP_MM)
    figures = one["figures"]
    if "comparables" in figures:
        _comparables(page, figures)
    if "tornado" in figures:
        _tornado(page, figures["tornado"], one["value_fen"])
        _simulated(page, figures)
    _line(page, "假设:" + "".join(note["zh"] for note in one["assumptions"]))
    _line(page, f"依据:{'、'.join(one['sources'])}")


def _comparables(page: FPDF, figures: Mapping[str, Any]) -> None:
    _line(page, f"可比交易共 {figures['sample_size']} 个:")
    widths = (72, 24, 30, 30, 14)
    _cells(page, widths, ("名称", "成交日期", "成交价(元)", "修正价(元)", "权重"))
    page.set_font(_FONT, size=8)
    total = sum(float(one["weight"]) for one in figures["comparables"])
    for one in figures["comparables"][:_MOST_COMPARABLES]:
        shown = (
            one["title"],
            one["traded_on"] or "-",
            format_yuan(one["price_fen"]),
            format_yuan(one["adjusted_fen"]),
            f"{float(one['weight']) / total:.3f}",
        )
        _cells(page, widths, shown)
    page.set_font(_FONT, size=10)


def _tornado(page: FPDF, rows: Sequence[Mapping[str, Any]], base: int) -> None:
    """Bars around the base value, the widest first."""
    if page.will_page_break(12 + 8 * len(rows)):
        page.add_page()
    _line(page, "敏感性(各输入取 10% 与 90% 分位数时的估值):")
    ends = [row[name] for row in rows for name in ("value_at_low_fen", "value_at_high_fen")]
    low, high = min([*ends, base]), max([*ends, base])
    span = max(1, high - low)
    left = page.l_margin + 24
    for row in rows:
        top = page.get_y()
        page.cell(24, 6, INPUTS[row["input"]])
        first, last = sorted((row["value_at_low_fen"], row["value_at_high_fen"]))
        page.set_fill_color(47, 111, 163)
        x = left + _BAR_MM * (first - low) / span
        page.rect(x, top + 1, max(0.3, _BAR_MM * (last - first) / span), 4, style="F")
        page.set_xy(left + _BAR_MM + 2, top)
        page.set_font(_FONT, size=8)
        page.cell(0, 6, f"{format_yuan(first)} - {format_yuan(last)}")
        page.set_font(_FONT, size=10)
        page.set_xy(page.l_margin, top + 6.5)
    page.ln(1)


def _simulated(page: FPDF, figures: Mapping[str, Any]) -> None:
    found = figures["simulation"]
    shown = ";".join(
        f"{name}%:{format_yuan(value)}" for name, value in found["quantiles_fen"].items()
    )
    _line(page, f"蒙特卡洛模拟 {found['paths']} 条路径,分位数(元):{shown}。")
    reach = figures["break_even"]
    if reach is None:
        return
    parts = []
    if reach["revenue_factor"] is not None:
        parts.append(f"收入为预测的 {reach['revenue_factor']} 倍")
    if reach["royalty"] is not None:
        parts.append(f"提成率为 {reach['royalty']}")
    if reach["discount_rate"] is not None:
        parts.append(f"折现率为 {reach['discount_rate']}")
    target = format_yuan(reach["target_fen"])
    _line(page, f"盈亏平衡(价格 {target} 元):{',或'.join(parts) or '无法达到'}。")


def _notes(page: FPDF, content: Mapping[str, Any]) -> None:
    _heading(page, "使用限制")
    for place, note in enumerate(content["limits"], start=1):
        _line(page, f"{place}. {note['zh']}")
    page.ln(1)
    listed = ";".join(one["parameter"] for one in content["parameters_to_verify"])
    _line(page, f"参数集 {content['rule_set']} 中待核实的参数:{listed}。")
    _line(
        page,
        f"计算版本 {content['method_version']},数据截止 {content['data_cut']},"
        f"随机种子 {content['seed']};据此可复算至分。",
    )


def _proof(
    page: FPDF,
    content: Mapping[str, Any],
    digest: str,
    signatures: Sequence[tuple[str, str, str]],
) -> None:
    """What was signed, and by whom; an unsigned report says that it is."""
    _heading(page, "出具与签字")
    _line(page, f"出具时间:{content['issued_at']}")
    _line(page, f"内容指纹(SHA-256):{digest}")
    if not signatures:
        needed = content["signatures_needed"]
        _line(
            page, f"待签字:需要 {needed} 名评估师签字。" if needed else "本报告未经评估机构签字。"
        )
    for name, number, at in signatures:
        _row(page, f"评估师 {name}", f"登记编号 {number},签字时间 {at}")
