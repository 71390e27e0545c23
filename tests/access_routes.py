"""Who may do what: every operation of the API, and the answer that every role is to get.

A row's request is the same for all. Where an act is allowed, the request is one that the rules
refuse after the access check (a stale version, a state that is past, terms that contradict each
other), so that the objects stay as they are; where that is not possible, the object is a spare.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.demands.steps import INTEREST, PROFILE, SOLUTION
from tests.market import calendar_year, new_organisation
from tests.pricing.steps import imported

ALLOWED = "allowed"
"""2xx, or a refusal by a rule or a state: anything that is not 401, 403, 404 or an error."""

ROLES = (
    "anonymous",
    "enterprise",
    "other_enterprise",
    "university",
    "other_university",
    "broker",
    "broker_without_mandate",
    "broker_read_key",
    "operator",
    "platform_admin",
    "registrar",
    "other_registrar",
    "regulator",
    "roleless",
    "suspended",
)
"""The university owns the objects, the enterprise bought from it. The broker acts for the
university under a mandate, its read key too. The registrar's office has the registration. The
roleless person is of the university; the suspended one is a trader of a suspended enterprise."""

EVERYONE = frozenset(ROLES)
SIGNED_IN = EVERYONE - {"anonymous"}
TRADERS = frozenset(
    {
        "enterprise",
        "other_enterprise",
        "university",
        "other_university",
        "broker",
        "broker_without_mandate",
    }
)
SELLER = frozenset({"university", "broker"})
OTHER_TRADERS = TRADERS - SELLER
OFFICES = frozenset({"registrar", "other_registrar"})
ADMINISTRATORS = TRADERS - {"broker"} | OFFICES | {"operator", "regulator"}
ADMIN = {"platform_admin"}
OVERSEERS = frozenset({"operator", "platform_admin", "regulator"})
SELLER_READS = SELLER | {"broker_read_key", "roleless"}
PARTIES_READ = SELLER_READS | {"enterprise"}


@dataclass(frozen=True)
class Row:
    """One operation: its request, and what each role is answered."""

    allowed: frozenset[str]
    default: int
    cells: dict[str, int]
    path: dict[str, str] = field(default_factory=dict)
    request: dict[str, Any] = field(default_factory=dict)
    takes_credentials: bool = True
    ends_login: bool = False

    def expected(self, role: str) -> int | str:
        """ALLOWED, or the status of the refusal."""
        if role in self.cells:
            return self.cells[role]
        return ALLOWED if role in self.allowed else self.default


def row(
    allowed: Iterable[str],
    default: int = 403,
    *refused: tuple[int, Iterable[str]],
    path: dict[str, str] | None = None,
    takes_credentials: bool = True,
    ends_login: bool = False,
    **request: Any,
) -> Row:
    """A row: visitors get 401 and everyone else the default, but for those that are named."""
    cells = {role: status for status, roles in refused for role in roles}
    if "anonymous" not in set(allowed):
        cells.setdefault("anonymous", 401)
    return Row(
        frozenset(allowed), default, cells, path or {}, request, takes_credentials, ends_login
    )


def public(**options: Any) -> Row:
    """Open to everyone."""
    return row(EVERYONE, **options)


STALE = {"If-Match": '"v999"'}
TERMS = {
    "achievement_id": "$achievement_id",
    "transfer_mode": "license",
    "license_manner": "exclusive",
    "disclosure_working_days": 5,
    "price_fen": 1_000,
    "deposit_fen": 2_000,
    "increment_fen": 1,
}
SETTLEMENT = {
    "number": "110060149013000123456",
    "name": "保证金专户",
    "bank_name": "示例银行",
    "bank_code": None,
}
MEMBER = {"login": "leaver", "name": "成员", "password": "correct horse battery"}
MANDATE = {
    "broker_id": "$university",
    "scopes": ["trade"],
    "valid_from": "$mandate_from",
    "valid_until": "$mandate_until",
}
APPLICATION = {"contract_id": "$contract_id", "office_id": "$office_id"}
REPORT = {"sequence": "1"}
MILESTONE = {"sequence": "1"}
AMENDMENT = {"number": "1"}
LATE = {"listing_id": "$sold_listing"}
PAPERS = {
    "listing_id": "$paper_listing",
    "application_id": "$paper_application",
    "document_id": "$paper",
}
CHANGE = {"terms": {"price_fen": 1}, "reason": "x", "approval": "x"}
CLEARANCE = {
    "kind": "pledgee_consent",
    "subject": "某银行",
    "statement": "consents",
    "document": "x",
    "dated_on": "2026-01-05",
}
WITHDRAWN_NOTICE = {"notice_id": "$withdrawn_notice", "objection_id": "$withdrawn_objection"}
NOTICE = {
    "achievement_id": "$achievement_id",
    "transfer_mode": "license",
    "price_fen": 1_000,
    "taker_name": "某公司",
    "objection_procedure": "书面",
}
BACKWARDS = {"period_from": "2026-01-02", "period_until": "2026-01-01"}
WITHDRAWN = {"achievement_id": "$withdrawn_achievement"}
NINETY_NINE = {
    "title": "一种器件",
    "technical_field": "new_materials",
    "owners": [{"name": "某大学", "share_bp": 9_900}],
}
BAD_CREDIT_CODE = new_organisation("university") | {"credit_code": "91110000600037341A"}
PLAN = {"format": "ascending", "terms": {"extension_s": 60}}
REASON = {"reason": "系统故障"}
KEY = {
    "kind": "auction_key",
    "auction_id": "$auction_id",
    "not_before": "2026-03-02T09:00:00+08:00",
    "private_key": "0" * 64,
}
DETAILS = SELLER_READS | OVERSEERS
SELLERS_ACT = (SELLER, 404, (403, {"roleless", "broker_read_key"}))
SELLERS_LISTING = (SELLER, 403, (404, OTHER_TRADERS))
PARTIES_ACT = (SELLER | {"enterprise"}, 404, (403, {"regulator", "roleless", "broker_read_key"}))
APPLICANTS_ACT = (
    SELLER,
    404,
    (403, {"enterprise", "registrar", "regulator", "roleless", "broker_read_key"}),
)
NEGOTIATORS_ACT = (
    SELLER | {"enterprise"},
    404,
    (403, {"operator", "regulator", "roleless", "broker_read_key"}),
)
ENDED = {"negotiation_id": "$ended_negotiation"}
CERTIFICATE = {"number": "$certificate_number"}
OWNERS_WEBHOOK = ({"university"}, 404, (403, SIGNED_IN - ADMINISTRATORS))
FALLEN = {"registration_id": "$fallen_registration"}
FALLEN_REQUEST = FALLEN | {"request_id": "$fallen_request"}
FALLEN_OBJECTION = FALLEN | {"objection_id": "$fallen_objection"}
OFFICE_LOOKS = ({"registrar", "regulator"}, 404, (403, {"enterprise", *SELLER_READS}))
PART = {"title": "x", "contract_class": "consulting", "total_fen": 0, "technical_fen": 0}
OPINION = {"expert": "x", "institution": "x", "opinion": "register", "note": "x"}
OFFICES_ACT = ({"registrar"}, 404, (403, {"enterprise", "regulator", *SELLER_READS}))

ASKERS = TRADERS | {"operator", "regulator"}
ASKERS_OWN = ({"university"}, 403, (404, ASKERS - {"university"}))
ENTERPRISES = frozenset({"enterprise", "other_enterprise"})
SOLVERS = TRADERS - {"enterprise", "broker_without_mandate"}
OWNERS_DEMAND = ({"enterprise"}, 403, (404, TRADERS - {"enterprise"}))
JUDGES = frozenset({"broker", "broker_without_mandate", "operator"})
CLOSED_DEMAND = {"demand_id": "$closed_demand"}
DRAFT_DEMAND = {"demand_id": "$draft_demand"}

OWN_UNIT = ({"university"}, 403, (404, OTHER_TRADERS))
PLAN_READ = ({"university", "roleless", "operator", "regulator"}, 404)
PLAN_ACT = ({"university"}, 404, (403, {"roleless", "operator", "regulator"}))
WITHDRAWN_PLAN = {"plan_id": "$withdrawn_plan", "objection_id": "$withdrawn_plan_objection"}
INCOME_PLAN = {
    "contract_id": "$contract_id",
    "route": "transfer",
    "basis": "statutory",
    "reward_bp": 5_000,
    "objection_procedure": "x",
    "members": [{"name": "张三", "role": "contributor", "main": True, "weight": 1}],
}
COST = {"kind": "taxes", "amount_fen": 1, "document": "x"}
BENEFIT = {
    "registration_id": "$registration_id",
    "kind": "reward",
    "amount_fen": 1,
    "taken_on": "2000-01-01",
    "document": "x",
}
SEES_PORTFOLIO = (SELLER_READS | {"operator", "regulator"}, 404)
SEES_VALUATION = (SEES_PORTFOLIO[0] | {"broker_without_mandate"}, 404)
SEES_GUIDANCE = (SELLER_READS | {"operator"}, 404)
"""Advice tells what a secret reserve may be: no other party sees it, nor the regulator."""
VALUED_BY = (SELLER, 404, (403, {"roleless", "broker_read_key", "regulator"}))
"""The broker without a mandate signed the university's valuation as its appraiser."""

ROUTES: dict[tuple[str, str], Row] = {
    # Login and keys
    ("POST", "/auth/token"): public(data={"grant_type": "none"}, takes_credentials=False),
    ("POST", "/auth/logout"): row(SIGNED_IN - {"broker_read_key"}, ends_login=True),
    ("GET", "/auth/me"): row(SIGNED_IN),
    ("GET", "/auth/keys"): row(SIGNED_IN),
    ("POST", "/auth/keys"): row(
        SIGNED_IN - {"broker", "broker_read_key", "roleless", "suspended"},
        404,
        (403, {"broker_read_key"}),
        json={"name": "x", "scopes": ["everything"]},
    ),
    ("DELETE", "/auth/keys/{key_id}"): row({"university"}, 404, (403, {"broker_read_key"})),
    # Parties
    ("POST", "/organisations"): row(EVERYONE - {"broker_read_key"}, json=BAD_CREDIT_CODE),
    ("GET", "/organisations"): public(),
    ("GET", "/organisations/{organisation_id}"): public(),
    ("PATCH", "/organisations/{organisation_id}"): row(
        {"university"},
        404,
        (403, {"roleless", "broker_read_key"}),
        headers=STALE,
        json={"contact": "x"},
    ),
    ("POST", "/organisations/{organisation_id}/review"): row(
        {"operator", "platform_admin"}, json={"act": "reinstate"}
    ),
    ("GET", "/organisations/{organisation_id}/members"): row(
        {"university"}, 404, (403, {"roleless"})
    ),
    ("POST", "/organisations/{organisation_id}/members"): row(
        {"university"},
        404,
        (403, {"roleless", "broker_read_key"}),
        json={"person": MEMBER, "roles": ["trader"]},
    ),
    ("DELETE", "/organisations/{organisation_id}/members/{person_id}"): row(
        {"university"}, 404, (403, {"roleless", "broker_read_key"})
    ),
    ("POST", "/organisations/{organisation_id}/relations"): row(
        {"university", "operator"},
        404,
        (403, {"roleless", "broker_read_key"}),
        json={"kind": "controls", "valid_from": "2026-01-01", "evidence": "x"},
    ),
    ("GET", "/organisations/{organisation_id}/relations"): row(
        OVERSEERS | {"university", "roleless"}, 404
    ),
    ("DELETE", "/organisations/{organisation_id}/relations/{relation_id}"): row(
        {"university", "operator"}, 404, (403, {"roleless", "broker_read_key"})
    ),
    ("POST", "/mandates"): row(ADMINISTRATORS, json=MANDATE),
    ("GET", "/mandates"): row(SIGNED_IN),
    ("POST", "/mandates/{mandate_id}/revoke"): row(
        {"university"}, 404, (403, {"broker", "roleless", "broker_read_key"})
    ),
    # The standard
    ("GET", "/standard/profiles"): public(),
    ("GET", "/standard/profiles/{version}"): public(path={"version": "1.0"}),
    # Money in custody
    ("GET", "/ledger/settlement-account"): public(),
    ("PUT", "/ledger/settlement-account"): row({"platform_admin"}, json=SETTLEMENT),
    ("PUT", "/ledger/refund-account"): row(
        TRADERS, json={"number": "6222020200112233445", "name": "本单位"}
    ),
    ("GET", "/ledger/accounts"): row(SIGNED_IN),
    ("GET", "/ledger/entries"): row(SIGNED_IN),
    ("GET", "/ledger/trial-balance"): row({"operator", "regulator"}),
    ("POST", "/ledger/statements"): row(
        {"operator"}, content=b"<Document/>", headers={"Content-Type": "application/xml"}
    ),
    ("POST", "/ledger/status-reports"): row(
        {"operator"}, content=b"<Document/>", headers={"Content-Type": "application/xml"}
    ),
    ("GET", "/ledger/bank-lines"): row({"operator", "regulator"}),
    ("POST", "/ledger/bank-lines/{line_id}/propose"): row(
        {"operator"}, json={"use": "charge", "note": "x"}
    ),
    ("POST", "/ledger/bank-lines/{line_id}/confirm"): row({"operator"}),
    ("POST", "/ledger/bank-lines/{line_id}/decline"): row({"operator"}, json={"reason": "x"}),
    ("GET", "/ledger/refunds"): row(SIGNED_IN),
    ("POST", "/ledger/refunds/{refund_id}/refuse"): row({"operator"}, json={"reason": "x"}),
    ("POST", "/ledger/refunds/{refund_id}/replace"): row({"operator"}, json={}),
    ("GET", "/ledger/payment-batches"): row({"operator", "regulator"}),
    ("GET", "/ledger/payment-batches/{batch_id}/document"): row({"operator"}),
    ("POST", "/ledger/simulated-payments"): row(
        SIGNED_IN,
        403,
        (403, {"broker_read_key"}),
        json={
            "reference": "TM0000000425",
            "amount_fen": 1,
            "payer_name": "x",
            "payer_account": "6222020200112233445",
        },
    ),
    # Achievements
    ("GET", "/achievements/export"): public(),
    ("GET", "/achievements/{achievement_id}/profile"): public(),
    ("POST", "/achievements/{achievement_id}/interests"): row(
        ENTERPRISES | {"other_university"}, json=INTEREST
    ),
    ("POST", "/achievements"): row(TRADERS, json=NINETY_NINE),
    ("GET", "/achievements"): public(),
    ("POST", "/achievements/import"): row(
        TRADERS, params={"format": "jsonl", "dry_run": "true"}, content=b'{"title": ""}'
    ),
    ("GET", "/achievements/{achievement_id}"): public(),
    ("PATCH", "/achievements/{achievement_id}"): row(
        *SELLERS_ACT, headers=STALE, json={"title": "x"}
    ),
    ("POST", "/achievements/{achievement_id}/publish"): row(*SELLERS_ACT),
    ("POST", "/achievements/{achievement_id}/withdraw"): row(*SELLERS_ACT, path=WITHDRAWN),
    ("POST", "/achievements/{achievement_id}/renew"): row(
        *SELLERS_ACT, json={"expires_on": "2020-01-01"}
    ),
    ("POST", "/achievements/{achievement_id}/review"): row(
        {"operator"}, path=WITHDRAWN, json={"act": "approve"}
    ),
    ("GET", "/achievements/{achievement_id}/details"): row(DETAILS),
    ("POST", "/achievements/{achievement_id}/grants"): row(
        *SELLERS_ACT, json={"organisation_id": "$nobody"}
    ),
    ("GET", "/achievements/{achievement_id}/grants"): row(DETAILS),
    ("POST", "/achievements/{achievement_id}/grants/{grant_id}/revoke"): row(*SELLERS_ACT),
    ("GET", "/achievements/{achievement_id}/disclosures"): row(DETAILS),
    ("POST", "/achievements/{achievement_id}/documents"): row(
        *SELLERS_ACT, files={"file": ("empty.txt", b"")}
    ),
    ("GET", "/achievements/{achievement_id}/documents"): public(),
    ("GET", "/achievements/{achievement_id}/documents/{document_id}"): row(DETAILS),
    ("POST", "/achievements/{achievement_id}/clearances"): row(*SELLERS_ACT, json=CLEARANCE),
    ("GET", "/achievements/{achievement_id}/clearances"): row(DETAILS),
    ("POST", "/achievements/{achievement_id}/clearances/{clearance_id}/revoke"): row(
        *SELLERS_ACT, json={"reason": "x"}
    ),
    ("POST", "/packages"): row(
        TRADERS, json={"title": "成果包", "member_ids": ["$nobody", "$university"]}
    ),
    # Demands
    ("GET", "/search"): public(),
    ("GET", "/search/suggestions"): public(params={"q": "电池"}),
    ("GET", "/search/indexes"): row({"operator", "platform_admin"}),
    ("GET", "/achievements/{achievement_id}/similar"): public(),
    ("POST", "/search_alerts"): row(ASKERS, json={"name": "x", "question": {}}),
    ("GET", "/search_alerts"): row(ASKERS),
    ("GET", "/search_alerts/{alert_id}"): row(*ASKERS_OWN),
    ("DELETE", "/search_alerts/{alert_id}"): row(*ASKERS_OWN, path={"alert_id": "$spare_alert"}),
    ("POST", "/demands"): row(ENTERPRISES, json=PROFILE | {"colour": "red"}),
    ("GET", "/demands"): public(),
    ("POST", "/demands/import"): row(ENTERPRISES, params={"dry_run": "true"}, content=b"{}"),
    ("GET", "/demands/export"): public(),
    ("GET", "/demands/{demand_id}"): public(),
    ("GET", "/demands/{demand_id}/profile"): public(),
    ("PATCH", "/demands/{demand_id}"): row(*OWNERS_DEMAND, headers=STALE, json={"title": "x"}),
    ("POST", "/demands/{demand_id}/submit"): row(*OWNERS_DEMAND),
    ("POST", "/demands/{demand_id}/review"): row({"operator"}, json={"act": "approve"}),
    ("POST", "/demands/{demand_id}/renew"): row(*OWNERS_DEMAND, json={"expires_on": "2020-01-01"}),
    ("POST", "/demands/{demand_id}/withdraw"): row(*OWNERS_DEMAND, json={}),
    ("POST", "/demands/{demand_id}/close"): row(*OWNERS_DEMAND, path=DRAFT_DEMAND, json={}),
    ("POST", "/demands/{demand_id}/solutions"): row(SOLVERS, path=CLOSED_DEMAND, json=SOLUTION),
    ("GET", "/demands/{demand_id}/solutions"): row(SIGNED_IN),
    ("POST", "/demands/{demand_id}/solutions/{solution_id}/decision"): row(
        {"enterprise", "operator"}, 403, (404, TRADERS - {"enterprise"}), json={"act": "refuse"}
    ),
    ("POST", "/demands/{demand_id}/solutions/{solution_id}/withdraw"): row(
        SELLER, 403, (404, OTHER_TRADERS)
    ),
    ("POST", "/demands/{demand_id}/interests"): row(SOLVERS, path=CLOSED_DEMAND, json=INTEREST),
    # Matching
    ("GET", "/demands/{demand_id}/matches"): public(),
    ("GET", "/achievements/{achievement_id}/matches"): public(),
    ("POST", "/demands/{demand_id}/matches/{achievement_id}/judgments"): row(
        JUDGES, path=CLOSED_DEMAND, json={"verdict": "reject"}
    ),
    ("GET", "/match_judgments"): row(JUDGES | {"regulator"}),
    ("GET", "/match_judgments/export"): row({"operator"}),
    ("GET", "/interests"): row(SIGNED_IN),
    ("GET", "/interests/{interest_id}"): row(PARTIES_READ, 404),
    ("POST", "/interests/{interest_id}/decision"): row(*OWNERS_DEMAND, json={"act": "decline"}),
    ("POST", "/interests/{interest_id}/withdraw"): row(SELLER, 403, (404, OTHER_TRADERS)),
    # Listings
    ("POST", "/listings"): row(*SELLERS_LISTING, json=TERMS),
    ("GET", "/listings"): public(),
    ("GET", "/listings/profiles"): public(),
    ("GET", "/listings/{listing_id}"): public(),
    ("PATCH", "/listings/{listing_id}"): row(
        *SELLERS_LISTING, headers=STALE, json={"price_fen": 1}
    ),
    ("POST", "/listings/{listing_id}/submit"): row(*SELLERS_LISTING),
    ("GET", "/listings/{listing_id}/checks"): row(SELLER_READS | OVERSEERS - ADMIN, 404),
    ("POST", "/listings/{listing_id}/checks"): row(
        {"operator"}, json={"code": "patent_in_force", "evidence": "x"}
    ),
    ("POST", "/listings/{listing_id}/review"): row({"operator"}, json={"act": "approve"}),
    ("POST", "/listings/{listing_id}/withdraw"): row(*SELLERS_LISTING, json={}),
    ("POST", "/listings/{listing_id}/suspend"): row({"operator"}, json={"reason": ""}),
    ("POST", "/listings/{listing_id}/resume"): row({"operator"}, json={"reason": ""}),
    ("POST", "/listings/{listing_id}/terminate"): row({"operator"}, json={"reason": ""}),
    ("POST", "/listings/{listing_id}/changes"): row(*SELLERS_LISTING, json=CHANGE),
    ("GET", "/listings/{listing_id}/changes"): public(),
    ("POST", "/listings/{listing_id}/changes/{change_id}/decision"): row(
        {"operator"}, json={"act": "refuse", "reason": ""}
    ),
    ("POST", "/listings/{listing_id}/relist"): row(*SELLERS_LISTING, json={}),
    ("GET", "/listings/{listing_id}/chain"): public(),
    ("POST", "/listings/{listing_id}/applications/{application_id}/reconfirm"): row(
        {"enterprise"}, 403, (404, TRADERS - {"enterprise"}), path=LATE
    ),
    ("POST", "/listings/{listing_id}/applications"): row(
        {"enterprise", "other_enterprise"}, path=LATE, json={}
    ),
    ("GET", "/listings/{listing_id}/applications"): row(SIGNED_IN),
    ("POST", "/listings/{listing_id}/applications/{application_id}/decision"): row(
        {"operator"}, path=LATE, json={"act": "qualify"}
    ),
    ("POST", "/listings/{listing_id}/applications/{application_id}/confirm-deposit"): row(
        {"operator"}, path=LATE
    ),
    ("POST", "/listings/{listing_id}/applications/{application_id}/withdraw"): row(
        {"enterprise"}, 403, (404, TRADERS - {"enterprise"}), path=LATE
    ),
    ("POST", "/listings/{listing_id}/applications/{application_id}/correct"): row(
        {"enterprise"}, 403, (404, TRADERS - {"enterprise"}), path=LATE, json={"statement": "x"}
    ),
    ("POST", "/listings/{listing_id}/applications/{application_id}/appeal"): row(
        {"enterprise"}, 403, (404, TRADERS - {"enterprise"}), path=LATE, json={"grounds": "x"}
    ),
    ("POST", "/listings/{listing_id}/applications/{application_id}/appeal-decision"): row(
        {"operator"}, path=LATE, json={"act": "reject", "reason": "x"}
    ),
    ("POST", "/listings/{listing_id}/applications/{application_id}/documents"): row(
        {"enterprise"},
        403,
        (404, TRADERS - {"enterprise"}),
        path=LATE,
        params={"requirement": "x"},
        files={"file": ("a.txt", b"a")},
    ),
    ("GET", "/listings/{listing_id}/applications/{application_id}/documents"): row(
        {"enterprise", "operator"}, 404, path=PAPERS
    ),
    ("GET", "/listings/{listing_id}/applications/{application_id}/documents/{document_id}"): row(
        {"enterprise", "operator"}, 404, path=PAPERS
    ),
    # Notices
    ("POST", "/notices"): row(*SELLERS_LISTING, json=NOTICE),
    ("GET", "/notices"): public(),
    ("GET", "/notices/rule-sets"): public(),
    ("GET", "/notices/{notice_id}"): public(),
    ("GET", "/notices/{notice_id}/editions"): public(),
    ("PATCH", "/notices/{notice_id}"): row(*SELLERS_LISTING, headers=STALE, json={"price_fen": 1}),
    ("POST", "/notices/{notice_id}/publish"): row(*SELLERS_LISTING),
    ("POST", "/notices/{notice_id}/republish"): row(*SELLERS_LISTING, json={}),
    ("POST", "/notices/{notice_id}/withdraw"): row(*SELLERS_LISTING, json={}),
    ("POST", "/notices/{notice_id}/objections"): row(
        SIGNED_IN - {"broker_read_key", "suspended"},
        403,
        path=WITHDRAWN_NOTICE,
        json={"grounds": "x"},
    ),
    ("GET", "/notices/{notice_id}/objections"): public(),
    ("POST", "/notices/{notice_id}/objections/{objection_id}/decision"): row(
        {"university", "operator"},
        403,
        (404, TRADERS - {"university"}),
        json={"act": "reject", "reason": ""},
    ),
    ("POST", "/notices/{notice_id}/objections/{objection_id}/withdraw"): row(
        {"enterprise"}, 404, (403, {"broker_read_key"}), path=WITHDRAWN_NOTICE
    ),
    # Auctions and deals
    ("GET", "/auctions"): public(),
    ("GET", "/auctions/formats"): public(),
    ("PUT", "/listings/{listing_id}/auction-plan"): row(*SELLERS_LISTING, json=PLAN),
    ("GET", "/listings/{listing_id}/auction-plan"): public(),
    ("POST", "/auctions/{auction_id}/pause"): row({"operator"}, json=REASON),
    ("POST", "/auctions/{auction_id}/resume"): row({"operator"}, json=REASON),
    ("POST", "/demands/{demand_id}/auction"): row(
        {"enterprise"}, json={"terms": {"increments": 1}}
    ),
    ("POST", "/auctions/{auction_id}/default"): row({"operator"}, json={"reason": "x"}),
    ("POST", "/auctions/{auction_id}/annul"): row(
        {"operator"}, path={"auction_id": "$annulled_auction"}, json=REASON
    ),
    ("GET", "/auctions/{auction_id}/opening"): row(
        {"operator", "regulator"}, path={"auction_id": "$sealed_auction"}
    ),
    ("POST", "/auctions/{auction_id}/opening"): row({"operator", "regulator"}, json=KEY),
    ("GET", "/auctions/{auction_id}"): public(),
    ("GET", "/auctions/{auction_id}/bids"): public(),
    ("GET", "/auctions/{auction_id}/events"): public(),
    ("POST", "/auctions/{auction_id}/bids"): row(
        {"enterprise"}, json={"amount_fen": 1, "request_id": "too-late"}
    ),
    ("GET", "/auctions/{auction_id}/bids/{sequence}"): public(path={"sequence": "1"}),
    ("GET", "/auctions/{auction_id}/record"): public(),
    ("POST", "/screening/runs"): row({"regulator"}, json=BACKWARDS),
    ("GET", "/screening/flags"): row({"regulator"}),
    ("GET", "/screening/flags/{flag_id}"): row({"regulator"}),
    ("POST", "/screening/flags/{flag_id}/decision"): row(
        {"regulator"}, json={"act": "dismiss", "reason": "x"}
    ),
    ("GET", "/record-key"): public(),
    ("GET", "/deals"): public(),
    ("GET", "/deals/{deal_id}"): public(),
    ("POST", "/deals/{deal_id}/suspend"): row({"operator"}, json={"reason": "x"}),
    ("POST", "/deals/{deal_id}/resume"): row({"operator"}),
    ("POST", "/deals/{deal_id}/cancel"): row({"operator"}, json={"reason": "x"}),
    ("POST", "/deals/{deal_id}/default"): row({"operator"}, json={"reason": "x"}),
    ("POST", "/deals/{deal_id}/payment"): row({"enterprise"}, 404, (403, SIGNED_IN - TRADERS)),
    ("POST", "/deals/{deal_id}/settlement"): row({"operator"}, json={"commission_fen": 10**15}),
    ("POST", "/deals/{deal_id}/price-return"): row({"operator"}, json={"reason": "x"}),
    ("GET", "/deals/{deal_id}/runner-up"): row(
        PARTIES_READ | {"operator", "regulator"}, 404, path={"deal_id": "$defaulted_deal"}
    ),
    ("POST", "/deals/{deal_id}/runner-up"): row(
        {"enterprise"},
        404,
        (403, {"operator", "regulator", "roleless", "broker_read_key"}),
        path={"deal_id": "$defaulted_deal"},
        json={"accept": True},
    ),
    ("POST", "/deals/{deal_id}/certificate"): row({"operator"}, json={"conclusion": "x"}),
    ("GET", "/certificates/{number}"): public(path=CERTIFICATE),
    ("GET", "/certificates/{number}/document"): row(
        PARTIES_READ | {"operator", "regulator"}, 404, path=CERTIFICATE
    ),
    ("POST", "/certificates/{number}/revoke"): row(
        {"operator"}, path={"number": "$revoked_number"}, json={"reason": "x"}
    ),
    # Negotiations and brokers
    ("POST", "/negotiations"): row({"enterprise", "other_enterprise"}, json=LATE),
    ("GET", "/negotiations"): row(SIGNED_IN),
    ("GET", "/negotiations/{negotiation_id}"): row(PARTIES_READ | {"operator", "regulator"}, 404),
    ("POST", "/negotiations/{negotiation_id}/offers"): row(
        *NEGOTIATORS_ACT, json={"terms": {}, "valid_until": "2000-01-01T00:00:00Z"}
    ),
    ("GET", "/negotiations/{negotiation_id}/offers"): row(
        PARTIES_READ | {"operator", "regulator"}, 404
    ),
    ("POST", "/negotiations/{negotiation_id}/accept"): row(
        *NEGOTIATORS_ACT, json={"offer_id": "$old_offer"}
    ),
    ("POST", "/negotiations/{negotiation_id}/decline"): row(
        *NEGOTIATORS_ACT, json={"offer_id": "$old_offer"}
    ),
    ("POST", "/negotiations/{negotiation_id}/end"): row(
        *NEGOTIATORS_ACT, path=ENDED, json={"reason": "x"}
    ),
    ("GET", "/negotiations/{negotiation_id}/nda"): row(PARTIES_READ, 404),
    ("POST", "/negotiations/{negotiation_id}/nda"): row(
        *NEGOTIATORS_ACT, json={"text_sha256": "0" * 64}
    ),
    ("POST", "/negotiations/{negotiation_id}/documents"): row(
        *NEGOTIATORS_ACT, files={"file": ("empty.txt", b"")}
    ),
    ("GET", "/negotiations/{negotiation_id}/documents"): row(PARTIES_READ, 404),
    ("GET", "/negotiations/{negotiation_id}/documents/{document_id}"): row(
        PARTIES_READ, 404, path={"document_id": "$secret_document"}
    ),
    ("GET", "/negotiations/{negotiation_id}/documents/{document_id}/readings"): row(
        SELLER_READS, 404, path={"document_id": "$secret_document"}
    ),
    ("POST", "/broker-consents"): row(
        TRADERS - {"broker"}, json={"listing_id": "$sold_listing", "broker_id": "$spare_broker"}
    ),
    ("POST", "/commission-agreements"): row(
        TRADERS - {"broker"}, json={"mandate_id": "$mandate_id", "cap_fen": 1}
    ),
    ("GET", "/commission-agreements"): row(SIGNED_IN),
    ("POST", "/commission-agreements/{agreement_id}/accept"): row({"broker_without_mandate"}, 404),
    ("GET", "/commissions"): row(SIGNED_IN),
    ("POST", "/commissions/{commission_id}/claim"): row(
        {"broker_without_mandate"}, 404, json={"fee_fen": 1, "grounds": "x"}
    ),
    ("POST", "/commissions/{commission_id}/agree"): row(
        {"other_university"}, 404, json={"fee_fen": 1}
    ),
    ("POST", "/commissions/{commission_id}/received"): row({"broker_without_mandate"}, 404),
    # Contracts
    ("GET", "/contracts"): row(SIGNED_IN),
    ("GET", "/contracts/{contract_id}"): row(PARTIES_READ | {"regulator"}, 404),
    ("GET", "/contracts/{contract_id}/versions"): row(PARTIES_READ | {"regulator"}, 404),
    ("GET", "/contracts/{contract_id}/versions/{text_version}"): row(
        PARTIES_READ | {"regulator"}, 404, path={"text_version": "1"}
    ),
    ("PATCH", "/contracts/{contract_id}"): row(*PARTIES_ACT, headers=STALE, json={"title": "x"}),
    ("PUT", "/contracts/{contract_id}/text"): row(
        *PARTIES_ACT, headers=STALE, files={"file": ("a.txt", b"a")}
    ),
    ("POST", "/contracts/{contract_id}/propose"): row(*PARTIES_ACT),
    ("POST", "/contracts/{contract_id}/withdraw-proposal"): row(*PARTIES_ACT),
    ("POST", "/contracts/{contract_id}/sign"): row(*PARTIES_ACT, json={"text_sha256": "0" * 64}),
    ("GET", "/contracts/templates"): public(),
    ("GET", "/contracts/{contract_id}/findings"): row(PARTIES_READ | {"regulator"}, 404),
    ("GET", "/contracts/{contract_id}/versions/{text_version}/difference"): row(
        PARTIES_READ | {"regulator"}, 404, path={"text_version": "1"}, params={"since": 1}
    ),
    ("POST", "/contracts/{contract_id}/signing-requests"): row(
        *PARTIES_ACT, json={"text_sha256": "0" * 64}
    ),
    ("POST", "/contracts/{contract_id}/signing-requests/{request_id}/complete"): row(
        *PARTIES_ACT, json={"cms_base64": "AA=="}
    ),
    ("GET", "/contracts/{contract_id}/document"): row(PARTIES_READ | {"regulator"}, 404),
    ("GET", "/contracts/{contract_id}/verification"): row(PARTIES_READ | {"regulator"}, 404),
    ("GET", "/contracts/{contract_id}/performance"): row(PARTIES_READ | {"regulator"}, 404),
    ("POST", "/contracts/{contract_id}/milestones/{sequence}/deliver"): row(
        *PARTIES_ACT, path=MILESTONE, json={"note": "x"}
    ),
    ("POST", "/contracts/{contract_id}/milestones/{sequence}/answer"): row(
        *PARTIES_ACT, path=MILESTONE, json={"accepted": False}
    ),
    ("POST", "/contracts/{contract_id}/trial/decision"): row(*PARTIES_ACT, json={"adopt": False}),
    ("POST", "/contracts/{contract_id}/delay-notices"): row(*PARTIES_ACT, json={"obligation": "x"}),
    ("POST", "/contracts/{contract_id}/delay-notices/{notice_id}/cure"): row(
        *PARTIES_ACT, path={"notice_id": "$delay_id"}
    ),
    ("GET", "/contracts/{contract_id}/amendments"): row(PARTIES_READ | {"regulator"}, 404),
    ("POST", "/contracts/{contract_id}/amendments"): row(
        *PARTIES_ACT, json={"kind": "supplement", "reason": "x"}
    ),
    ("POST", "/contracts/{contract_id}/amendments/{number}/sign"): row(
        *PARTIES_ACT, path=AMENDMENT, json={"text_sha256": "0" * 64}
    ),
    ("POST", "/contracts/{contract_id}/amendments/{number}/signing-requests"): row(
        *PARTIES_ACT, path=AMENDMENT, json={"text_sha256": "0" * 64}
    ),
    (
        "POST",
        "/contracts/{contract_id}/amendments/{number}/signing-requests/{request_id}/complete",
    ): (
        row(
            *PARTIES_ACT,
            path={"number": "1", "request_id": "$amendment_request"},
            json={"cms_base64": "AA=="},
        )
    ),
    ("POST", "/contracts/{contract_id}/amendments/{number}/decline"): row(
        *PARTIES_ACT, path=AMENDMENT, json={"reason": "x"}
    ),
    ("GET", "/contracts/{contract_id}/amendments/{number}/document"): row(
        PARTIES_READ | {"regulator"}, 404, path=AMENDMENT
    ),
    ("GET", "/contracts/{contract_id}/payments"): row(PARTIES_READ | {"regulator"}, 404),
    ("POST", "/contracts/{contract_id}/payments"): row(
        *PARTIES_ACT, json={"kind": "other", "amount_fen": 1, "received_on": "9999-01-01"}
    ),
    ("POST", "/contracts/{contract_id}/payments/{payment_id}/answer"): row(
        *PARTIES_ACT, json={"confirmed": False}
    ),
    ("GET", "/contracts/{contract_id}/royalty-reports"): row(PARTIES_READ | {"regulator"}, 404),
    ("POST", "/contracts/{contract_id}/royalty-reports/{sequence}/file"): row(
        *PARTIES_ACT, path=REPORT, json={"base_fen": 1}
    ),
    ("POST", "/contracts/{contract_id}/royalty-reports/{sequence}/confirm"): row(
        *PARTIES_ACT, path=REPORT
    ),
    ("POST", "/contracts/{contract_id}/royalty-reports/{sequence}/contest"): row(
        *PARTIES_ACT, path=REPORT, json={"reason": "x"}
    ),
    # Settlements
    ("POST", "/income-plans"): row(*OWN_UNIT, json=INCOME_PLAN),
    ("GET", "/income-plans"): row(SIGNED_IN),
    ("GET", "/income-plans/rule-sets"): public(),
    ("GET", "/income-plans/{plan_id}"): row(*PLAN_READ),
    ("PATCH", "/income-plans/{plan_id}"): row(*PLAN_ACT, headers=STALE, json={"years": 3}),
    ("POST", "/income-plans/{plan_id}/publish"): row(*PLAN_ACT),
    ("POST", "/income-plans/{plan_id}/withdraw"): row(*PLAN_ACT, json={}),
    ("POST", "/income-plans/{plan_id}/successor"): row(*PLAN_ACT, json={}),
    ("POST", "/income-plans/{plan_id}/objections"): row(
        {"university", "roleless"}, 404, path=WITHDRAWN_PLAN, json={"grounds": "x"}
    ),
    ("GET", "/income-plans/{plan_id}/objections"): row(*PLAN_READ),
    ("POST", "/income-plans/{plan_id}/objections/{objection_id}/decision"): row(
        *PLAN_ACT,
        path={"objection_id": "$plan_objection"},
        json={"act": "reject", "reason": ""},
    ),
    ("POST", "/income-plans/{plan_id}/objections/{objection_id}/withdraw"): row(
        {"university"}, 404, path=WITHDRAWN_PLAN
    ),
    ("POST", "/income-plans/{plan_id}/costs"): row(*PLAN_ACT, path=WITHDRAWN_PLAN, json=COST),
    ("GET", "/income-plans/{plan_id}/costs"): row(*PLAN_READ),
    ("GET", "/income-plans/{plan_id}/incomes"): row(*PLAN_READ),
    ("POST", "/income-plans/{plan_id}/profits"): row(
        *PLAN_ACT, json={"year": 2025, "operating_profit_fen": 1}
    ),
    ("POST", "/income-plans/{plan_id}/equity"): row(
        *PLAN_ACT, json={"total_shares": 1, "technology_bp": 1, "registered_on": "2026-01-01"}
    ),
    ("POST", "/income-plans/{plan_id}/parts/{part_id}/pay"): row(
        *PLAN_ACT, json={"paid_on": "2000-01-01", "document": "x"}
    ),
    ("GET", "/idle-watches"): row(SIGNED_IN),
    ("PUT", "/idle-watches/{achievement_id}"): row(
        *OWN_UNIT, json={"since": "9999-01-01", "note": "x"}
    ),
    ("POST", "/benefits"): row(
        {"university", "enterprise"}, 403, (404, OTHER_TRADERS - {"enterprise"}), json=BENEFIT
    ),
    ("GET", "/benefits"): row(SIGNED_IN),
    ("POST", "/benefits/{benefit_id}/decision"): row(
        {"regulator"}, json={"act": "confirm", "note": "x"}
    ),
    ("GET", "/tax-estimates/rule-sets"): public(),
    ("POST", "/tax-estimates"): row(
        SIGNED_IN - {"broker_read_key"},
        json={"kind": "vat", "subject": "other", "amount_fen": 1},
    ),
    # Registrations, the register, statistics
    ("PUT", "/registrations/office"): row(OFFICES, json={"region4": "9999", "point": "07"}),
    ("GET", "/registrations/offices"): public(),
    ("GET", "/registrations/rule-sets"): public(),
    ("POST", "/registrations"): row(
        SELLER, 403, (404, OTHER_TRADERS - {"enterprise"}), json=APPLICATION
    ),
    ("GET", "/registrations"): row(SIGNED_IN),
    ("GET", "/registrations/queue"): row(OFFICES | {"regulator"}),
    ("POST", "/registrations/imports"): row(OFFICES, content="nothing"),
    ("POST", "/registrations/decisions"): row(
        OFFICES,
        json={"decisions": [{"registration_id": "$registration_id", "act": "accept"}]},
    ),
    ("GET", "/registrations/forms/fields"): public(),
    ("GET", "/registrations/forms"): row(
        OFFICES | {"regulator"}, params={"from": "2026-01-01", "to": "2026-01-02"}
    ),
    ("GET", "/registrations/{registration_id}/form"): row(
        PARTIES_READ | {"registrar", "regulator"}, 404
    ),
    ("GET", "/registrations/{registration_id}/recognition"): row(*OFFICE_LOOKS),
    ("GET", "/registrations/{registration_id}/findings"): row(*OFFICE_LOOKS),
    ("POST", "/registrations/{registration_id}/assessment"): row(
        *OFFICES_ACT, json={"contract_class": "consulting", "answers": {}}
    ),
    ("POST", "/registrations/{registration_id}/amounts"): row(*OFFICES_ACT, json={}),
    ("POST", "/registrations/{registration_id}/dispute"): row(*OFFICES_ACT, json={"note": "x"}),
    ("POST", "/registrations/{registration_id}/opinions"): row(*OFFICES_ACT, json=OPINION),
    ("POST", "/registrations/{registration_id}/clearings"): row(
        *OFFICES_ACT, json={"registration_id": "$registration_id", "note": "x"}
    ),
    ("POST", "/registrations/{registration_id}/split"): row(
        *OFFICES_ACT, json={"parts": [PART, PART]}
    ),
    ("POST", "/registrations/{registration_id}/change"): row(*OFFICES_ACT, json={"basis": "x"}),
    ("POST", "/registrations/{registration_id}/cancel"): row(
        {"registrar"}, 404, (403, {"regulator"}), path=FALLEN, json=REASON
    ),
    ("POST", "/registrations/{registration_id}/revoke"): row(
        {"registrar"}, 404, (403, {"regulator"}), path=FALLEN, json=REASON
    ),
    ("GET", "/registrations/{registration_id}/objections"): row(
        PARTIES_READ | {"registrar", "regulator"}, 404
    ),
    ("POST", "/registrations/{registration_id}/objections"): row(
        {"regulator"}, 404, (403, {"registrar"}), path=FALLEN, json={"grounds": "x"}
    ),
    ("POST", "/registrations/{registration_id}/objections/{objection_id}/withdraw"): row(
        {"regulator"}, 404, (403, {"registrar"}), path=FALLEN_OBJECTION
    ),
    ("POST", "/registrations/{registration_id}/objections/{objection_id}/decision"): row(
        {"registrar"},
        404,
        (403, {"regulator"}),
        path=FALLEN_OBJECTION,
        json={"outcome": "uphold", "note": "x"},
    ),
    ("GET", "/registrations/requests"): row(OFFICES | {"regulator"}),
    ("GET", "/registrations/{registration_id}/requests"): row(
        PARTIES_READ | {"registrar", "regulator"}, 404
    ),
    ("POST", "/registrations/{registration_id}/requests"): row(
        *APPLICANTS_ACT, json={"kind": "change", "basis": "x"}
    ),
    ("POST", "/registrations/{registration_id}/requests/{request_id}/withdraw"): row(
        {"registrar"}, 404, (403, {"regulator"}), path=FALLEN_REQUEST
    ),
    ("POST", "/registrations/{registration_id}/requests/{request_id}/decision"): row(
        {"registrar"},
        404,
        (403, {"regulator"}),
        path=FALLEN_REQUEST,
        json={"outcome": "reject", "note": "x"},
    ),
    ("GET", "/registrations/{registration_id}/incomes"): row(
        PARTIES_READ | {"registrar", "regulator"}, 404
    ),
    ("POST", "/registrations/{registration_id}/incomes"): row(*OFFICES_ACT, json={}),
    ("GET", "/registrations/{registration_id}/certificate"): row(
        PARTIES_READ | {"registrar", "regulator"}, 404
    ),
    ("GET", "/register/{number}/certificate"): public(),
    ("GET", "/registrations/{registration_id}"): row(
        PARTIES_READ | {"registrar", "regulator"}, 404
    ),
    ("GET", "/registrations/{registration_id}/contract"): row(
        PARTIES_READ | {"registrar", "regulator"}, 404
    ),
    ("POST", "/registrations/{registration_id}/submit"): row(*APPLICANTS_ACT),
    ("POST", "/registrations/{registration_id}/correct"): row(*APPLICANTS_ACT, json={"note": "x"}),
    ("POST", "/registrations/{registration_id}/accept"): row(*OFFICES_ACT),
    ("POST", "/registrations/{registration_id}/request-correction"): row(
        *OFFICES_ACT, json={"note": "x"}
    ),
    ("POST", "/registrations/{registration_id}/register"): row(*OFFICES_ACT),
    ("POST", "/registrations/{registration_id}/refuse"): row(
        *OFFICES_ACT, json={"reason": "not_technology_contract"}
    ),
    ("GET", "/register"): public(),
    ("GET", "/register/{number}"): public(),
    ("GET", "/statistics/contracts"): public(),
    ("GET", "/statistics/flows"): public(),
    ("GET", "/statistics/summary"): public(),
    ("GET", "/statistics/targets"): public(),
    ("GET", "/statistics/export"): row({"regulator"}, params={"from": "2025-01-01"}),
    # Valuations, comparables, portfolios
    ("POST", "/valuations"): row(
        SELLER | {"operator"},
        403,
        (404, OTHER_TRADERS),
        json={"achievement_id": "$achievement_id", "plan": {}},
    ),
    ("GET", "/valuations"): row(SIGNED_IN),
    ("GET", "/valuations/parameters"): public(),
    ("GET", "/valuations/{valuation_id}"): row(*SEES_VALUATION),
    ("POST", "/valuations/{valuation_id}/discard"): row(*VALUED_BY),
    ("POST", "/valuations/{valuation_id}/appraiser"): row(*VALUED_BY, json={"appraiser_id": None}),
    ("POST", "/valuations/{valuation_id}/issue"): row(*VALUED_BY, json={}),
    ("POST", "/valuations/{valuation_id}/sign"): row(
        SELLER | {"broker_without_mandate"},
        404,
        (403, {"roleless", "broker_read_key", "operator", "regulator"}),
        json={"content_sha256": "0" * 64, "name": "评估师", "licence_number": "1"},
    ),
    ("GET", "/valuations/{valuation_id}/report"): row(*SEES_VALUATION),
    ("GET", "/valuations/{valuation_id}/report.pdf"): row(*SEES_VALUATION),
    ("GET", "/valuations/{valuation_id}/reproduction"): row(*SEES_VALUATION),
    ("GET", "/valuations/{valuation_id}/figure"): row(*SEES_VALUATION),
    ("POST", "/auction-guidance"): row(
        SELLER | {"operator"},
        403,
        (404, OTHER_TRADERS),
        json={"listing_id": "$listing_id"},
    ),
    ("GET", "/auction-guidance"): row(SIGNED_IN),
    ("GET", "/auction-guidance/parameters"): public(),
    ("GET", "/auction-guidance/{guidance_id}"): row(*SEES_GUIDANCE),
    ("GET", "/auction-guidance/{guidance_id}/reproduction"): row(*SEES_GUIDANCE),
    ("POST", "/comparables"): row(
        {"operator"}, json={"items": [imported("access", 1, currency="USD")]}
    ),
    ("GET", "/comparables"): row({"operator", "regulator"}),
    ("POST", "/comparables/{comparable_id}/void"): row({"operator"}),
    ("GET", "/market_models"): public(),
    ("GET", "/market_models/{model_id}"): public(path={"model_id": "$market_model_id"}),
    ("GET", "/price-accuracy"): public(),
    ("POST", "/valuation-portfolios"): row(
        TRADERS | {"operator"},
        json={"title": "x", "plan": {}, "items": [{"achievement_id": "$achievement_id"}] * 2},
    ),
    ("GET", "/valuation-portfolios"): row(SIGNED_IN),
    ("GET", "/valuation-portfolios/{portfolio_id}"): row(*SEES_PORTFOLIO),
    ("GET", "/valuation-portfolios/{portfolio_id}/items"): row(*SEES_PORTFOLIO),
    ("GET", "/valuation-portfolios/{portfolio_id}/result"): row(*SEES_PORTFOLIO),
    ("POST", "/valuation-portfolios/{portfolio_id}/stop"): row(*VALUED_BY),
    # The feed and webhooks
    ("GET", "/feed"): public(),
    ("POST", "/webhooks"): row(ADMINISTRATORS, json={"url": "http://example.com/"}),
    ("GET", "/webhooks"): row(ADMINISTRATORS),
    ("GET", "/webhooks/{webhook_id}"): row(*OWNERS_WEBHOOK),
    ("PATCH", "/webhooks/{webhook_id}"): row(*OWNERS_WEBHOOK, json={"kinds": []}, headers=STALE),
    ("DELETE", "/webhooks/{webhook_id}"): row(
        *OWNERS_WEBHOOK, path={"webhook_id": "$spare_webhook"}
    ),
    ("POST", "/webhooks/{webhook_id}/rotate-secret"): row(*OWNERS_WEBHOOK),
    ("POST", "/webhooks/{webhook_id}/disable"): row(*OWNERS_WEBHOOK),
    ("POST", "/webhooks/{webhook_id}/enable"): row(
        *OWNERS_WEBHOOK, path={"webhook_id": "$silent_webhook"}
    ),
    ("POST", "/webhooks/{webhook_id}/test"): row(*OWNERS_WEBHOOK),
    ("POST", "/webhooks/{webhook_id}/replay"): row(*OWNERS_WEBHOOK, json={}),
    ("GET", "/webhooks/{webhook_id}/deliveries"): row(*OWNERS_WEBHOOK),
    # The platform
    ("GET", "/calendar/working-days"): public(params={"start": "2026-03-02", "days": "5"}),
    ("GET", "/calendar/calendar-days"): public(params={"start": "2026-03-02", "days": "5"}),
    ("PUT", "/calendar/years/{year}"): row(
        {"platform_admin"}, path={"year": "2028"}, json=calendar_year(2027)
    ),
    ("GET", "/codes"): public(),
    ("GET", "/codes/{name}"): public(path={"name": "ip_types"}),
    ("GET", "/sandbox/clock"): public(),
    ("POST", "/sandbox/clock"): row({"platform_admin"}, json={"advance_seconds": 0}),
    ("GET", "/healthz"): public(),
    ("GET", "/readyz"): public(),
}

DRAFT = {"achievement_id": "$draft_achievement"}
DRAFT_LISTING = {"listing_id": "$draft_listing"}
DRAFT_NOTICE = {"notice_id": "$draft_notice"}
HIDDEN_FROM_ALL_BUT_SELLERS = (SELLER_READS | OVERSEERS, 404)
HIDDEN: dict[tuple[str, str], Row] = {
    ("GET", "/achievements/{achievement_id}"): row(
        *HIDDEN_FROM_ALL_BUT_SELLERS, (404, {"anonymous"}), path=DRAFT
    ),
    ("GET", "/achievements/{achievement_id}/details"): row(
        *HIDDEN_FROM_ALL_BUT_SELLERS, path=DRAFT
    ),
    ("GET", "/achievements/{achievement_id}/documents"): row(
        *HIDDEN_FROM_ALL_BUT_SELLERS, (404, {"anonymous"}), path=DRAFT
    ),
    ("GET", "/achievements/{achievement_id}/grants"): row(*HIDDEN_FROM_ALL_BUT_SELLERS, path=DRAFT),
    ("GET", "/achievements/{achievement_id}/profile"): row(
        *HIDDEN_FROM_ALL_BUT_SELLERS, (404, {"anonymous"}), path=DRAFT
    ),
    ("POST", "/achievements/{achievement_id}/interests"): row(
        (), 403, (404, TRADERS), path=DRAFT, json=INTEREST
    ),
    ("GET", "/demands/{demand_id}"): row(
        {"enterprise"}, 404, (404, {"anonymous"}), path=DRAFT_DEMAND
    ),
    ("GET", "/demands/{demand_id}/profile"): row(
        {"enterprise"}, 404, (404, {"anonymous"}), path=DRAFT_DEMAND
    ),
    ("GET", "/demands/{demand_id}/solutions"): row({"enterprise"}, 404, path=DRAFT_DEMAND),
    ("POST", "/demands/{demand_id}/solutions"): row(
        (), 403, (404, TRADERS - {"enterprise"}), path=DRAFT_DEMAND, json=SOLUTION
    ),
    ("POST", "/demands/{demand_id}/interests"): row(
        (), 403, (404, TRADERS - {"enterprise"}), path=DRAFT_DEMAND, json=INTEREST
    ),
    ("POST", "/demands/{demand_id}/review"): row(
        (), 403, (404, {"operator"}), path=DRAFT_DEMAND, json={"act": "approve"}
    ),
    ("GET", "/listings/{listing_id}"): row(
        SELLER_READS, 404, (404, {"anonymous"}), path=DRAFT_LISTING
    ),
    ("GET", "/listings/{listing_id}/applications"): row(SELLER_READS, 404, path=DRAFT_LISTING),
    ("GET", "/listings/{listing_id}/checks"): row(SELLER_READS, 404, path=DRAFT_LISTING),
    ("GET", "/listings/{listing_id}/changes"): row(
        SELLER_READS, 404, (404, {"anonymous"}), path=DRAFT_LISTING
    ),
    ("GET", "/listings/{listing_id}/chain"): row(
        SELLER_READS, 404, (404, {"anonymous"}), path=DRAFT_LISTING
    ),
    ("POST", "/listings/{listing_id}/applications"): row(
        (), 403, (404, OTHER_TRADERS), (403, SELLER), path=DRAFT_LISTING, json={}
    ),
    ("POST", "/listings/{listing_id}/review"): row(
        (), 403, (404, {"operator"}), path=DRAFT_LISTING, json={"act": "approve"}
    ),
    ("GET", "/notices/{notice_id}"): row(
        SELLER_READS, 404, (404, {"anonymous"}), path=DRAFT_NOTICE
    ),
    ("GET", "/notices/{notice_id}/editions"): row(
        SELLER_READS, 404, (404, {"anonymous"}), path=DRAFT_NOTICE
    ),
    ("GET", "/organisations/{organisation_id}"): row(
        OVERSEERS,
        404,
        (404, {"anonymous"}),
        path={"organisation_id": "$pending_organisation"},
    ),
}
"""The same operations on objects that are not public."""
