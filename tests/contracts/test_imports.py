"""Texts that parties bring as PDF or plain text."""

import zipfile
from datetime import UTC, datetime
from io import BytesIO

import pytest
from fpdf import FPDF

from app.contracts import imports, printing
from app.contracts.errors import TextFileEmpty, TextFileNotRead, TextFileTooLong
from tests.contracts.trades import concluded
from tests.market import Market

TEXT = "技术转让合同\n第一条 标的\n让与人将钙钛矿电池专利转让给受让人。"


def printed(text: str) -> bytes:
    made = datetime(2026, 3, 2, tzinfo=UTC)
    return printing.contract(printing.Printed("合同", "1", 1, text, "00", made, ()))


def scanned() -> bytes:
    page = FPDF()
    page.add_page()
    page.rect(10, 10, 50, 50)
    return bytes(page.output())


def test_the_text_of_a_pdf_is_taken_in_its_order() -> None:
    text = imports.text_of(printed(TEXT))
    where = [text.index(line) for line in TEXT.split("\n")]
    assert where == sorted(where)
    assert imports.text_of("\ufeff甲方\r\n乙方  \r\n".encode()) == "甲方\n乙方"


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (scanned(), TextFileEmpty),
        (b" \n", TextFileEmpty),
        (b"%PDF-1.7 broken", TextFileNotRead),
        ("合同".encode("gbk"), TextFileNotRead),
        (b"a\x00b", TextFileNotRead),
        (("一" * 200_001).encode(), TextFileTooLong),
    ],
)
def test_what_has_no_text_is_refused(content: bytes, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        imports.text_of(content)


def test_a_word_file_is_refused_with_what_would_be_right() -> None:
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as word:
        word.writestr("word/document.xml", "<w:document/>")
    with pytest.raises(TextFileNotRead) as refusal:
        imports.text_of(file.getvalue())
    assert "另存为 PDF" in refusal.value.detail("zh")


async def test_an_uploaded_text_is_a_version_with_a_difference(market: Market) -> None:
    trade = await concluded(market)
    path = trade.path + "/text"
    headers = {"If-Match": (await trade.seller.get(trade.path)).headers["etag"]}
    files = {"file": ("合同.pdf", printed(TEXT), "application/pdf")}
    made = await trade.seller.ok("PUT", path, files=files, headers=headers)
    assert made["text_version"] == 2
    assert "合同.pdf" in made["text"]
    assert "让与人将钙钛矿电池专利转让给受让人。" in made["text"]
    shown = await trade.buyer.ok("GET", trade.path + "/versions/2/difference?since=1")
    assert shown["added"] >= 3
    again = await trade.buyer.request("PUT", path, files=files, headers=headers)
    assert again.status_code == 412
    bad = {"file": ("合同.docx", b"PK\x03\x04", "application/zip")}
    headers = {"If-Match": (await trade.seller.get(trade.path)).headers["etag"]}
    refused = await trade.buyer.request("PUT", path, files=bad, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (422, "text_file_not_read")
    assert (await trade.contract())["text_version"] == 2
