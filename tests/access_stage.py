"""One market with an object of each kind, and everyone who might ask for it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from app.contracts.models import ContractRoyaltyReport, ContractSigningRequest, ContractTrial
from app.kit.calendar import local_day
from app.parties import tokens
from tests import flow
from tests.access_routes import REASON, SETTLEMENT
from tests.demands import steps
from tests.market import Market, User, credit_code, new_organisation
from tests.notices import posted
from tests.pricing.steps import COST, ask, imported
from tests.registrations.contracts import accepted_rows, handed_in

NOT_COMPARED = (
    "alembic_version",
    "bid_intake",
    "idempotency_record",
    "login_session",
    "platform_pulse",
)
"""Tables that every request may touch, whatever it is answered, and the process's own signs of
life."""


@dataclass
class Stage:
    """The market, its people by role, their read-only API keys, and its objects by name."""

    market: Market
    people: dict[str, User] = field(default_factory=dict)
    read_keys: dict[str, User] = field(default_factory=dict)
    objects: dict[str, Any] = field(default_factory=dict)
    _digest: str = ""

    def filled(self, value: Any) -> Any:
        """The value with every `$name` in it replaced by the object of that name."""
        if isinstance(value, str) and value.startswith("$"):
            return self.objects[value[1:]]
        if isinstance(value, dict):
            return {name: self.filled(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self.filled(item) for item in value]
        return value

    async def digest(self) -> dict[str, tuple[int, int]]:
        """How many rows every table has, and a hash over all that is in them."""
        async with self.market.sessions() as session:
            if not self._digest:
                self._digest = await _digest_query(session)
            rows = await session.execute(text(self._digest))
            return {row[0]: (row[1], row[2]) for row in rows}

    async def fresh_login(self, user: User) -> User:
        """The same person in the same organisation, with a login of its own."""
        token = tokens.make_secret(tokens.ACCESS_PREFIX)
        async with self.market.sessions() as session, session.begin():
            await session.execute(
                text(
                    "INSERT INTO login_session (id, family_id, membership_id, access_hash,"
                    " refresh_hash, access_expires_at, refresh_expires_at) SELECT uuidv7(),"
                    " uuidv7(), id, :hash, :hash, now() + interval '1 day',"
                    " now() + interval '1 day' FROM membership WHERE person_id = :person"
                    " AND organisation_id = :organisation"
                ),
                {
                    "hash": tokens.digest(token),
                    "person": user.person_id,
                    "organisation": user.organisation_id,
                },
            )
        return replace(user, token=token)


async def _digest_query(session: Any) -> str:
    names = await session.execute(
        text(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND NOT tablename ="
            " ANY(:out) AND (tablename = 'procrastinate_jobs' OR tablename NOT LIKE"
            " 'procrastinate%')"
        ),
        {"out": list(NOT_COMPARED)},
    )
    return " UNION ALL ".join(
        f"SELECT '{name}', count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)"
        f" FROM {name} t"
        for name in names.scalars()
    )


async def set_stage(market: Market) -> Stage:
    """Everyone joins, one trade goes all the way, and objects of every state are left."""
    stage = Stage(market)
    await _gather(stage)
    await _delegate(stage)
    await _trade(stage)
    await _certify(stage)
    await _offers(stage)
    await _negotiate(stage)
    await _notices(stage)
    await _auctions(stage)
    await _office_matters(stage)
    await _settlements(stage)
    await _flag(stage)
    await _demands(stage)
    await _valuations(stage)
    await _alerts(stage)
    await _webhooks(stage)
    await _money(stage)
    return stage


async def _gather(stage: Stage) -> None:
    market, people = stage.market, stage.people
    people["anonymous"] = market.anonymous
    for role, kind in (
        ("university", "university"),
        ("other_university", "university"),
        ("enterprise", "enterprise"),
        ("other_enterprise", "enterprise"),
        ("broker", "broker"),
        ("broker_without_mandate", "broker"),
        ("operator", "exchange_operator"),
        ("registrar", "registration_office"),
        ("other_registrar", "registration_office"),
        ("regulator", "regulator"),
        ("suspended", "enterprise"),
    ):
        people[role] = await market.join(kind)
    people["platform_admin"] = await market.seed("exchange_operator", ["platform_admin"])
    admin = await market.admin()
    suspension = {"act": "suspend", "reason": "失信"}
    suspended = people["suspended"].organisation_id
    await admin.ok("POST", f"/organisations/{suspended}/review", suspension)
    university = people["university"].organisation_id
    people["roleless"] = await stage.fresh_login(await _roleless(market, university))
    stage.objects |= {"university": str(university), "nobody": str(uuid4())}


async def _roleless(market: Market, organisation_id: Any) -> User:
    """A person whose every role in the organisation was taken away."""
    async with market.sessions() as session, session.begin():
        row = await session.execute(
            text(
                "WITH p AS (INSERT INTO person (id, login, name) VALUES (uuidv7(), 'roleless',"
                " '无角色') RETURNING id) INSERT INTO membership (id, person_id, organisation_id,"
                " roles) SELECT uuidv7(), id, :organisation, '{}' FROM p RETURNING person_id"
            ),
            {"organisation": organisation_id},
        )
        return User(market.client, "", organisation_id, row.scalar_one())


async def _delegate(stage: Stage) -> None:
    """Mandates and API keys: the broker acts for the university, its key only reads for it."""
    people = stage.people
    university, broker = people["university"], people["broker"]
    today = local_day(await flow.market_now(stage.market))
    mandate = {
        "broker_id": str(broker.organisation_id),
        "scopes": ["read", "trade", "import"],
        "valid_from": today.isoformat(),
        "valid_until": (today + timedelta(days=300)).isoformat(),
    }
    spent = await university.ok("POST", "/mandates", mandate)
    await university.ok("POST", f"/mandates/{spent['id']}/revoke")
    await university.ok("POST", "/mandates", mandate)
    for role, user in people.items():
        if role not in {"anonymous", "roleless", "suspended"}:
            key = await user.ok("POST", "/auth/keys", {"name": role, "scopes": ["read"]})
            stage.read_keys[role] = replace(user, token=key["secret"])
    spare = await university.ok("POST", "/auth/keys", {"name": "spare", "scopes": ["trade"]})
    client = university.organisation_id
    for users in (people, stage.read_keys):
        users["broker"] = replace(users["broker"], on_behalf_of=client)
    people["broker_read_key"] = stage.read_keys["broker"]
    relations = f"/organisations/{client}/relations"
    daughter = {"kind": "controls", "valid_from": "2026-01-01", "evidence": "章程"}
    relation = await university.ok(
        "POST", relations, daughter | {"other_credit_code": credit_code()}
    )
    await university.ok("DELETE", f"{relations}/{relation['id']}")
    members = f"/organisations/{client}/members"
    person = {"login": "leaver", "name": "成员", "password": "correct horse battery"}
    leaver = await university.ok("POST", members, {"person": person, "roles": ["trader"]})
    stage.objects |= {
        "mandate_id": spent["id"],
        "relation_id": relation["id"],
        "key_id": spare["id"],
        "person_id": leaver["person_id"],
        "mandate_from": mandate["valid_from"],
        "mandate_until": mandate["valid_until"],
    }


async def _trade(stage: Stage) -> None:
    """The university's achievement is sold to the enterprise, and their contract is signed."""
    market = stage.market
    university, enterprise = stage.people["university"], stage.people["enterprise"]
    sold = await flow.post_achievement(market, university, transfer_modes=["assign"])
    listing = await flow.open_listing(
        market, university, sold, transfer_mode="assign", license_manner=None
    )
    application = await flow.qualify(market, await market.admin(), listing, enterprise)
    auction = await flow.open_auction(market, listing)
    placed = await flow.bid(enterprise, auction, auction["min_next_fen"])
    assert placed.status_code == 201, placed.text
    await flow.close_auction(market, auction)
    deal = await flow.deal_of(market, auction)
    contract = await flow.contract_of(market, deal, university, enterprise)
    await _perform(stage, contract["id"])
    stage.objects |= {
        "sold_listing": listing["id"],
        "application_id": application["id"],
        "auction_id": auction["id"],
        "deal_id": deal["id"],
        "contract_id": contract["id"],
    }


async def _perform(stage: Stage, contract_id: str) -> None:
    """The contract is performed: everything is settled but a payment that nobody answered."""
    market, university = stage.market, stage.people["university"]
    now = await flow.market_now(market)
    path = f"/contracts/{contract_id}"
    delivered = await university.ok("POST", f"{path}/milestones/1/deliver", {"note": "资料"})
    accepted = {"accepted": True}
    await stage.people["enterprise"].ok(
        "POST", f"{path}/milestones/{delivered['sequence']}/answer", accepted
    )
    demanded = await university.ok("POST", f"{path}/delay-notices", {"obligation": "付款"})
    await university.ok("POST", f"{path}/delay-notices/{demanded['id']}/cure")
    supplement = {"kind": "supplement", "reason": "x", "clause": "x"}
    amendment = await university.ok("POST", f"{path}/amendments", supplement)
    await university.ok("POST", f"{path}/amendments/1/decline", {"reason": "x"})
    paid = {"kind": "other", "amount_fen": 1, "received_on": local_day(now).isoformat()}
    payment = await university.ok("POST", f"{path}/payments", paid)
    asked = {
        "contract_id": UUID(contract_id),
        "text_sha256": "0" * 64,
        "party_id": university.organisation_id,
        "person_id": university.person_id,
        "sequence": 0,
        "content": b"",
        "digest": b"",
        "range_start": 0,
        "range_end": 1,
        "asked_at": now,
    }
    own = ContractSigningRequest(**asked)
    other = ContractSigningRequest(**asked, amendment_id=UUID(amendment["id"]))
    async with market.sessions() as session, session.begin():
        session.add_all(
            [
                own,
                other,
                ContractTrial(
                    contract_id=UUID(contract_id),
                    days=1,
                    payment_days=1,
                    state="returned",
                    started_at=now,
                    ends_at=now,
                    decided_at=now,
                ),
                ContractRoyaltyReport(
                    contract_id=UUID(contract_id),
                    sequence=1,
                    period_from=date(2025, 1, 1),
                    period_to=date(2025, 12, 31),
                    due_on=date(2026, 1, 31),
                    rate_bp=100,
                    state="confirmed",
                    base_fen=100,
                    royalty_fen=1,
                ),
            ]
        )
    stage.objects |= {
        "payment_id": payment["id"],
        "delay_id": demanded["id"],
        "request_id": str(own.id),
        "amendment_request": str(other.id),
    }


async def _certify(stage: Stage) -> None:
    """The deal has a certificate and one that was revoked; another deal went to nobody."""
    market, people = stage.market, stage.people
    operator = await market.admin()
    path = f"/deals/{stage.objects['deal_id']}/certificate"
    revoked = await operator.ok("POST", path, {"conclusion": "有误"})
    await operator.ok("POST", f"/certificates/{revoked['number']}/revoke", {"reason": "有误"})
    standing = await operator.ok("POST", path, {"conclusion": "审核通过"})
    listing = await flow.open_listing(market, people["university"])
    bidders = [people["enterprise"], people["other_enterprise"]]
    for bidder in bidders:
        await flow.qualify(market, operator, listing, bidder)
    auction = await flow.open_auction(market, listing)
    for raises, bidder in enumerate(bidders):
        amount = auction["start_fen"] + raises * auction["increment_fen"]
        assert (await flow.bid(bidder, auction, amount)).status_code == 201
    await flow.close_auction(market, auction)
    deal = await flow.deal_of(market, auction)
    default = {"reason": "未签约", "following": "runner_up"}
    await operator.ok("POST", f"/deals/{deal['id']}/default", default)
    await bidders[0].ok("POST", f"/deals/{deal['id']}/runner-up", {"accept": False})
    stage.objects |= {
        "certificate_number": standing["number"],
        "revoked_number": revoked["number"],
        "defaulted_deal": deal["id"],
    }


async def _negotiate(stage: Stage) -> None:
    """The enterprise negotiates with the university, and broke off before; a broker's fee."""
    market, people = stage.market, stage.people
    university, enterprise = people["university"], people["enterprise"]
    listing = await flow.open_listing(market, university, negotiation="open")
    ended = await enterprise.ok("POST", "/negotiations", {"listing_id": listing["id"]})
    await enterprise.ok("POST", f"/negotiations/{ended['id']}/end", {"reason": "价格"})
    talks = await enterprise.ok("POST", "/negotiations", {"listing_id": listing["id"]})
    old = await flow.offer(enterprise, talks, listing["price_fen"])
    await flow.offer(university, talks, listing["price_fen"] + 1)
    path = f"/negotiations/{talks['id']}"
    document = await university.ok("POST", f"{path}/documents", files={"file": ("a.txt", b"a")})
    nda = await enterprise.ok("GET", f"{path}/nda")
    await enterprise.ok("POST", f"{path}/nda", {"text_sha256": nda["text_sha256"]})
    broker = people["broker_without_mandate"]
    mandate = await flow.grant_mandate(market, people["other_university"], broker)
    agreement = await people["other_university"].ok(
        "POST", "/commission-agreements", {"mandate_id": mandate["id"], "rate_bp": 300}
    )
    await broker.ok("POST", f"/commission-agreements/{agreement['id']}/accept")
    agent = replace(broker, on_behalf_of=people["other_university"].organisation_id)
    achievement = await flow.post_achievement(market, people["other_university"])
    brokered = await flow.open_listing(market, agent, achievement, negotiation="open")
    body = {"listing_id": brokered["id"]}
    theirs = await people["other_enterprise"].ok("POST", "/negotiations", body)
    taken = await flow.offer(people["other_enterprise"], theirs, brokered["price_fen"])
    await agent.ok("POST", f"/negotiations/{theirs['id']}/accept", {"offer_id": taken["id"]})
    await market.settle()
    [lapsed] = (await broker.ok("GET", "/commissions"))["items"]
    operator = await market.admin()
    await operator.ok("POST", f"/deals/{lapsed['deal_id']}/cancel", {"reason": "撤回"})
    stage.objects |= {
        "commission_id": lapsed["id"],
        "negotiation_id": talks["id"],
        "ended_negotiation": ended["id"],
        "old_offer": old["id"],
        "secret_document": document["id"],
        "agreement_id": agreement["id"],
        "spare_broker": str(broker.organisation_id),
    }


async def _offers(stage: Stage) -> None:
    """Achievements and listings in every state that matters to who may see them."""
    market, university = stage.market, stage.people["university"]
    published = await flow.post_achievement(market, university, details="仅供授权方查阅")
    path = f"/achievements/{published['id']}"
    document = await university.ok("POST", f"{path}/documents", files={"file": ("a.txt", b"a")})
    grantee = {"organisation_id": str(stage.people["other_enterprise"].organisation_id)}
    grant = await university.ok("POST", f"{path}/grants", grantee)
    await university.ok("POST", f"{path}/grants/{grant['id']}/revoke")
    pledge = {"kind": "pledge", "subject": "某银行", "statement": "pledged"}
    paper = {"document": "质押登记通知书", "dated_on": "2026-01-05"}
    clearance = await university.ok("POST", f"{path}/clearances", pledge | paper)
    await university.ok("POST", f"{path}/clearances/{clearance['id']}/revoke", {"reason": "解除"})
    withdrawn = await flow.post_achievement(market, university)
    await university.ok("POST", f"/achievements/{withdrawn['id']}/withdraw")
    draft = await university.ok(
        "POST", "/achievements", {"title": "未发布", "technical_field": "new_materials"}
    )
    listing = await flow.open_listing(market, university, published)
    terms = {"terms": {"conditions": "依法设立"}, "reason": "补充", "approval": "校批"}
    change = await university.ok("POST", f"/listings/{listing['id']}/changes", terms)
    drafted = await flow.draft_listing(market, university)
    condition = [{"code": "capacity", "text": "具备生产能力"}]
    wanted = await flow.open_listing(market, university, requirements=condition)
    enterprise = stage.people["enterprise"]
    application = await flow.apply(market, wanted, enterprise)
    papers = f"/listings/{wanted['id']}/applications/{application['id']}/documents"
    paper = await enterprise.ok(
        "POST", f"{papers}?requirement=capacity", files={"file": ("a.txt", b"a")}
    )
    waiting = await market.client.post("/api/v1/organisations", json=new_organisation("institute"))
    stage.objects |= {
        "organisation_id": stage.objects["university"],
        "pending_organisation": waiting.json()["id"],
        "achievement_id": published["id"],
        "document_id": document["id"],
        "clearance_id": clearance["id"],
        "grant_id": grant["id"],
        "withdrawn_achievement": withdrawn["id"],
        "draft_achievement": draft["id"],
        "listing_id": listing["id"],
        "change_id": change["id"],
        "draft_listing": drafted["id"],
        "paper_listing": wanted["id"],
        "paper_application": application["id"],
        "paper": paper["id"],
    }


async def _notices(stage: Stage) -> None:
    """A draft, one with an objection that waits for its decision, and one that is withdrawn."""
    market, people = stage.market, stage.people
    university, enterprise = people["university"], people["enterprise"]
    draft = await posted.drafted(market, university, enterprise)
    notice = await posted.published(market, university, enterprise)
    objection = await posted.objected(enterprise, notice)
    withdrawn = await posted.published(market, university, enterprise)
    lapsed = await posted.objected(enterprise, withdrawn)
    reason = {"reason": "交易取消"}
    await university.ok("POST", f"/notices/{withdrawn['id']}/withdraw", reason)
    stage.objects |= {
        "draft_notice": draft["id"],
        "notice_id": notice["id"],
        "objection_id": objection["id"],
        "withdrawn_notice": withdrawn["id"],
        "withdrawn_objection": lapsed["id"],
    }


async def _money(stage: Stage) -> None:
    """Deposits on a statement: one came back late and is paid back, one payment is unmatched."""
    market = stage.market
    admin = await market.admin()
    await admin.ok("PUT", "/ledger/settlement-account", SETTLEMENT)
    listing = await flow.open_listing(market, stage.people["university"])
    bidder = await market.join("enterprise")
    path = f"/listings/{listing['id']}/applications"
    made = await flow.apply(market, listing, bidder)
    decided = await admin.ok("POST", f"{path}/{made['id']}/decision", {"act": "qualify"})
    await bidder.ok("POST", f"{path}/{made['id']}/withdraw")
    await flow.tell_bank(
        market,
        [
            flow.paid(listing["deposit_fen"], decided["deposit"]["reference"]),
            flow.paid(1, "?"),
        ],
    )
    [refund] = (await bidder.ok("GET", "/ledger/refunds"))["items"]
    [batch] = (await admin.ok("GET", "/ledger/payment-batches"))["items"]
    await flow.tell_bank(
        market, [flow.paid(refund["amount_fen"], "", credit=False, refund=refund["id"])]
    )
    matched = (await admin.ok("GET", "/ledger/bank-lines?state=matched"))["items"]
    stage.objects |= {
        "line_id": matched[0]["id"],
        "refund_id": refund["id"],
        "batch_id": batch["id"],
    }


async def _auctions(stage: Stage) -> None:
    """An auction that was annulled and one of sealed bids, both of the university."""
    market, university = stage.market, stage.people["university"]
    operator, bidder = await market.admin(), stage.people["other_enterprise"]
    drafted = await flow.draft_listing(market, university)
    plan = {"format": "sealed_once", "terms": {}}
    await university.ok("PUT", f"/listings/{drafted['id']}/auction-plan", plan)
    await university.ok("POST", f"/listings/{drafted['id']}/submit")
    review = f"/listings/{drafted['id']}/review"
    sealed = await operator.ok("POST", review, {"act": "approve"})
    plain = await flow.open_listing(market, university)
    for listing in (sealed, plain):
        await flow.qualify(market, operator, listing, bidder)
    annulled = await flow.open_auction(market, plain)
    await operator.ok("POST", f"/auctions/{annulled['id']}/annul", {"reason": "标的灭失"})
    stage.objects |= {
        "annulled_auction": annulled["id"],
        "sealed_auction": (await flow.auction_of(market, sealed))["id"],
    }


async def _office_matters(stage: Stage) -> None:
    """The contract is registered by the registrar's office."""
    people = stage.people
    offices: Sequence[tuple[str, str]] = (("registrar", "07"), ("other_registrar", "08"))
    for role, point in offices:
        codes = {"region4": "1101", "point": point}
        await people[role].ok("PUT", "/registrations/office", codes)
    office = str(people["registrar"].organisation_id)
    application = {"contract_id": stage.objects["contract_id"], "office_id": office}
    made = await people["university"].ok("POST", "/registrations", application)
    path = f"/registrations/{made['id']}"
    await people["university"].ok("POST", f"{path}/submit")
    await people["registrar"].ok("POST", f"{path}/accept")
    registered = await people["registrar"].ok("POST", f"{path}/register")
    await stage.market.settle()
    [spare] = await accepted_rows(people["registrar"], [handed_in(0)])
    fallen = f"/registrations/{spare}"
    await people["registrar"].ok("POST", f"{fallen}/register")
    objections = f"{fallen}/objections"
    objection = await people["regulator"].ok("POST", objections, {"grounds": "金额有误"})
    await people["regulator"].ok("POST", f"{objections}/{objection['id']}/withdraw")
    asked = {"kind": "change", "technical_fen": 1, "basis": "补充协议"}
    request = await people["registrar"].ok("POST", f"{fallen}/requests", asked)
    await people["registrar"].ok("POST", f"{fallen}/requests/{request['id']}/withdraw")
    await people["registrar"].ok("POST", f"{fallen}/cancel", {"reason": "合同解除"})
    stage.objects |= {
        "fallen_registration": spare,
        "fallen_objection": objection["id"],
        "fallen_request": request["id"],
        "office_id": office,
        "registration_id": made["id"],
        "number": registered["number"],
    }


async def _settlements(stage: Stage) -> None:
    """A plan that an objection stopped, one that is withdrawn, a part to be paid, a benefit."""
    market, people = stage.market, stage.people
    university, roleless = people["university"], people["roleless"]
    members = [{"name": "张三", "role": "contributor", "main": True, "weight": 1}]
    common = {"basis": "unit_rule", "reward_bp": 7_000, "objection_procedure": "x"}
    own = {
        "achievement_id": (await flow.post_achievement(market, university))["id"],
        "route": "own_implementation",
        "first_year": 2025,
        "years": 3,
    }
    sold = {"contract_id": stage.objects["contract_id"], "route": "transfer"}
    objected = {}
    for name, what, objector in (("plan", sold, roleless), ("withdrawn_plan", own, university)):
        made = await university.ok("POST", "/income-plans", common | what | {"members": members})
        path = f"/income-plans/{made['id']}"
        await university.ok("POST", path + "/publish")
        objection = await objector.ok("POST", path + "/objections", {"grounds": "x"})
        objected |= {name: made["id"], f"{name}_objection": objection["id"]}
    await university.ok("POST", f"/income-plans/{objected['withdrawn_plan']}/withdraw", REASON)
    benefit = await university.ok(
        "POST",
        "/benefits",
        {
            "registration_id": stage.objects["registration_id"],
            "kind": "income_tax_relief",
            "amount_fen": 1,
            "taken_on": local_day(await flow.market_now(market)).isoformat(),
            "document": "申报表",
        },
    )
    await market.settle()
    stage.objects |= objected | {
        "plan_id": objected["plan"],
        "benefit_id": benefit["id"],
        "part_id": await _part(stage, objected["plan"]),
    }


async def _part(stage: Stage, plan_id: str) -> str:
    """A part of the plan's income, put in without waiting for the plan's days."""
    async with stage.market.sessions() as session, session.begin():
        await session.execute(text("SET LOCAL session_replication_role = replica"))
        row = await session.execute(
            text(
                "WITH i AS (INSERT INTO income (id, institution_id, contract_id, plan_id, kind,"
                " payment_id, amount, received_on, rule_set, due_at, due_provisional,"
                " calendar_version, state, distributed_at, net_fen, reward, fund, retained)"
                " SELECT uuidv7(), institution_id, contract_id, id, 'payment', uuidv7(), 1,"
                " current_date, rule_set, now() + interval '9 years', false, '', 'distributed',"
                " now(), 1, 1, 0, 0 FROM income_plan WHERE id = :plan RETURNING id)"
                " INSERT INTO income_part (id, income_id, member_id, amount) SELECT uuidv7(), i.id,"
                " m.id, 1 FROM i, income_plan_member m WHERE m.plan_id = :plan RETURNING id"
            ),
            {"plan": plan_id},
        )
        return str(row.scalar_one())


async def _flag(stage: Stage) -> None:
    """A collusion flag that the regulator has referred."""
    bidders = [stage.people[role].organisation_id for role in ("enterprise", "other_enterprise")]
    async with stage.market.sessions() as session, session.begin():
        row = await session.execute(
            text(
                "INSERT INTO collusion_flag (id, run_id, fingerprint, screen, rule_set,"
                " period_from, period_until, market, auctions, bidders, strength, threshold,"
                " evidence) VALUES (uuidv7(), uuidv7(), 'x', 'shared_agent', 'SCREENS_1',"
                " '2026-01-01', '2026-01-02', 'new_materials', :auctions, :bidders, 2, 2, '{}')"
                " RETURNING id"
            ),
            {"auctions": [stage.objects["auction_id"]], "bidders": bidders},
        )
        stage.objects["flag_id"] = str(row.scalar_one())
    decision = {"act": "refer", "reason": "移送"}
    path = f"/screening/flags/{stage.objects['flag_id']}/decision"
    await stage.people["regulator"].ok("POST", path, decision)


async def _demands(stage: Stage) -> None:
    """The enterprise's demands; the university took its solution back, its interest is accepted."""
    market, people = stage.market, stage.people
    enterprise, university = people["enterprise"], people["university"]
    demand = await steps.published(market, enterprise)
    path = f"/demands/{demand['id']}"
    solution = await university.ok("POST", f"{path}/solutions", steps.SOLUTION)
    await university.ok("POST", f"{path}/solutions/{solution['id']}/withdraw")
    interest = await university.ok("POST", f"{path}/interests", steps.INTEREST)
    await enterprise.ok("POST", f"/interests/{interest['id']}/decision", {"act": "accept"})
    closed = await steps.published(market, enterprise)
    await enterprise.ok("POST", f"/demands/{closed['id']}/close", {})
    await market.settle()
    stage.objects |= {
        "demand_id": demand["id"],
        "closed_demand": closed["id"],
        "draft_demand": (await steps.drafted(enterprise))["id"],
        "solution_id": solution["id"],
        "interest_id": interest["id"],
    }


async def _alerts(stage: Stage) -> None:
    """Search alerts of the university's trader."""
    alert = {"name": "隔膜", "question": {"q": "隔膜"}}
    for name in ("alert_id", "spare_alert"):
        made = await stage.people["university"].ok("POST", "/search_alerts", alert)
        stage.objects[name] = made["id"]


async def _valuations(stage: Stage) -> None:
    """A valuation of the university that its appraiser signed, a portfolio, and a void import."""
    market, people = stage.market, stage.people
    university, appraiser = people["university"], people["broker_without_mandate"]
    achievement = {"id": stage.objects["achievement_id"]}
    made = await ask(university, achievement, {"cost": COST})
    path = f"/valuations/{made['id']}"
    named = {"appraiser_id": str(appraiser.organisation_id)}
    await university.ok("POST", f"{path}/appraiser", named)
    issued = await university.ok("POST", f"{path}/issue", {})
    signing = {"name": "评估师", "licence_number": "1"}
    await appraiser.ok(
        "POST", f"{path}/sign", signing | {"content_sha256": issued["content_sha256"]}
    )
    items = [{"achievement_id": achievement["id"]}]
    portfolio = await university.ok(
        "POST", "/valuation-portfolios", {"title": "盘点", "plan": {"cost": COST}, "items": items}
    )
    operator = people["operator"]
    await operator.ok("POST", "/comparables", {"items": [imported("stage", 1)]})
    await market.settle()
    known = (await operator.ok("GET", "/comparables"))["items"]
    [comparable] = [one["id"] for one in known if one["source"] == "imported"]
    await operator.ok("POST", f"/comparables/{comparable}/void")
    listing = stage.objects["draft_listing"]
    drafted = await university.ok("GET", f"/listings/{listing}")
    await ask(university, {"id": drafted["achievement_id"]}, {"cost": COST})
    advice = await university.ok("POST", "/auction-guidance", {"listing_id": listing})
    stage.objects |= {
        "guidance_id": advice["id"],
        "market_model_id": await _model(market),
        "valuation_id": made["id"],
        "portfolio_id": portfolio["id"],
        "comparable_id": comparable,
    }


async def _model(market: Market) -> str:
    """A market model as far as it is read: it never answers."""
    cell = '{"deals": 0, "coverage": null, "median_error": null, "bias": null}'
    async with market.sessions() as session, session.begin():
        row = await session.execute(
            text(
                "INSERT INTO market_model (id, number, rule_set, data_cut, first_day, last_day,"
                " deals, failed, seed, library, sha256, artefact, backtest, state, replaced_at)"
                " VALUES (uuidv7(), 1, 'LEARNING_2026', market_now(), '2026-01-01', '2026-01-01',"
                " 1, 0, 1, '', decode(repeat('00', 32), 'hex'), '', CAST(:backtest AS jsonb),"
                " 'replaced', market_now()) RETURNING id"
            ),
            {
                "backtest": '{"origins": [], "failed": 0, "naive_median_error": null,'
                f' "by_field": {{}}, "by_seller": {{}}, "whole": {cell}}}'
            },
        )
        return str(row.scalar_one())


async def _webhooks(stage: Stage) -> None:
    """Webhooks of the university, disabled: nothing is ever posted to their address."""
    university = stage.people["university"]
    for name in ("webhook_id", "spare_webhook", "silent_webhook"):
        made = await university.ok("POST", "/webhooks", {"url": "https://8.8.8.8/hooks"})
        stage.objects[name] = made["webhook"]["id"]
        await university.ok("POST", f"/webhooks/{stage.objects[name]}/disable")
