"""Certificates as PDF/A4 with Chinese text and a QR code; the same input, the same bytes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO

import segno
from fpdf import FPDF
from pylopdf_fonts_zh_cn import sans_path

_FONT = "certificate"
_LABEL_MM = 42
_LINE_MM = 6.5
_QR_MM = 34


@dataclass(frozen=True)
class Paper:
    """What a certificate shows: a heading, labelled rows, and lines of proof beside the QR code."""

    title: str
    number: str
    rows: tuple[tuple[str, str], ...]
    address: str
    proof: tuple[str, ...]


def draw(paper: Paper, issued_at: datetime) -> bytes:
    """The document; `issued_at` is its date, so that drawing it again gives the same bytes."""
    page = FPDF(format="A4")
    page.set_creation_date(issued_at)
    page.set_title(f"{paper.title} {paper.number}")
    page.set_lang("zh-CN")
    page.set_margins(22, 20)
    page.add_font(_FONT, fname=str(sans_path()))
    page.add_page()
    page.set_font(_FONT, size=24)
    page.cell(0, 16, paper.title, align="C", new_x="LMARGIN", new_y="NEXT")
    page.set_font(_FONT, size=11)
    page.cell(0, 9, f"编号:{paper.number}", align="C", new_x="LMARGIN", new_y="NEXT")
    page.ln(4)
    for label, value in paper.rows:
        _row(page, label, value)
    _proof(page, paper.address, paper.proof)
    return bytes(page.output())


def _row(page: FPDF, label: str, value: str) -> None:
    top = page.get_y()
    page.set_text_color(90)
    page.cell(_LABEL_MM, _LINE_MM, label)
    page.set_text_color(0)
    page.multi_cell(0, _LINE_MM, value, align="L", new_x="LMARGIN", new_y="NEXT")
    bottom = max(page.get_y(), top + _LINE_MM) + 1.2
    page.set_draw_color(205)
    page.line(page.l_margin, bottom, page.w - page.r_margin, bottom)
    page.set_y(bottom + 1.2)


def _proof(page: FPDF, address: str, lines: Iterable[str]) -> None:
    """The QR code of the verification page, and what was signed."""
    if page.will_page_break(_QR_MM + 10):
        page.add_page()
    page.ln(5)
    top = page.get_y()
    image = BytesIO()
    segno.make(address, error="m").save(image, kind="png", scale=8, border=2)
    page.image(image, x=page.l_margin, y=top, w=_QR_MM, alt_text=address)
    page.set_left_margin(page.l_margin + _QR_MM + 6)
    page.set_y(top)
    page.set_font(_FONT, size=9)
    for line in lines:
        page.multi_cell(0, 5, line, align="L", new_x="LMARGIN", new_y="NEXT")
