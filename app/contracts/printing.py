"""A contract's text as PDF/A4 in Chinese, with page numbers; the same input, the same bytes."""

from dataclasses import dataclass
from datetime import datetime

from fpdf import FPDF
from pylopdf_fonts_zh_cn import sans_path

_FONT = "contract"
_LINE_MM = 6.6
_SMALL_MM = 4.6


@dataclass(frozen=True)
class Printed:
    """What is printed: a text with its fingerprint, and who signs it in which place."""

    title: str
    number: str
    version: int
    text: str
    text_sha256: str
    made_at: datetime
    signers: tuple[tuple[str, str], ...]


class _Page(FPDF):
    """A page with the contract's number above and the page's number below."""

    def __init__(self, printed: Printed) -> None:
        super().__init__(format="A4")
        self._printed = printed

    def header(self) -> None:
        """The contract's number and version."""
        self.set_font(_FONT, size=8)
        self.set_text_color(110)
        line = f"合同编号 {self._printed.number}    第 {self._printed.version} 版"
        self.cell(0, _SMALL_MM, line, align="R", new_x="LMARGIN", new_y="NEXT")
        self.ln(3)
        self.set_text_color(0)

    def footer(self) -> None:
        """The fingerprint of the text, and which page this is."""
        self.set_y(-16)
        self.set_font(_FONT, size=8)
        self.set_text_color(110)
        line = f"文本 SHA-256:{self._printed.text_sha256}"
        self.cell(0, _SMALL_MM, line, align="C", new_x="LMARGIN", new_y="NEXT")
        self.cell(0, _SMALL_MM, f"第 {self.page_no()} 页 / 共 {{nb}} 页", align="C")
        self.set_text_color(0)


def contract(printed: Printed) -> bytes:
    """The document of a text; the first line of the text is its heading."""
    page = _Page(printed)
    page.set_creation_date(printed.made_at)
    page.set_title(printed.title)
    page.set_subject(f"contract {printed.number} text {printed.text_sha256}")
    page.set_lang("zh-CN")
    page.set_margins(24, 18)
    page.set_auto_page_break(auto=True, margin=24)
    page.add_font(_FONT, fname=str(sans_path()))
    page.add_page()
    heading, _, body = printed.text.partition("\n")
    page.set_font(_FONT, size=20)
    page.multi_cell(0, 12, heading, align="C", new_x="LMARGIN", new_y="NEXT")
    for line in body.split("\n"):
        _line(page, line)
    _signers(page, printed)
    return bytes(page.output())


def _line(page: FPDF, line: str) -> None:
    if not line.strip():
        page.ln(2.5)
        return
    heading = line.startswith("第") and "条 " in line[:8]
    page.set_font(_FONT, size=12 if heading else 10.5)
    if heading:
        page.ln(1)
    page.multi_cell(0, _LINE_MM, line, align="L", new_x="LMARGIN", new_y="NEXT")


def _signers(page: FPDF, printed: Printed) -> None:
    """Who signs; the signatures themselves are in the document's signature fields."""
    height = 18 + 14 * len(printed.signers)
    if page.will_page_break(height):
        page.add_page()
    page.ln(6)
    page.set_font(_FONT, size=10.5)
    for role, name in printed.signers:
        page.multi_cell(
            0, _LINE_MM, f"{role}(电子签名):{name}", align="L", new_x="LMARGIN", new_y="NEXT"
        )
        page.ln(4)
    page.set_font(_FONT, size=8)
    page.set_text_color(110)
    note = "电子签名记载于本文件的签名域,可用支持 PAdES 的软件核验;纸质打印件不含电子签名。"
    page.multi_cell(0, _SMALL_MM, note, align="L", new_x="LMARGIN", new_y="NEXT")
    page.set_text_color(0)
