"""Contracts signed by certificate, performed, amended and ended, over HTTP."""

import base64
from pathlib import Path
from typing import Any

import pytest
from anyio import to_thread
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from app.contracts import pades, verification
from app.contracts.authorities import Holder, SandboxAuthority
from app.kit.settings import Settings
from tests.contracts.trades import KNOW_HOW, Trade, concluded, rows, signed
from tests.market import Market, User

TABLES = ("contract", "contract_signature", "contract_document", "audit_event")


@pytest.fixture
def settings(settings: Settings, tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    """A sandbox with its test authority, and one more root that is trusted."""
    authority = SandboxAuthority(ec.generate_private_key(ec.SECP256R1()))
    roots = tmp_path / "roots.pem"
    roots.write_bytes(authority.root.public_bytes(Encoding.PEM))
    AUTHORITIES[str(roots)] = authority
    return settings.model_copy(
        update={
            "data_dir": tmp_path,
            "contract_certificates": "test",
            "contract_signing": "certificate" if "certificate" in request.node.name else "account",
            "contract_trust_roots": str(roots),
        }
    )


AUTHORITIES: dict[str, SandboxAuthority] = {}


async def complete(
    trade: Trade, user: User, authority: SandboxAuthority, holder: Holder
) -> tuple[int, dict[str, Any]]:
    """The user signs the digest with a key that the platform never sees."""
    text = (await trade.contract())["text_sha256"]
    asked = await user.ok("POST", trade.path + "/signing-requests", {"text_sha256": text})
    digest = bytes.fromhex(asked["digest_sha256"])
    cms = await to_thread.run_sync(pades.sign_digest, authority.signer(holder), digest)
    response = await user.post(
        f"{trade.path}/signing-requests/{asked['id']}/complete",
        {"cms_base64": base64.b64encode(cms).decode()},
    )
    return response.status_code, response.json()


async def test_both_sign_the_pdf_by_certificate(market: Market, settings: Settings) -> None:
    authority = AUTHORITIES[settings.contract_trust_roots]
    trade = await concluded(market)
    await trade.seller.ok("POST", trade.path + "/propose")
    text = (await trade.contract())["text_sha256"]
    before = await rows(market, *TABLES)
    by_account = await trade.seller.post(trade.path + "/sign", {"text_sha256": text})
    assert (by_account.status_code, by_account.json()["code"]) == (409, "certificate_needed")
    assert await rows(market, *TABLES) == before
    by_test = {"text_sha256": text, "method": "certificate"}
    once = await trade.seller.ok("POST", trade.path + "/sign", by_test)
    assert "TEST CA" in once["signatures"][0]["certificate"]["issuer"]
    buyer = await trade.buyer.ok("GET", f"/organisations/{trade.buyer.organisation_id}")
    strange = Holder("丙公司", "none", "李四")
    status, answer = await complete(trade, trade.buyer, authority, strange)
    assert (status, answer["code"]) == (422, "certificate_of_another")
    unknown = SandboxAuthority(ec.generate_private_key(ec.SECP256R1()))
    own = Holder(buyer["name"], buyer["credit_code"], "李四")
    status, answer = await complete(trade, trade.buyer, unknown, own)
    assert (status, answer["code"]) == (422, "signature_wrong")
    status, done = await complete(trade, trade.buyer, authority, own)
    assert (status, done["state"]) == (200, "signed")
    seen = await trade.buyer.ok("GET", trade.path + "/verification")
    assert seen["valid"] is True
    assert [one["party_id"] for one in seen["signatures"]] == [
        str(trade.seller.organisation_id),
        str(trade.buyer.organisation_id),
    ]
    document = (await trade.seller.get(trade.path + "/document")).content
    own_root = authority.root.public_bytes(Encoding.PEM)
    checks = await to_thread.run_sync(verification.verify, document, own_root)
    # The seller's certificate is the sandbox's own, whose root this file does not have.
    assert [check.passed for check in checks] == [False, True, True, True]


async def test_findings_hold_a_signature_back_and_warnings_are_read(market: Market) -> None:
    trade = await concluded(market)
    ban = "买方不得对专利权的有效性提出异议。"
    limit = "产品的年产量不得超过一万件。"
    await trade.edit(trade.buyer, {"free_clauses": [ban]})
    found = await trade.buyer.ok("GET", trade.path + "/findings")
    assert [(one["code"], one["severity"]) for one in found] == [("monopoly_no_challenge", "block")]
    proposed = await trade.seller.ok("POST", trade.path + "/propose")
    before = await rows(market, *TABLES)
    body = {"text_sha256": proposed["text_sha256"], "acknowledged": ["monopoly_no_challenge"]}
    blocked = await trade.seller.post(trade.path + "/sign", body)
    assert (blocked.status_code, blocked.json()["code"]) == (409, "contract_blocked")
    assert await rows(market, *TABLES) == before
    await trade.seller.ok("POST", trade.path + "/withdraw-proposal")
    await trade.edit(trade.buyer, {"free_clauses": [limit]})
    shown = await trade.buyer.ok("GET", trade.path + "/versions/4/difference?since=3")
    assert (shown["removed"], shown["added"]) == (2, 2)
    proposed = await trade.seller.ok("POST", trade.path + "/propose")
    body = {"text_sha256": proposed["text_sha256"]}
    unread = await trade.seller.post(trade.path + "/sign", body)
    assert (unread.status_code, unread.json()["code"]) == (409, "warnings_not_acknowledged")
    read = body | {"acknowledged": ["monopoly_output"]}
    await trade.seller.ok("POST", trade.path + "/sign", read)
    [warned] = await trade.buyer.ok("GET", trade.path + "/findings")
    assert warned["acknowledged_by"] == [str(trade.seller.organisation_id)]
    assert (await trade.buyer.ok("POST", trade.path + "/sign", read))["state"] == "signed"


async def test_delivery_trial_royalties_and_their_payment(market: Market) -> None:
    trade = await concluded(market, transfer_mode="other", rights=[KNOW_HOW])
    royalty = {"base": "sales", "rate_bp": 300, "periods": 2, "first_from": "2026-01-01"}
    await trade.edit(
        trade.seller,
        {
            "payment_mode": "royalty",
            "royalty": royalty,
            "trial": {"days": 20},
            "milestones": [{"name": "样机", "due_on": "2020-01-01"}],
        },
    )
    await trade.conclude()
    path = trade.path
    shown = await trade.buyer.ok("GET", path + "/performance")
    assert [(one["name"], one["overdue"]) for one in shown["milestones"]] == [("样机", True)]
    assert shown["trial"]["state"] == "agreed"
    wrong = await trade.buyer.post(path + "/milestones/1/deliver", {"note": "样机一台"})
    assert wrong.json()["code"] == "other_party_acts"
    await trade.seller.ok("POST", path + "/milestones/1/deliver", {"note": "样机一台"})
    rejected = {"accepted": False, "note": "效率不足"}
    await trade.buyer.ok("POST", path + "/milestones/1/answer", rejected)
    await trade.seller.ok("POST", path + "/milestones/1/deliver", {"note": "样机一台,已改进"})
    accepted = await trade.buyer.ok("POST", path + "/milestones/1/answer", {"accepted": True})
    assert accepted["state"] == "accepted"
    await market.advance(days=40)
    trial = (await trade.buyer.ok("GET", path + "/performance"))["trial"]
    assert (trial["state"], trial["payment_due_on"] is not None) == ("adopted", True)
    filed = await trade.buyer.ok(
        "POST", path + "/royalty-reports/1/file", {"base_fen": 100_000_050}
    )
    assert (filed["period_to"], filed["due_on"]) == ("2026-12-31", "2027-01-30")
    assert filed["royalty_fen"] == 3_000_002
    paid = {
        "kind": "royalty",
        "amount_fen": 3_000_002,
        "received_on": "2026-01-02",
        "royalty_report_id": filed["id"],
    }
    early = await trade.seller.post(path + "/payments", paid)
    assert early.json()["code"] == "royalty_report_open"
    await trade.seller.ok("POST", path + "/royalty-reports/1/confirm")
    payment = await trade.seller.ok("POST", path + "/payments", paid)
    await trade.buyer.ok("POST", f"{path}/payments/{payment['id']}/answer", {"confirmed": True})
    assert (await trade.buyer.ok("GET", path + "/performance"))["received_fen"] == 3_000_002


async def agree(trade: Trade, amendment: dict[str, Any], *users: User) -> dict[str, Any]:
    """The users sign the amendment in their order."""
    done = amendment
    for user in users:
        done = await user.ok(
            "POST",
            f"{trade.path}/amendments/{amendment['number']}/sign",
            {"text_sha256": amendment["text_sha256"]},
        )
    return done


async def test_change_supplement_transfer_and_termination(market: Market) -> None:
    trade = await signed(market)
    path = trade.path + "/amendments"
    text = (await trade.contract())["text_sha256"]
    change = {"kind": "change", "reason": "验收推迟", "changes": {"acceptance": "六十日内验收。"}}
    empty = await trade.seller.post(path, {"kind": "change", "reason": "x"})
    assert (empty.status_code, empty.json()["code"]) == (422, "amendment_content_wrong")
    proposed = await trade.seller.ok("POST", path, change)
    assert "六十日内验收" in proposed["text"]
    second = await trade.buyer.post(path, change)
    assert second.json()["code"] == "amendment_open"
    assert (await agree(trade, proposed, trade.seller))["state"] == "proposed"
    assert (await agree(trade, proposed, trade.buyer))["state"] == "effective"
    after = await trade.contract()
    assert after["terms_in_force"]["acceptance"] == "六十日内验收。"
    assert after["text_sha256"] == text
    more = {"kind": "supplement", "reason": "保险", "clause": "卖方为样机投保。"}
    refused = await trade.buyer.ok("POST", path, more)
    declined = f"{path}/{refused['number']}/decline"
    assert (await trade.seller.ok("POST", declined, {"reason": "不同意"}))["state"] == "rejected"
    heir = await market.join("enterprise")
    moving = {"kind": "transfer", "reason": "重组", "entering_id": str(heir.organisation_id)}
    moved = await trade.buyer.ok("POST", path, moving)
    sign_now = f"{path}/{moved['number']}/sign"
    early = await heir.post(sign_now, {"text_sha256": moved["text_sha256"]})
    assert early.json()["code"] == "not_a_signer"
    both = await agree(trade, moved, trade.buyer, trade.seller)
    assert both["state"] == "consented"
    assert (await agree(trade, moved, heir))["state"] == "effective"
    assert (await heir.ok("GET", trade.path))["buyer_id"] == str(heir.organisation_id)
    gone = await trade.buyer.post(path, more)
    assert gone.status_code == 404
    late = await heir.ok("POST", trade.path + "/delay-notices", {"obligation": "交付资料"})
    ending = {"kind": "termination", "reason": "迟延", "delay_notice_id": late["id"]}
    soon = await heir.post(path, ending)
    assert (soon.status_code, soon.json()["code"]) == (409, "delay_notice_not_mature")
    await market.advance(days=45)
    ended = await heir.ok("POST", path, ending)
    assert (await agree(trade, ended, heir))["state"] == "effective"
    assert (await trade.contract())["state"] == "terminated"
