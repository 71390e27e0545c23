"""Performance, certificates of one's own, idle achievements and benefits, by pages."""

import base64
import re
from pathlib import Path

import pytest
from anyio import to_thread
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from app.contracts import pades
from app.contracts.authorities import Holder, SandboxAuthority
from app.kit.settings import Settings
from tests.contracts.trades import KNOW_HOW, concluded
from tests.market import Market
from tests.registrations.offices import office, registered
from tests.web.browser import Browser, read

AUTHORITY = SandboxAuthority(ec.generate_private_key(ec.SECP256R1()))


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """A market that trusts one more root."""
    roots = tmp_path / "roots.pem"
    roots.write_bytes(AUTHORITY.root.public_bytes(Encoding.PEM))
    return settings.model_copy(update={"contract_trust_roots": str(roots)})


async def test_a_contract_is_signed_with_a_certificate_and_performed_by_pages(
    market: Market,
) -> None:
    trade = await concluded(market, transfer_mode="other", rights=[KNOW_HOW])
    royalty = {"base": "sales", "rate_bp": 300, "periods": 1, "first_from": "2026-01-01"}
    terms = {
        "payment_mode": "royalty",
        "royalty": royalty,
        "trial": {"days": 20},
        "milestones": [{"name": "样机", "due_on": "2020-01-01"}],
    }
    await trade.edit(trade.seller, terms)
    proposed = await trade.seller.ok("POST", trade.path + "/propose")
    path, work = trade.path, trade.path + "/work"
    seller, buyer = Browser(market, trade.seller), Browser(market, trade.buyer)
    text = {"text_sha256": proposed["text_sha256"]}
    by_account = {"method": "account"} | text
    await seller.done(path, path + "/sign", by_account)
    form = (await buyer.page(path)).form(path + "/sign")
    asked = await buyer.post(path + "/certificate", form.values | text)
    page = read(asked)
    digest = bytes.fromhex(next(iter(re.findall(r"\b[0-9a-f]{64}\b", page.words))))
    wrong = page.form(path + "/certificate/complete").values | {"cms": "AAAA"}
    refused = await buyer.post(path + "/certificate/complete", wrong)
    assert digest.hex() in read(refused, 422).words
    known = await trade.buyer.ok("GET", f"/organisations/{trade.buyer.organisation_id}")
    own = Holder(known["name"], known["credit_code"], "李四")
    cms = await to_thread.run_sync(pades.sign_digest, AUTHORITY.signer(own), digest)
    given = wrong | {"cms": base64.b64encode(cms).decode()}
    assert (await buyer.post(path + "/certificate/complete", given)).status_code == 303
    seen = await buyer.page(path + "/verification")
    assert "已有的电子签名有效" in seen.words
    assert known["name"] in seen.words
    pdf = await seller.get(path + "/document")
    assert pdf.content.startswith(b"%PDF")

    token = (await seller.page(path)).form(work).values["form_token"]
    assert "样机" in (await Browser(market, trade.buyer, "en").page(path)).words
    act = {"act": "deliver", "sequence": "1", "note": "样机一台"}
    await seller.done(path, work, act)
    await buyer.done(path, work, {"act": "reject", "sequence": "1", "note": "效率不足"})
    assert "效率不足" in (await seller.page(path)).words
    await seller.done(path, work, act)
    await buyer.done(path, work, {"act": "accept", "sequence": "1", "note": ""})
    await buyer.done(path, work, {"act": "adopt", "note": ""})
    await buyer.done(path, work, {"act": "file", "sequence": "1", "base": "1,000,000.50"})
    await seller.done(path, work, {"act": "contest", "sequence": "1", "note": "漏报十月销售"})
    assert "漏报十月销售" in (await buyer.page(path)).words
    await buyer.done(path, work, {"act": "file", "sequence": "1", "base": "1000000.50"})
    await seller.done(path, work, {"act": "confirm", "sequence": "1"})
    [report] = (await trade.seller.ok("GET", path + "/performance"))["royalty_reports"]
    payment = {
        "act": "payment",
        "kind": "royalty",
        "amount": "30000.02",
        "received_on": "2026-01-02",
        "royalty_report_id": report["id"],
    }
    no_amount = payment | {"amount": "3 万", "form_token": token}
    assert (await seller.post(work, no_amount)).status_code == 422
    await seller.done(path, work, payment)
    [paid] = (await trade.seller.ok("GET", path + "/performance"))["payments"]
    answer = {"act": "answer_payment", "payment": paid["id"], "confirmed": "yes", "note": ""}
    await buyer.done(path, work, answer)
    assert "¥30,000.02" in (await seller.page(path)).words
    await seller.done(path, work, {"act": "demand", "note": "支付入门费"})
    [notice] = (await trade.seller.ok("GET", path + "/performance"))["delay_notices"]
    await seller.done(path, work, {"act": "cure", "notice": notice["id"]})
    stranger = Browser(market, await market.join("enterprise"))
    assert (await stranger.get(path + "/document")).status_code == 404


async def test_benefits_and_idle_achievements_have_their_pages(market: Market) -> None:
    at = await office(market)
    trade, registration = await registered(market, at)
    seller = Browser(market, trade.seller)
    regulator = Browser(market, await market.join("regulator"), "en")
    given = {
        "registration_id": registration["id"],
        "kind": "income_tax_relief",
        "amount": "875000",
        "document": "年度申报表",
    }
    await seller.done("/benefits", "/benefits/claim", given)
    assert "¥875,000" in (await seller.page("/benefits")).words
    again = await seller.send("/benefits", "/benefits/claim", given)
    assert again.status_code == 409
    ended = {"act": "cancel", "note": "合同解除"}
    path = f"/registrations/{registration['id']}"
    await Browser(market, at.second).done(path, path + "/office", ended)
    await market.settle()
    assert "At risk" in (await regulator.page("/benefits?state=at_risk&authority=tax")).words
    decided = {"act": "recover", "note": "补缴入库"}
    await regulator.done("/benefits", "/benefits/decision", decided)
    assert "已追缴" in (await seller.page("/benefits")).words

    await market.settle()
    made = await trade.seller.ok("GET", "/idle-watches?state=ended")
    assert made["items"]
    assert "已转化" in (await seller.page("/idle-watches")).words
    unit = await market.join("university")
    browser = Browser(market, unit)
    body = {
        "title": "闲置的膜材料",
        "summary": "尚无人受让",
        "ipc": ["H01L31/04"],
        "technical_field": "new_materials",
        "transfer_modes": ["self_implement"],
        "rights": [KNOW_HOW],
    }
    achievement = await unit.ok("POST", "/achievements", body)
    await unit.ok("POST", f"/achievements/{achievement['id']}/publish")
    await market.settle()
    start = {"since": "2024-03-01", "note": "完成登记"}
    await browser.done("/idle-watches", f"/idle-watches/{achievement['id']}/start", start)
    assert "完成登记" in (await browser.page("/idle-watches")).words
    new = f"/income-plans/new?achievement={achievement['id']}"
    plan = {
        "first_year": "2023",
        "basis": "statutory",
        "members": "张三,贡献人员,是,1",
        "objection_procedure": "公示期内可实名提出异议。",
    }
    where = (await browser.done(new, "/income-plans/new", plan)).partition("?")[0]
    assert "自行或合作实施" in (await browser.page(where)).words
