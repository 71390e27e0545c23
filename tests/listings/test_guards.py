"""Every guard with what it accepts and what it refuses, and the guards over HTTP."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from httpx import Response
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.achievements.facts import ClearanceFacts, OfferFacts, RightFacts
from app.kit.calendar import local_day
from app.kit.patents import BadRegisterFile, FileRegister, PatentState, PatentStatus
from app.listings import guards
from app.listings.states import Outcome, SecurityDeclaration
from tests import flow
from tests.listings.offers import counts, drafted, published_achievement
from tests.market import Market, User

DAY = date(2026, 3, 2)
NUMBER = "201710601862.3"
PATENT = RightFacts("patent.invention", NUMBER, "一种器件", date(2037, 7, 21))
PASSED, FAILED, OPEN = Outcome.PASSED, Outcome.FAILED, Outcome.NEEDS_APPROVAL


def on_record(kind: str, subject: str, statement: str = "consents") -> ClearanceFacts:
    return ClearanceFacts(kind, subject, statement, "2026年第1号", DAY, None)


def part(*clearances: ClearanceFacts, **change: Any) -> OfferFacts:
    plain = OfferFacts(uuid4(), (), (), None, "", 0, tuple(clearances))
    return replace(plain, **change)


def status(state: PatentState = PatentState.IN_FORCE, **change: Any) -> dict[str, PatentStatus]:
    return {NUMBER: replace(PatentStatus(NUMBER, state, None, None, DAY), **change)}


def offer(*parts: OfferFacts, **change: Any) -> guards.Offer:
    plain = guards.Offer(
        day=DAY,
        title="一种器件",
        text="摘要",
        ipc=(),
        transfer_mode="assign",
        license_manner=None,
        licence_until=None,
        open_to_foreign=False,
        security=SecurityDeclaration.CLEAR,
        security_document="",
        parts=parts or (part(),),
        rights=(),
        patents={},
    )
    return replace(plain, **change)


CO_OWNED = {"co_owners": ("某研究院",)}
INVENTED = {"inventors": ("张三", "李四")}
ORDINARY = {"transfer_mode": "license", "license_manner": "ordinary"}
EXCLUSIVE = {"transfer_mode": "license", "license_manner": "exclusive"}
ABROAD = {"open_to_foreign": True}
PLEDGED = on_record("pledge", "某银行", "pledged")
UNFILED = on_record("unfiled_invention", "一种器件", "unfiled")
WAIVED = on_record("inventor_statement", "张三", "waived")
RESERVED = on_record("inventor_statement", "李四", "reserved")
SECRET = "第二步在六百五十摄氏度下退火三小时后以每分钟二度降温"

CASES: dict[str, list[tuple[str, guards.Offer, Outcome]]] = {
    "co_owner_consent": [
        ("a single owner", offer(), PASSED),
        ("no consent", offer(part(**CO_OWNED)), FAILED),
        ("exclusive licence", offer(part(**CO_OWNED), **EXCLUSIVE), FAILED),
        ("ordinary licence", offer(part(**CO_OWNED), **ORDINARY), PASSED),
        ("consent", offer(part(on_record("co_owner_consent", "某研究院"), **CO_OWNED)), PASSED),
        ("another's consent", offer(part(on_record("co_owner_consent", "x"), **CO_OWNED)), FAILED),
        ("a member of a package", offer(part(), part(**CO_OWNED)), FAILED),
    ],
    "inventor_first_refusal": [
        ("no statement", offer(part(**INVENTED)), FAILED),
        ("one is missing", offer(part(WAIVED, **INVENTED)), FAILED),
        ("waived and reserved", offer(part(WAIVED, RESERVED, **INVENTED)), PASSED),
        ("a licence", offer(part(**INVENTED), **EXCLUSIVE), PASSED),
        ("a member of a package", offer(part(), part(**INVENTED)), FAILED),
    ],
    "pledge_consent": [
        ("no pledge", offer(), PASSED),
        ("pledged", offer(part(PLEDGED)), FAILED),
        ("with consent", offer(part(PLEDGED, on_record("pledgee_consent", "某银行"))), PASSED),
        ("by the register", offer(patents=status(pledgee="某银行")), FAILED),
        (
            "by the register, with consent",
            offer(part(on_record("pledgee_consent", "某银行")), patents=status(pledgee="某银行")),
            PASSED,
        ),
        (
            "consent for one member of two",
            offer(part(PLEDGED, on_record("pledgee_consent", "某银行")), part(PLEDGED)),
            FAILED,
        ),
    ],
    "patent_in_force": [
        ("no patent", offer(), PASSED),
        ("in force", offer(rights=(PATENT,), patents=status()), PASSED),
        ("pending", offer(rights=(PATENT,), patents=status(PatentState.PENDING)), PASSED),
        ("lapsed", offer(rights=(PATENT,), patents=status(PatentState.LAPSED)), FAILED),
        ("expired", offer(rights=(PATENT,), patents=status(expires_on=date(2026, 3, 1))), FAILED),
        ("last day", offer(rights=(PATENT,), patents=status(expires_on=DAY)), PASSED),
        ("unknown", offer(rights=(PATENT,)), OPEN),
        ("checked", offer(rights=(PATENT,), checked=frozenset({"patent_in_force"})), PASSED),
    ],
    "licence_within_term": [
        ("no term", offer(rights=(PATENT,), **EXCLUSIVE), PASSED),
        (
            "to the last day",
            offer(rights=(PATENT,), licence_until=date(2037, 7, 21), **EXCLUSIVE),
            PASSED,
        ),
        (
            "a day too long",
            offer(rights=(PATENT,), licence_until=date(2037, 7, 22), **EXCLUSIVE),
            FAILED,
        ),
    ],
    "exclusive_right_free": [
        ("free", offer(), PASSED),
        ("listed", offer(other_listing=uuid4()), FAILED),
    ],
    "security_declared": [
        ("clear", offer(), PASSED),
        ("concerned", offer(security=SecurityDeclaration.CONCERNED), FAILED),
        ("cleared without a paper", offer(security=SecurityDeclaration.CLEARED), FAILED),
        (
            "cleared",
            offer(security=SecurityDeclaration.CLEARED, security_document="国科审〔2026〕1号"),
            PASSED,
        ),
    ],
    "export_catalogue": [
        ("at home", offer(title="稀土分离", ipc=("C22B59/00",)), PASSED),
        ("not listed", offer(**ABROAD), PASSED),
        ("prohibited by class", offer(title="分离", ipc=("C22B 59/00",), **ABROAD), FAILED),
        ("prohibited by words", offer(title="稀土分离", **ABROAD), OPEN),
        ("restricted", offer(title="无人机", **ABROAD), OPEN),
        (
            "restricted with a licence",
            offer(
                part(on_record("export_licence", "商务部", "approved")), title="无人机", **ABROAD
            ),
            PASSED,
        ),
        (
            "a licence does not help what is prohibited",
            offer(part(on_record("export_licence", "商务部", "approved")), title="稀土", **ABROAD),
            OPEN,
        ),
        ("before the catalogue", offer(title="无人机", day=date(2023, 12, 20), **ABROAD), PASSED),
    ],
    "funding_approval": [
        ("no public money", offer(**ABROAD), PASSED),
        ("outside any plan", offer(part(funding="outside_plan"), **ABROAD), PASSED),
        ("not approved", offer(part(funding="national.nsfc"), **ABROAD), FAILED),
        ("at home", offer(part(funding="national.nsfc")), PASSED),
        ("ordinary licence", offer(part(funding="national.nsfc"), **ABROAD, **ORDINARY), PASSED),
        ("exclusive licence", offer(part(funding="province"), **ABROAD, **EXCLUSIVE), FAILED),
        (
            "contributed to a company",
            offer(part(funding="province"), transfer_mode="equity_contribution", **ABROAD),
            FAILED,
        ),
        (
            "approved",
            offer(
                part(on_record("funding_approval", "科技部", "approved"), funding="national.nsfc"),
                **ABROAD,
            ),
            PASSED,
        ),
    ],
    "price_floor": [
        ("no appraisal", offer(price_fen=1), PASSED),
        ("at the floor", offer(price_fen=900, floor_fen=900), PASSED),
        ("below it", offer(price_fen=899, floor_fen=900), FAILED),
        ("approved", offer(price_fen=899, floor_fen=900, price_approved=True), PASSED),
    ],
    "appraisal_renewed": [
        ("in time", offer(redo_from=DAY), PASSED),
        ("a day later", offer(redo_from=date(2026, 3, 1)), FAILED),
        ("old appraisal", offer(redo_from=date(2026, 3, 1), appraisal_on=date(2026, 3, 1)), FAILED),
        ("new appraisal", offer(redo_from=date(2026, 3, 1), appraisal_on=DAY), PASSED),
    ],
    "novelty_kept": [
        ("filed", offer(part(details=SECRET, public_documents=1), text=SECRET), PASSED),
        ("unfiled", offer(part(UNFILED, details=SECRET)), PASSED),
        ("public files", offer(part(UNFILED, public_documents=1)), FAILED),
        ("details shown", offer(part(UNFILED, details=SECRET), text=f"摘要:{SECRET}。"), FAILED),
    ],
}


@pytest.mark.parametrize(
    ("code", "looked_at", "outcome"),
    [
        pytest.param(code, looked_at, outcome, id=f"{code}: {name}")
        for code, cases in CASES.items()
        for name, looked_at, outcome in cases
    ],
)
def test_a_guard(code: str, looked_at: guards.Offer, outcome: Outcome) -> None:
    found = {one.code: one for one in guards.findings(looked_at)}
    assert found[code].outcome == outcome, found[code]
    assert found[code].zh
    assert found[code].en


def test_every_guard_has_a_source_and_both_cases() -> None:
    assert [code for code, _, _ in guards.GUARDS] == list(CASES)
    assert all(source for _, source, _ in guards.GUARDS)
    for code, cases in CASES.items():
        outcomes = {outcome for _, _, outcome in cases}
        assert PASSED in outcomes, code
        assert FAILED in outcomes, code


def test_the_catalogue_is_marked_as_recalled() -> None:
    found = guards.catalogue()
    assert (found.verify, found.effective_from) == (True, date(2023, 12, 21))
    assert {entry.kind for entry in found.entries} == {"prohibited", "restricted"}


async def test_a_register_of_files_takes_the_later_line_and_knows_what_it_knows() -> None:
    head = "number,status,expires_on,pledgee,as_of\n"
    register = FileRegister(
        [
            ("b.csv", head + f"{NUMBER},lapsed,,,2026-02-01\n"),
            ("a.csv", head + f"{NUMBER},in_force,2037-07-21,某银行,2026-01-01\n"),
        ]
    )
    found = await register.find([NUMBER, "CN1"])
    assert set(found) == {NUMBER}
    assert found[NUMBER].state == PatentState.LAPSED
    for bad in ("number,status\n", head + "1,alive,,,2026-01-01\n", head + "1,lapsed,,,\n"):
        with pytest.raises(BadRegisterFile, match=r"bad\.csv"):
            FileRegister([("bad.csv", bad)])


def refusal(response: Response) -> tuple[int, str, list[str]]:
    return response.status_code, response.json()["code"], response.json()["reasons"]


async def clear(user: User, achievement_id: str, **given: str) -> dict[str, Any]:
    body = {"statement": "consents", "document": "同意函", "dated_on": "2026-01-05"} | given
    made: dict[str, Any] = await user.ok("POST", f"/achievements/{achievement_id}/clearances", body)
    return made


async def test_a_guard_stops_a_listing_until_its_reason_is_gone(market: Market) -> None:
    seller, owner = await market.join("university"), await market.join("institute", "合作研究院")
    owners = [
        {"organisation_id": str(seller.organisation_id), "share_bp": 6_000},
        {"organisation_id": str(owner.organisation_id), "share_bp": 4_000},
    ]
    achievement_id = await published_achievement(seller, owners=owners, persons=[{"name": "张三"}])
    listing = await drafted(seller, achievement_id)
    path = f"/listings/{listing['id']}"
    before = await counts(market)
    response = await seller.post(path + "/submit")
    codes = ["co_owner_consent", "inventor_first_refusal"]
    assert refusal(response) == (422, "listing_guards_failed", codes)
    assert await counts(market) == before
    shown = {one["code"]: one for one in await seller.ok("GET", path + "/checks")}
    assert shown["co_owner_consent"]["outcome"] == "failed"
    assert "合作研究院" in shown["co_owner_consent"]["zh"]
    consent = await clear(owner, achievement_id, kind="co_owner_consent", subject="合作研究院")
    waiver = {"kind": "inventor_statement", "subject": "张三", "statement": "waived"}
    await clear(seller, achievement_id, **waiver)
    await seller.ok("POST", path + "/submit")
    revoke = f"/achievements/{achievement_id}/clearances/{consent['id']}/revoke"
    await seller.ok("POST", revoke, {"reason": "同意已撤回"})
    admin = await market.admin()
    response = await admin.post(path + "/review", {"act": "approve"})
    assert refusal(response) == (422, "listing_guards_failed", codes[:1])
    await clear(owner, achievement_id, kind="co_owner_consent", subject="合作研究院")
    assert (await admin.ok("POST", path + "/review", {"act": "approve"}))["state"] == "published"


async def test_what_is_in_a_package_is_looked_for_in_the_catalogue(market: Market) -> None:
    seller = await market.join("university")
    members = [
        await published_achievement(seller, title=title, ipc=ipc)
        for title, ipc in (("萃取分离流程", ["C22B 59/00"]), ("无人机飞控算法", ["G06F"]))
    ]
    package = {
        "title": "成果包",
        "member_ids": members,
        "transfer_modes": ["assign"],
        "ipc": ["G06F"],
    }
    made = await seller.ok("POST", "/packages", package)
    await seller.ok("POST", f"/achievements/{made['id']}/publish")
    for abroad, outcome in ((False, "passed"), (True, "failed")):
        listing = await drafted(seller, made["id"], open_to_foreign=abroad)
        checks = await seller.ok("GET", f"/listings/{listing['id']}/checks")
        found = {one["code"]: one["outcome"] for one in checks}
        assert found["export_catalogue"] == outcome


async def test_an_unknown_patent_is_published_with_an_operators_evidence(market: Market) -> None:
    seller, admin = await market.join("university"), await market.admin()
    patent = {"type": "patent.invention", "number": "CN108964099B", "title": "一种器件"}
    listing = await drafted(seller, await published_achievement(seller, rights=[patent]))
    path = f"/listings/{listing['id']}"
    await seller.ok("POST", path + "/submit")
    response = await admin.post(path + "/review", {"act": "approve"})
    assert refusal(response) == (409, "listing_checks_open", ["patent_in_force"])
    body = {"code": "export_catalogue", "evidence": "x"}
    response = await admin.post(path + "/checks", body)
    assert (response.status_code, response.json()["code"]) == (422, "not_checkable")
    assert response.json()["allowed"] == ["patent_in_force"]
    body = {"code": "patent_in_force", "evidence": "2026-11-21 查国家知识产权局登记簿副本,有效"}
    found = {one["code"]: one for one in await admin.ok("POST", path + "/checks", body)}
    assert found["patent_in_force"]["outcome"] == "passed"
    assert (await admin.ok("POST", path + "/review", {"act": "approve"}))["state"] == "published"
    async with market.sessions() as session:
        with pytest.raises(DBAPIError, match="append-only"):
            await session.execute(text("DELETE FROM listing_check"))


async def test_what_concerns_national_security_is_not_listed(market: Market) -> None:
    seller = await market.join("university")
    listing = await drafted(seller, security="concerned")
    path = f"/listings/{listing['id']}"
    response = await seller.post(path + "/submit")
    assert refusal(response) == (422, "listing_guards_failed", ["security_declared"])
    async with market.sessions() as session:
        with pytest.raises(DBAPIError, match="never_concerned"):
            await session.execute(text("UPDATE listing SET published_at = now()"))
    tag = (await seller.get(path)).headers["etag"]
    change = {"security": "cleared", "security_document": "国科审〔2026〕1号"}
    assert (await seller.patch(path, change, tag)).status_code == 200
    assert (await seller.ok("POST", path + "/submit"))["state"] == "under_review"


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({"kind": "co_owner_consent", "subject": "路人"}, "clearance_subject", "body.subject"),
        ({"kind": "pledgee_consent", "subject": "某银行"}, "clearance_subject", "body.subject"),
        (
            {"kind": "inventor_statement", "subject": "张三"},
            "clearance_statement",
            "body.statement",
        ),
        (
            {
                "kind": "pledge",
                "subject": "某银行",
                "statement": "pledged",
                "dated_on": "2100-01-01",
            },
            "clearance_dates",
            "body.dated_on",
        ),
    ],
)
async def test_a_clearance_against_the_rules_is_refused(
    market: Market, given: dict, code: str, field: str
) -> None:
    seller = await market.join("university")
    achievement_id = await published_achievement(seller, persons=[{"name": "张三"}])
    before = await counts(market)
    body = {"statement": "consents", "document": "函", "dated_on": "2026-01-05"} | given
    response = await seller.post(f"/achievements/{achievement_id}/clearances", body)
    assert (response.status_code, response.json()["code"]) == (422, code)
    assert response.json()["errors"][0]["field"] == field
    assert await counts(market) == before


async def test_a_clearance_stays_on_record_is_single_and_runs_out(market: Market) -> None:
    seller, stranger = await market.join("university"), await market.join("university")
    today = local_day(await flow.market_now(market))
    achievement_id = await published_achievement(seller, persons=[{"name": "张三"}])
    path = f"/achievements/{achievement_id}/clearances"
    given = {"kind": "inventor_statement", "subject": "张三", "statement": "waived"}
    made = await clear(seller, achievement_id, valid_until=str(today + timedelta(days=3)), **given)
    body = {"document": "函", "dated_on": "2026-01-05"} | given
    response = await seller.post(path, body)
    assert (response.status_code, response.json()["code"]) == (409, "clearance_exists")
    assert (await stranger.post(path, body)).status_code == 404
    assert (await stranger.get(path)).status_code == 403
    for change in (
        "UPDATE achievement_clearance SET document = 'x'",
        "DELETE FROM achievement_clearance",
    ):
        async with market.sessions() as session:
            with pytest.raises(DBAPIError, match="stays on record"):
                await session.execute(text(change))
    listing = await drafted(seller, achievement_id)
    await seller.ok("POST", f"/listings/{listing['id']}/submit")
    await market.advance(days=5)
    admin = await market.admin()
    response = await admin.post(f"/listings/{listing['id']}/review", {"act": "approve"})
    reasons = ["inventor_first_refusal"]
    assert refusal(response) == (422, "listing_guards_failed", reasons)
    await seller.ok("POST", f"{path}/{made['id']}/revoke", {"reason": "已过期"})
    await clear(seller, achievement_id, **given)
    await admin.ok("POST", f"/listings/{listing['id']}/review", {"act": "approve"})
    rows = await seller.ok("GET", path)
    assert [(row["revocation"]) for row in rows] == ["已过期", None]
