"""Pages of a registration office: queue, checklist, what follows, and public verification."""

from sqlalchemy import text

from tests.market import Market
from tests.registrations.contracts import accepted_rows, handed_in
from tests.registrations.offices import office
from tests.web.browser import Browser


async def test_a_registrar_works_by_pages_and_everyone_verifies(market: Market) -> None:
    at = await office(market, "1101", "07")
    wrong = handed_in(1, "consulting", contract_class="transfer", sub_class="transfer.know_how")
    one, two = await accepted_rows(at.first, [wrong, handed_in(2)])
    second, first = Browser(market, at.second), Browser(market, at.first)
    english = Browser(market, at.second, "en")
    listed = await second.page("/registrations/queue")
    assert {f"/registrations/{one}", f"/registrations/{two}"} <= set(listed.links)
    assert "待核对" in listed.words
    assert "days left" in (await english.page("/registrations/queue")).words
    path = f"/registrations/{one}"
    page = await second.page(path)
    for shown in ("技术咨询", "可行性研究", "认定清单", "以内容为准", "待与官方原文核对"):
        assert shown in page.words, shown
    assert "Checklist" in (await english.page(path)).words
    refused = await second.send(path, f"{path}/office", {"act": "assess", "kind": "consulting"})
    assert refused.status_code == 422
    answers = {f"item-C-{n}": "yes" for n in (1, 2, 3)} | {f"item-C-X{n}": "no" for n in (1, 2, 3)}
    await second.done(path, f"{path}/office", {"act": "assess", "kind": "consulting"} | answers)
    await second.done(path, f"{path}/act", {"act": "register"})
    await market.settle()
    number = (await at.first.ok("GET", path))["number"]
    plain = await Browser(market, None).page(f"/verify/registrations/{number}")
    assert "核验结果:该登记有效" in plain.words
    assert "其中技术交易额" not in plain.words
    async with market.sessions() as session:
        code = await session.scalar(text("SELECT check_code FROM registration_certificate"))
    address = f"/verify/registrations/{number}?code={code}"
    full = await Browser(market, None, "en").page(address)
    assert "Technical amount" in full.words
    assert "to be verified" in full.words
    document = await second.client.get(f"{path}/certificate")
    assert document.headers["content-type"] == "application/pdf"
    regulator = Browser(market, await market.join("regulator"))
    objected = {"act": "object", "note": "税务机关提请复核"}
    await regulator.done(path, f"{path}/office", objected)
    review = {"act": "review", "outcome": "uphold", "note": "认定正确"}
    objection = (await at.first.ok("GET", f"{path}/objections"))[0]["id"]
    await first.done(path, f"{path}/office", review | {"objection": objection})
    changed = {"act": "change", "technical": "12,345.00", "note": "补充协议"}
    await second.done(path, f"{path}/office", changed)
    await market.settle()
    old = await Browser(market, None).page(address)
    assert "已被新的证明替代(第 2 次)" in old.words
    fraud = {"act": "revoke", "note": "虚假合同"}
    await first.done(path, f"{path}/office", fraud)
    gone = await Browser(market, None).page(f"/verify/registrations/{number}")
    assert "该登记已失效" in gone.words
    assert "已撤销" in gone.words
    territory = await regulator.page("/registrations/queue?region=11")
    assert f"/registrations/{two}" in territory.links
    assert (
        f"/registrations/{two}"
        not in (await regulator.page("/registrations/queue?region=31")).links
    )
