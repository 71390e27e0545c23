"""The registration office over HTTP: bulk work, examination, changes, reviews, certificates."""

import asyncio
from io import BytesIO
from typing import Any

import orjson
import pypdfium2
import pytest
import xlsxwriter
from python_calamine import CalamineWorkbook
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.kit import seals, signing
from app.registrations import imports
from app.registrations.certificates import FORMAT
from app.registrations.forms import FIELDS
from tests.contracts.trades import audited, rows, signed
from tests.market import Market, User
from tests.registrations.contracts import KINDS, NDJSON, accepted_rows, decide, handed_in, taken
from tests.registrations.offices import Office, accepted, office
from tests.registrations.test_recognition import answers_for
from tests.registrations.test_registrations import year_of
from tests.web.browser import Browser

TABLES = (
    "registration",
    "registration_party",
    "registration_text",
    "registration_finding",
    "registration_objection",
    "registration_income",
    "registration_counter",
    "audit_event",
)


async def refused(user: User, path: str, body: Any, status: int, code: str) -> dict[str, Any]:
    answer = await user.post(path, body)
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.text
    problem: dict[str, Any] = answer.json()
    return problem


TELLING = ("statistics.recount", "pricing.collect_contract")


async def deferred(market: Market, registration_id: str) -> list[str]:
    """The jobs that wait for a registration, by name."""
    async with market.sessions() as session:
        found = await session.execute(
            text(
                "SELECT task_name FROM procrastinate_jobs WHERE status = 'todo'"
                " AND args->>'registration_id' = :id ORDER BY id"
            ),
            {"id": registration_id},
        )
        return list(found.scalars())


async def test_an_office_imports_and_decides_in_bulk_with_an_outcome_for_every_row(
    market: Market,
) -> None:
    at = await office(market, "1101", "07")
    wrong_code = handed_in(21)
    wrong_code["seller"]["credit_code"] = wrong_code["seller"]["credit_code"][:-1] + "?"
    far = handed_in(22, region="310104")
    lines = [
        *(orjson.dumps(handed_in(index)) for index in range(9)),
        orjson.dumps(wrong_code),
        orjson.dumps(far),
        orjson.dumps(handed_in(23, technical_field="new_material")),
        orjson.dumps(handed_in(24, technical_fen=10**12)),
        b"{",
        orjson.dumps(handed_in(25) | {"colour": "red"}),
        orjson.dumps(handed_in(0)),
    ]
    outcome = await at.first.ok(
        "POST", "/registrations/imports", content=b"\n".join(lines), headers=NDJSON
    )
    assert (outcome["taken"], outcome["known"], outcome["refused"]) == (9, 1, 6)
    assert [(row["row"], row["code"], row["field"]) for row in outcome["rows"][9:15]] == [
        (10, "bad_party", "body.seller.credit_code"),
        (11, "outside_territory", "body.seller.region_code"),
        (12, "bad_code", "body.technical_field"),
        (13, "technical_exceeds_total", "body.technical_fen"),
        (14, "bad_row", ""),
        (15, "bad_row", "colour"),
    ]
    before = await rows(market, *TABLES)
    again = await taken(at.second, [handed_in(index) for index in range(9)])
    assert (again["taken"], again["known"]) == (0, 9)
    assert await rows(market, *TABLES) == before
    queue = await at.first.ok("GET", "/registrations/queue?limit=4")
    assert len(queue["items"]) == 4
    following = await at.first.ok(
        "GET", f"/registrations/queue?cursor={queue['next_cursor']}&limit=50"
    )
    ids = [row["registration_id"] for row in outcome["rows"][:9]]
    waiting = [row["registration"]["id"] for row in queue["items"] + following["items"]]
    assert sorted(waiting) == sorted(ids)
    await decide(at.first, ids, "accept")
    shown = (await at.first.ok("GET", "/registrations/queue"))["items"][0]
    assert shown["registration"]["rule_set_verify"] is True
    assert (shown["days_left"] > 0, shown["expert_review"]) == (True, None)
    mixed = await at.first.ok(
        "POST",
        "/registrations/decisions",
        {
            "decisions": [
                {"registration_id": ids[0], "act": "register"},
                {"registration_id": ids[1], "act": "refuse", "reason": "documents_missing"},
                {"registration_id": ids[2], "act": "request_correction", "note": "请补正"},
                {"registration_id": ids[2], "act": "register"},
            ]
        },
    )
    assert [(one["outcome"], one["state"], one["code"]) for one in mixed] == [
        ("refused", None, "four_eyes"),
        ("done", "refused", None),
        ("done", "needs_correction", None),
        ("refused", None, "illegal_move"),
    ]
    await at.first.ok(
        "POST",
        f"/registrations/{ids[2]}/correct",
        {"note": "换文本", "text": handed_in(2)["text"] + "补充条款。"},
    )
    document = await at.second.ok("GET", f"/registrations/{ids[2]}/contract")
    assert (document["text_version"], document["text"][-5:]) == (2, "补充条款。")
    done = await decide(at.second, [ids[0], *ids[2:]], "register")
    year = await year_of(market)
    assert [one["number"] for one in done] == [f"{year}110107{n:06d}" for n in range(1, 9)]
    for path in ("/registrations/imports", "/registrations/decisions"):
        for user, status in ((await market.join("enterprise"), 403), (market.anonymous, 401)):
            body = {"decisions": [{"registration_id": ids[0], "act": "accept"}]}
            assert (await user.post(path, body)).status_code == status


async def test_a_workbook_is_taken_in_and_the_form_comes_back(market: Market) -> None:
    at = await office(market, "1101", "07")
    row = handed_in(3, objective="10", plan_category="national.863", added_output_fen=123_450)
    file = BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for column, (heading, member) in enumerate(imports.COLUMNS.items()):
            outer, _, last = member.rpartition(".")
            value = (row[outer] if outer else row).get(last)
            if value is not None and last.endswith("_fen"):
                value = value / 100
            sheet.write(0, column, heading)
            if value is not None:
                sheet.write(1, column, value)
    mime = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    outcome = await at.first.ok(
        "POST",
        "/registrations/imports",
        content=file.getvalue(),
        headers={"Content-Type": mime},
    )
    assert outcome["taken"] == 1, outcome
    [made] = [one["registration_id"] for one in outcome["rows"]]
    await decide(at.first, [made], "accept")
    [done] = await decide(at.second, [made], "register")
    form = await at.first.ok("GET", f"/registrations/{made}/form")
    assert list(form) == [field.key for field in FIELDS]
    assert (form["number"], form["total_fen"]) == (done["number"], row["total_fen"])
    assert (form["seller_type"], form["seller_country"], form["ip_type"]) == (
        "021",
        "142",
        "know_how",
    )
    assert (form["objective"], form["added_output_fen"]) == ("10", 123_450)
    day = (await at.first.ok("GET", f"/registrations/{made}"))["registered_at"][:10]
    path = f"/registrations/forms?from={day[:8]}01&to=2099-01-01"
    assert await at.first.ok("GET", path) == [form]
    sheet_read = await at.first.get(path + "&format=xlsx")
    assert sheet_read.headers["content-type"] == mime
    heading, line = (
        CalamineWorkbook.from_filelike(BytesIO(sheet_read.content))
        .get_sheet_by_index(0)
        .to_python()
    )
    by_name = dict(zip(heading, line, strict=True))
    assert by_name["合同登记编号"] == done["number"]
    assert by_name["成交额(元)"] == f"{row['total_fen'] / 100:.2f}"
    assert by_name["卖方性质"] == "021 科研机构"
    assert by_name["计划类别"].startswith("national.863")
    garbage = await at.first.post(
        "/registrations/imports", content=b"PK", headers={"Content-Type": mime}
    )
    assert (garbage.status_code, garbage.json()["code"]) == (422, "bad_import")
    fields = await market.anonymous.ok("GET", "/registrations/forms/fields")
    assert {one["key"] for one in fields if one["verify"]} >= {"total_fen", "plan_category"}
    assert not next(one for one in fields if one["key"] == "number")["verify"]


async def test_content_wins_over_the_declared_class_and_mixed_contracts_are_split(
    market: Market,
) -> None:
    at = await office(market, "1101", "07")
    wrong = handed_in(1, "consulting", contract_class="transfer", sub_class="transfer.know_how")
    both = handed_in(2, "development.commissioned", total_fen=1000, technical_fen=900)
    both["text"] += handed_in(2, "service.service")["text"]
    wrong["text"] += "委托方不得使用与该技术相竞争的技术。产品的年产量不得超过一万件。"
    first, second = await accepted_rows(at.first, [wrong, both])
    path = f"/registrations/{first}"
    seen = await at.second.ok("GET", path + "/recognition")
    assert (seen["contract_class"], seen["verdict"]) == ("consulting", "differs")
    assert "可行性研究" in seen["candidates"][0]["words"]
    assert any("以内容为准" in one["zh"] for one in seen["reasons"])
    # 民法典 850, 解释 10: what the law leaves no room for, and what the registrar judges.
    assert [(one["code"], one["clear"]) for one in seen["monopoly"]] == [
        ("monopoly_other_sources", True),
        ("monopoly_output", False),
    ]
    assert "相竞争的技术" in seen["monopoly"][0]["quote"]
    problem = await refused(at.second, path + "/register", None, 409, "assessment_needed")
    assert problem["proposed"] == "consulting"
    answers = {name: answer.value for name, answer in answers_for("consulting").items()}
    before = await rows(market, *TABLES)
    bad = {"contract_class": "consulting", "answers": answers | {"C-1": "no"}}
    await refused(at.second, path + "/assessment", bad, 422, "class_not_supported")
    transfer = {name: answer.value for name, answer in answers_for("transfer").items()}
    against = {
        "contract_class": "transfer",
        "sub_class": "transfer.know_how",
        "answers": transfer,
    }
    await refused(at.second, path + "/assessment", against, 422, "reason_for_class")
    assert await rows(market, *TABLES) == before
    judged = await at.second.ok(
        "POST", path + "/assessment", {"contract_class": "consulting", "answers": answers}
    )
    assert (judged["contract_class"], judged["sub_class"]) == ("consulting", None)
    assert (await at.second.ok("POST", path + "/register"))["number"].endswith("000001")
    [noted] = await at.first.ok("GET", path + "/findings")
    assert (noted["kind"], noted["content"]["declared_class"]) == ("assessment", "transfer")
    path = f"/registrations/{second}"
    assert set((await at.second.ok("GET", path + "/recognition"))["mixed"]) == {
        "development",
        "service",
    }
    parts = [
        {
            "title": f"第 {n} 部分",
            "contract_class": kind,
            "sub_class": sub,
            "total_fen": total,
            "technical_fen": technical,
        }
        for n, (kind, sub, total, technical) in enumerate(
            (
                ("development", "development.commissioned", 600, 600),
                ("service", "service.service", 400, 299),
            )
        )
    ]
    await refused(at.second, path + "/split", {"parts": parts}, 422, "parts_do_not_sum")
    parts[1]["technical_fen"] = 300
    made = await at.second.ok("POST", path + "/split", {"parts": parts})
    assert [one["part"] for one in made] == [1, 2]
    assert (await at.second.ok("GET", path))["state"] == "split"
    numbered = await decide(at.second, [one["id"] for one in made], "register")
    assert [one["number"][-6:] for one in numbered] == ["000002", "000003"]


async def test_amounts_experts_and_look_alikes_stand_before_registration(market: Market) -> None:
    at, other = await office(market, "1101", "07"), await office(market, "1101", "08")
    large = handed_in(1, KINDS[0], total_fen=500_000_000, technical_fen=500_000_000)
    [one] = await accepted_rows(at.first, [large])
    path = f"/registrations/{one}"
    long_due = (await at.first.ok("GET", path))["due_at"]
    problem = await refused(at.second, path + "/register", None, 409, "expert_review_needed")
    assert (problem["given"], problem["needed"]) == (0, 3)
    items = [
        {
            "category": "equipment",
            "name": "试验装置",
            "amount_fen": 180_000_000,
            "allowance": {"subject": "equipment", "quantity": 5, "cost_fen": 30_000_000},
        },
        {"category": "raw_material", "name": "原材料", "amount_fen": 20_000_000},
    ]
    set_to = {"items": items, "technical_fen": 330_000_000}
    await refused(at.second, path + "/amounts", set_to, 422, "override_needs_reason")
    approved = await at.second.ok("POST", path + "/amounts", {"items": items})
    assert (approved["technical_fen"], approved["items"][0]["needs_override"]) == (
        300_000_000,
        True,
    )
    approved = await at.second.ok(
        "POST", path + "/amounts", set_to | {"override_reason": "五套构成一条试验线"}
    )
    assert (approved["computed_fen"], approved["technical_fen"]) == (300_000_000, 330_000_000)
    assert (await at.first.ok("GET", path))["due_at"] < long_due
    await at.second.ok("POST", path + "/dispute", {"note": "是否属于技术开发有争议"})
    assert (await at.first.ok("GET", path))["due_at"] == long_due
    votes = (("张", "refuse"), ("李", "register"), ("王", "register"))
    for expert, opinion in votes:
        await refused(at.second, path + "/register", None, 409, "expert_review_needed")
        said = {"expert": expert, "institution": "某院", "opinion": opinion, "note": "见报告"}
        await at.second.ok("POST", path + "/opinions", said)
    await refused(at.second, path + "/opinions", said, 409, "expert_twice")
    number = (await at.second.ok("POST", path + "/register"))["number"]

    copy = large | {"reference": "B-1", "technical_fen": 100_000_000}
    near = handed_in(1, KINDS[0], reference="B-2", total_fen=7, technical_fen=7)
    near["text"] = near["text"].replace("按月提交", "按季提交")
    again, similar = await accepted_rows(other.first, [copy, near])
    path = f"/registrations/{again}"
    seen = (await other.second.ok("GET", path + "/recognition"))["duplicates"]
    why = {like["registration_id"]: (like["why"], like["blocks"]) for like in seen}
    assert why[one] == (["same_terms", "same_text"], True)
    assert seen[-1]["number"] == number
    problem = await refused(other.second, path + "/register", None, 409, "possible_duplicate")
    assert problem["found"] == [number]
    stranger = {"registration_id": again, "note": "x"}
    await refused(other.second, path + "/clearings", stranger, 422, "nothing_to_clear")
    cleared = {"registration_id": one, "note": "同一模板的第二期合同,另有补充协议"}
    await other.second.ok("POST", path + "/clearings", cleared)
    assert (await other.second.ok("POST", path + "/register"))["state"] == "registered"
    seen = (await other.second.ok("GET", f"/registrations/{similar}/recognition"))["duplicates"]
    assert {like["registration_id"]: like["why"] for like in seen}[one] == ["near_text"]
    assert not any(like["blocks"] for like in seen)
    assert (await other.second.ok("POST", f"/registrations/{similar}/register"))["number"]


async def test_a_registration_is_changed_cancelled_revoked_and_its_certificate_follows(
    market: Market,
) -> None:
    at = await office(market, "1101", "07")
    one, two, three = await accepted_rows(at.first, [handed_in(index) for index in range(3)])
    numbers = [row["number"] for row in await decide(at.second, [one, two, three], "register")]
    await market.settle()
    path = f"/registrations/{one}"
    pdf = await at.first.get(path + "/certificate")
    assert pdf.headers["content-type"] == "application/pdf"
    assert (await at.second.get(path + "/certificate")).content == pdf.content
    shown = pypdfium2.PdfDocument(pdf.content)[0].get_textpage().get_text_range()
    assert "技术合同登记证明" in shown
    assert "其中技术交易额" in shown
    assert numbers[0] in shown
    async with market.sessions() as session:
        code = await session.scalar(
            text("SELECT check_code FROM registration_certificate WHERE registration_id = :id"),
            {"id": one},
        )
        with pytest.raises(DBAPIError, match="as it was issued"):
            await session.execute(text("UPDATE registration_certificate SET check_code = 'x'"))
    public = f"/register/{numbers[0]}/certificate"
    plain = await market.anonymous.ok("GET", public)
    assert (plain["valid"], plain["content"], plain["content_sha256"]) == (True, None, None)
    assert (await market.anonymous.get(public + "?code=wrong")).status_code == 404
    full = await market.anonymous.ok("GET", f"{public}?code={code}")
    assert full["content"]["technical_fen"] == handed_in(0)["technical_fen"]
    digest = seals.digest(full["content"])
    assert digest.hex() == full["content_sha256"]
    message = seals.to_sign(FORMAT, numbers[0], digest)
    assert signing.is_signed(
        full["signature"]["public_key"], message, bytes.fromhex(full["signature"]["value"])
    )

    same = {"basis": "补充协议", "total_fen": handed_in(0)["total_fen"]}
    await refused(at.second, path + "/change", same, 422, "nothing_changed")
    changed = await at.second.ok(
        "POST", path + "/change", {"basis": "补充协议一", "technical_fen": 8_000_000}
    )
    assert (changed["state"], changed["number"]) == ("changed", numbers[0])
    assert await deferred(market, one) == [*TELLING, "registrations.certify"]
    await market.settle()
    full = await market.anonymous.ok("GET", f"{public}?code={code}")
    assert (full["valid"], full["edition"], full["newest_edition"]) == (False, 1, 2)
    assert (await at.first.get(path + "/certificate")).content != pdf.content

    fallen = ["settlements.benefits_at_risk", *TELLING]
    ended = {"reason": "合同已解除"}
    cancelled = await at.second.ok("POST", f"/registrations/{two}/cancel", ended)
    assert (cancelled["state"], cancelled["fall_note"]) == ("cancelled", "合同已解除")
    assert await deferred(market, two) == fallen
    fraud = {"reason": "以虚假合同骗取登记"}
    await refused(at.second, f"/registrations/{three}/revoke", fraud, 403, "reviewer_decided")
    revoked = await at.first.ok("POST", f"/registrations/{three}/revoke", fraud)
    assert (revoked["state"], revoked["number"]) == ("revoked", numbers[2])
    assert await deferred(market, three) == fallen
    entry = await market.anonymous.ok("GET", f"/register/{numbers[2]}")
    assert (entry["state"], entry["in_force"]) == ("revoked", False)
    listed = (await market.anonymous.ok("GET", "/register"))["items"]
    assert [row["number"] for row in listed] == [numbers[0]]
    await refused(at.first, f"/registrations/{three}/change", same, 409, "illegal_move")
    assert (await at.first.get(f"/registrations/{two}/certificate")).status_code == 409
    async with market.sessions() as session:
        with pytest.raises(DBAPIError, match="stands"):
            await session.execute(
                text("UPDATE registration SET number = '2026110107000009' WHERE id = :id"),
                {"id": one},
            )


async def test_objections_are_upheld_overturned_and_withdrawn(market: Market) -> None:
    at = await office(market, "1101", "07")
    trade = await signed(market)
    path = await accepted(trade, at)
    await at.second.ok("POST", path + "/refuse", {"reason": "documents_missing"})
    grounds = {"grounds": "权属证明已提交"}
    stranger = await market.join("enterprise")
    assert (await stranger.post(path + "/objections", grounds)).status_code == 404
    assert (await at.first.post(path + "/objections", grounds)).status_code == 403
    filed = await trade.seller.ok("POST", path + "/objections", grounds)
    assert (filed["state"], filed["against"]) == ("under_review", "refused")
    await refused(trade.buyer, path + "/objections", grounds, 409, "objection_open")
    decision = path + f"/objections/{filed['id']}/decision"
    overturn = {"outcome": "overturn", "note": "材料齐全"}
    await refused(at.second, decision, overturn, 403, "reviewer_decided")
    assert (await at.first.ok("POST", decision, overturn))["state"] == "overturned"
    anew = await trade.seller.ok("GET", path)
    assert (anew["state"], anew["refusal_reason"]) == ("accepted", None)
    assert anew["due_at"] > anew["accepted_at"]
    done = await at.second.ok("POST", path + "/register")

    regulator = await market.join("regulator")
    taken_back = await trade.buyer.ok("POST", path + "/objections", {"grounds": "金额有误"})
    assert (await trade.seller.ok("GET", path))["state"] == "under_review"
    assert (await market.anonymous.ok("GET", f"/register/{done['number']}"))["in_force"] is True
    withdraw = path + f"/objections/{taken_back['id']}/withdraw"
    assert (await trade.seller.post(withdraw)).status_code == 404
    assert (await trade.buyer.ok("POST", withdraw))["state"] == "withdrawn"
    assert (await trade.seller.ok("GET", path))["state"] == "registered"
    tax = await regulator.ok("POST", path + "/objections", {"grounds": "税务机关提请复核"})
    uphold = path + f"/objections/{tax['id']}/decision"
    kept = await at.first.ok("POST", uphold, {"outcome": "uphold", "note": "认定正确"})
    assert kept["state"] == "upheld"
    again = {"outcome": "overturn", "note": "再议"}
    await refused(at.first, uphold, again, 409, "illegal_move")
    last = await regulator.ok("POST", path + "/objections", {"grounds": "发现虚假材料"})
    final = path + f"/objections/{last['id']}/decision"
    await at.first.ok("POST", final, {"outcome": "overturn", "note": "撤回登记"})
    ended = await trade.seller.ok("GET", path)
    assert (ended["state"], ended["number"]) == ("overturned", done["number"])
    assert [one["state"] for one in await regulator.ok("GET", path + "/objections")] == [
        "overturned",
        "withdrawn",
        "upheld",
        "overturned",
    ]
    assert "registration.overturn_registration" in await audited(market, ended["id"])


async def test_technical_income_is_stated_once_for_each_realised_payment(market: Market) -> None:
    at = await office(market, "1101", "07")
    [one] = await accepted_rows(
        at.first, [handed_in(2, total_fen=1_000_000, technical_fen=600_000)]
    )
    path = f"/registrations/{one}/incomes"
    paid = {"received_on": "2026-11-10", "realised_total_fen": 500_000}
    await refused(at.second, path, paid, 409, "not_in_force")
    await decide(at.second, [one], "register")
    await refused(at.second, path, {"received_on": "2026-11-10"}, 422, "payment_unknown")
    deductions = {"labour_fen": 40_000, "equipment_fen": 10_000}
    first = await at.second.ok("POST", path, paid | {"deductions": deductions})
    assert (first["realised_technical_fen"], first["income_fen"]) == (300_000, 250_000)
    too_much = paid | {"realised_total_fen": 700_000, "realised_technical_fen": 350_001}
    problem = await refused(at.second, path, too_much, 409, "income_exceeds_technical")
    assert problem["left_fen"] == 350_000
    more = await at.second.ok("POST", path, too_much | {"override_reason": "补充协议增加价款"})
    assert (more["sequence"], more["exceeds"]) == (2, True)
    papers = await at.first.ok("GET", path)
    assert [paper["form"]["income_fen"] for paper in papers] == [250_000, 350_001]
    assert (papers[0]["total_fen"], papers[0]["verify"]) == (1_000_000, True)


async def test_thirty_two_decisions_of_two_officers_at_once_get_consecutive_numbers(
    market: Market,
) -> None:
    at: Office = await office(market)
    ids = await accepted_rows(at.first, [handed_in(index) for index in range(32)])
    # Both officers press for every contract at the same moment: one of each pair comes first.
    third = await market.log_in((await _third(market, at)), at.first.organisation_id)
    answers = await asyncio.gather(
        *(user.post(f"/registrations/{one}/register") for one in ids for user in (at.second, third))
    )
    done = [answer.json()["number"] for answer in answers if answer.status_code == 200]
    late = [answer.json()["code"] for answer in answers if answer.status_code != 200]
    year = await year_of(market)
    assert sorted(done) == [f"{year}110107{serial:06d}" for serial in range(1, 33)]
    assert late == ["illegal_move"] * 32


async def _third(market: Market, at: Office) -> str:
    login = "third-registrar"
    person = {"login": login, "name": "同事", "password": "correct horse battery staple"}
    await at.first.ok(
        "POST", f"/organisations/{at.id}/members", {"person": person, "roles": ["registrar"]}
    )
    return login


async def test_an_applicant_asks_for_a_change_and_for_the_cancellation(market: Market) -> None:
    """B-6: the original office changes or cancels; what is granted is done at once."""
    at = await office(market, "1101", "07")
    trade = await signed(market)
    path = await accepted(trade, at)
    change = {"kind": "change", "basis": "补充协议一", "technical_fen": 1}
    asked = path + "/requests"
    await refused(trade.seller, asked, change, 409, "illegal_move")
    number = (await at.second.ok("POST", path + "/register"))["number"]
    await refused(trade.buyer, asked, change, 403, "wrong_applicant")
    shown = await trade.seller.ok("GET", path)
    same = change | {"technical_fen": shown["technical_fen"]}
    await refused(trade.seller, asked, same, 422, "nothing_changed")
    nothing = {"kind": "change", "basis": "补充协议一"}
    await refused(trade.seller, asked, nothing, 422, "nothing_changed")
    more = change | {"technical_fen": shown["total_fen"] + 1}
    await refused(trade.seller, asked, more, 422, "technical_exceeds_total")
    filed = await trade.seller.ok("POST", asked, change)
    assert (filed["state"], filed["wanted"]) == ("filed", {"technical_fen": 1})
    await refused(trade.seller, asked, change, 409, "request_open")
    assert [one["id"] for one in await at.first.ok("GET", "/registrations/requests")] == [
        filed["id"]
    ]
    decision = f"{asked}/{filed['id']}/decision"
    no = {"outcome": "reject"}
    assert (await trade.seller.post(decision, no)).status_code == 403
    await refused(at.first, decision, no, 422, "reason_missing")
    granted = await at.first.ok("POST", decision, {"outcome": "grant"})
    assert granted["state"] == "granted"
    now = await trade.seller.ok("GET", path)
    assert (now["state"], now["technical_fen"], now["number"]) == ("changed", 1, number)
    await refused(at.first, decision, {"outcome": "grant"}, 409, "illegal_move")
    browser = Browser(market, trade.seller)
    asks = {"act": "request", "kind": "cancel", "note": "合同已解除"}
    await browser.done(path, f"{path}/office", asks)
    [_, second] = await trade.seller.ok("GET", asked)
    assert "合同已解除" in (await Browser(market, at.second).page(path)).words
    assert f"{path}" in (await Browser(market, at.second).page("/registrations/queue")).links
    back = {"act": "withdraw_request", "request": second["id"]}
    await browser.done(path, f"{path}/office", back)
    last = await trade.seller.ok("POST", asked, {"kind": "cancel", "basis": "合同已解除"})
    decide_by_page = {"act": "decide_request", "request": last["id"], "outcome": "grant"}
    await Browser(market, at.second).done(path, f"{path}/office", decide_by_page)
    ended = await trade.seller.ok("GET", path)
    assert (ended["state"], ended["fall_note"]) == ("cancelled", "合同已解除")
    assert [one["state"] for one in await at.first.ok("GET", asked)] == [
        "granted",
        "withdrawn",
        "granted",
    ]
