"""Trade certificates: numbers, documents, seals, verification, revocation."""

import asyncio
import json
import re
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pypdfium2
import pytest
from pypdf import PdfReader
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from typer.testing import CliRunner

from app.cli import cli
from app.deals import printing, repository, seal, verification
from app.kit.db import Sessions
from tests import flow
from tests.contracts.trades import rows
from tests.market import Market, User

CONCLUSION = {"conclusion": "经审核,本次交易符合规定,价款已结清。", "appraisal_fen": 190_000_000}
NUMBER = re.compile(r"TM01-\d{4}-\d{6}")


async def contracted(market: Market) -> tuple[dict[str, Any], User, User]:
    deal, seller, buyer = await flow.conclude_deal(market)
    await flow.contract_of(market, deal, seller, buyer)
    return deal, seller, buyer


def words(pdf: bytes) -> str:
    """The text of a document as a reader copies it, without white space.

    pypdf takes the two bytes of a glyph of this kind of font for two glyphs, the first one empty.
    """
    reader = PdfReader(BytesIO(pdf))
    return re.sub(r"[\s\0]", "", "".join(page.extract_text() for page in reader.pages))


async def test_a_certificate_says_what_was_sold_and_is_the_same_bytes_every_time(
    market: Market,
) -> None:
    deal, seller, buyer = await contracted(market)
    operator = await market.admin()
    made = await operator.ok("POST", f"/deals/{deal['id']}/certificate", CONCLUSION)
    number = made["number"]
    assert NUMBER.fullmatch(number)
    shown = await market.anonymous.ok("GET", f"/certificates/{number}")
    assert shown == made
    assert shown["valid"] is True
    assert shown["content"]["price_fen"] == deal["price_fen"]
    assert shown["content"]["verify_at"].endswith(f"/verify/certificates/{number}")
    deal = await market.anonymous.ok("GET", f"/deals/{deal['id']}")
    assert deal["certificate_number"] == number
    first = await seller.get(f"/certificates/{number}/document")
    second = await buyer.get(f"/certificates/{number}/document")
    assert first.headers["content-type"] == "application/pdf"
    assert first.content == second.content
    read = words(first.content)
    for part in (
        "技术交易凭证",
        number,
        "转让价格人民币2,050,000.00元",
        "评估结果人民币1,900,000.00元",
        CONCLUSION["conclusion"],
        shown["content_sha256"],
        shown["content"]["verify_at"],
        "独占实施许可",
        "网络竞价",
    ):
        assert re.sub(r"\s", "", str(part)) in read, part
    for name in (deal["seller_name"], deal["buyer_name"]):
        assert name.replace(" ", "") in read


def content(number: str) -> dict[str, Any]:
    party = {"name": "㛃龘科技大学", "credit_code": "91110000600037341L"}
    return {
        "number": number,
        "listing_id": "01a1fc1a-cf28-706a-b109-081793e1d139",
        "title": "一种高比能锂电池及其制备方法" * 8,
        "seller": party,
        "buyer": party,
        "brokers": ["某技术经纪公司"],
        "transfer_mode": "assign",
        "license_manner": None,
        "method": "negotiation",
        "listed_from": "2026-03-02",
        "listed_until": "2026-03-09",
        "concluded_on": "2026-03-10",
        "publicity_from": "2026-03-10",
        "publicity_until": "2026-03-17",
        "signed_on": "2026-03-18",
        "price_fen": 123_456_789,
        "payment_mode": "royalty_with_upfront",
        "appraisal_fen": None,
        "conclusion": "审核通过。" * 150,
        "verify_at": f"https://market.example/verify/certificates/{number}",
        "issued_on": "2026-03-19",
    }


def test_a_document_is_deterministic_has_its_glyphs_and_runs_over_pages() -> None:
    at = datetime(2026, 3, 19, tzinfo=UTC)
    made = printing.certificate(content("TM01-2026-000001"), "0" * 64, "key", at)
    assert made == printing.certificate(content("TM01-2026-000001"), "0" * 64, "key", at)
    pages = pypdfium2.PdfDocument(made)
    assert len(pages) == 2
    extracted = "".join(pages[at].get_textpage().get_text_range() for at in range(len(pages)))
    assert "㛃龘科技大学" in extracted
    image = pages[0].render(scale=1).to_pil().convert("L")
    title = image.crop((200, 55, 400, 110))
    assert sum(title.histogram()[:128]) > 400, "the title is drawn in black"


async def test_serials_have_no_gap_when_issuing_is_refused_or_rolled_back(
    sessions: Sessions,
) -> None:
    async with sessions() as session:
        assert await repository.take_serial(session, "TM01", 2026) == 1
        await session.rollback()

    async def take() -> int:
        async with sessions() as session, session.begin():
            return await repository.take_serial(session, "TM01", 2026)

    taken = await asyncio.gather(*(take() for _ in range(10)))
    assert sorted(taken) == list(range(1, 11))
    async with sessions() as session, session.begin():
        assert await repository.take_serial(session, "TM01", 2027) == 1
    assert seal.number("TM01", 2026, 7) == "TM01-2026-000007"


async def test_a_deal_has_one_certificate_in_force(market: Market) -> None:
    deal, _, _ = await flow.conclude_deal(market)
    operator = await market.admin()
    path = f"/deals/{deal['id']}/certificate"
    before = await rows(market, "trade_certificate", "trade_certificate_serial")
    early = await operator.post(path, CONCLUSION)
    assert (early.status_code, early.json()["code"]) == (409, "deal_not_contracted")
    assert await rows(market, "trade_certificate", "trade_certificate_serial") == before


async def test_a_revoked_certificate_stays_to_be_looked_up_and_another_can_follow(
    market: Market,
) -> None:
    deal, _, _ = await contracted(market)
    operator = await market.admin()
    path = f"/deals/{deal['id']}/certificate"
    first = await operator.ok("POST", path, CONCLUSION)
    again = await operator.post(path, CONCLUSION)
    assert (again.status_code, again.json()["code"]) == (409, "certificate_stands")
    default = await operator.post(f"/deals/{deal['id']}/default", {"reason": "未付款"})
    assert default.json()["code"] == "certificate_stands"
    number = first["number"]
    await operator.ok("POST", f"/certificates/{number}/revoke", {"reason": "价款被退回"})
    shown = await market.anonymous.ok("GET", f"/certificates/{number}")
    assert (shown["valid"], shown["revocation_reason"]) == (False, "价款被退回")
    assert (shown["content"], shown["signature"]) == (first["content"], first["signature"])
    twice = await operator.post(f"/certificates/{number}/revoke", {"reason": "再次"})
    assert twice.json()["code"] == "certificate_already_revoked"
    second = await operator.ok("POST", path, CONCLUSION)
    assert int(second["number"][-6:]) == int(number[-6:]) + 1
    assert (await market.anonymous.get("/certificates/TM01-2026-999999")).status_code == 404
    for statement in (
        "UPDATE trade_certificate SET content = '{}'",
        "UPDATE trade_certificate SET revoked_at = NULL, revoked_by = NULL,"
        " revocation_reason = NULL",
        "DELETE FROM trade_certificate",
    ):
        async with market.sessions() as session:
            with pytest.raises(DBAPIError, match=r"stands as it was issued|append-only"):
                await session.execute(text(statement))


async def test_the_offline_check_agrees_with_the_verification_page(
    market: Market, tmp_path: Path
) -> None:
    deal, _, _ = await contracted(market)
    operator = await market.admin()
    made = await operator.ok("POST", f"/deals/{deal['id']}/certificate", CONCLUSION)
    shown = await market.anonymous.get(f"/certificates/{made['number']}")
    assert all(check.passed for check in verification.verify(shown.content))
    file, pem = tmp_path / "certificate.json", tmp_path / "key.pem"
    file.write_bytes(shown.content)
    pem.write_text(made["signature"]["public_key"])
    arguments = ["verify-certificate", str(file), "--public-key", str(pem)]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 0, result.output
    forged = shown.json()
    forged["content"]["price_fen"] += 1
    failed = {
        check.name for check in verification.verify(json.dumps(forged).encode()) if not check.passed
    }
    assert failed == {"content"}
    forged["content_sha256"] = seal.digest(forged["content"]).hex()
    failed = {
        check.name for check in verification.verify(json.dumps(forged).encode()) if not check.passed
    }
    assert failed == {"signature"}
    file.write_text(json.dumps(forged))
    assert CliRunner().invoke(cli, arguments).exit_code == 1
    assert not verification.verify(b"{}")[0].passed
    assert UUID(made["deal_id"]) == UUID(deal["id"])
