"""Tables of the listings module."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.orm import Mapped, mapped_column

from app.kit import search_terms
from app.kit.db import Base, Identified, Versioned
from app.listings import rules

TERMS = (
    "state",
    "title",
    "summary",
    "transfer_mode",
    "license_manner",
    "profile",
    "rule_notes",
    "disclosure_working_days",
    "price_fen",
    "deposit_fen",
    "increment_fen",
    "extension_s",
    "bidding_minutes",
    "opens_after_minutes",
    "negotiation",
    "conditions",
    "requirements",
    "licence_until",
    "open_to_foreign",
    "security",
    "security_document",
    "prolong_working_days",
    "prolongations_max",
    "appraisal_fen",
    "appraisal_on",
    "appraisal_document",
    "price_approval",
    "previous_id",
    "round",
)
OBJECT = (
    "achievement_id",
    "seller_id",
    "seller_name",
    "broker_id",
    "technical_field",
    "ipc",
    "region_code",
    "first_disclosed_on",
)
"""What a next round takes over besides the terms."""
PERIOD = ("closes_at", "closes_provisional", "calendar_version")
_PUBLIC = text("published_at IS NOT NULL")


class Listing(Versioned, Base):
    """An offer of an achievement; its terms are fixed once it is submitted (rules.md C-7).

    `listed_at` is the time of publication, before that of creation: what lists are sorted by.
    `search_text`, `grams` and `ipc_terms` follow from title, summary and IPC (ADR 0010).
    """

    __tablename__ = "listing"
    __table_args__ = (
        CheckConstraint(
            "state IN ('draft','under_review','published','suspended','closed','awarded','failed',"
            "'withdrawn')",
            name="state",
        ),
        CheckConstraint("price_fen > 0", name="price"),
        CheckConstraint("deposit_fen BETWEEN 0 AND price_fen", name="deposit"),
        CheckConstraint("increment_fen > 0", name="increment"),
        CheckConstraint("disclosure_working_days > 0", name="disclosure"),
        CheckConstraint("extension_s > 0", name="extension"),
        CheckConstraint("bidding_minutes > 0", name="bidding"),
        CheckConstraint("opens_after_minutes >= 0", name="opening"),
        CheckConstraint("negotiation IN ('none','one_bidder','open')", name="negotiation"),
        CheckConstraint(
            "(transfer_mode = 'license') = (license_manner IS NOT NULL)", name="manner"
        ),
        CheckConstraint("security IN ('clear','cleared','concerned')", name="security"),
        CheckConstraint("licence_until IS NULL OR transfer_mode = 'license'", name="licence_until"),
        CheckConstraint("published_at IS NULL OR security <> 'concerned'", name="never_concerned"),
        CheckConstraint(
            "state NOT IN ('published','closed','awarded','failed') OR (published_at IS NOT NULL"
            " AND disclosure_from IS NOT NULL AND (closes_at IS NOT NULL OR state = 'failed')"
            " AND calendar_version IS NOT NULL)",
            name="period",
        ),
        CheckConstraint(
            "state <> 'suspended' OR (closes_at IS NULL AND days_left > 0)", name="suspended"
        ),
        CheckConstraint("suspended_until IS NULL OR state = 'suspended'", name="suspended_until"),
        Index(
            "ix_listing_suspended_until",
            "suspended_until",
            postgresql_where=text("suspended_until IS NOT NULL"),
        ),
        CheckConstraint("round >= 1 AND previous_id <> id", name="round"),
        CheckConstraint(
            "prolongations BETWEEN 0 AND prolongations_max"
            " AND (prolongations_max = 0) = (prolong_working_days = 0)",
            name="prolongations",
        ),
        CheckConstraint("appraisal_fen > 0", name="appraisal"),
        Index(
            "uq_listing_next_round",
            "previous_id",
            unique=True,
            postgresql_where=text("state <> 'withdrawn'"),
        ),
        Index(
            "uq_listing_exclusive_right",
            "achievement_id",
            unique=True,
            postgresql_where=text(
                "exclusive AND state IN ('under_review','published','suspended','closed','awarded')"
            ),
        ),
        Index("ix_listing_public_newest", "listed_at", "id", postgresql_where=_PUBLIC),
        Index("ix_listing_public_price", "price_fen", "id", postgresql_where=_PUBLIC),
        Index("ix_listing_public_closing", "closes_at", "id", postgresql_where=_PUBLIC),
        Index(
            "ix_listing_public_field",
            "technical_field",
            "listed_at",
            "id",
            postgresql_where=_PUBLIC,
        ),
        Index("ix_listing_state_newest", "state", "listed_at", "id"),
        Index("ix_listing_state_closing", "state", "closes_at", "id"),
        Index("ix_listing_seller", "seller_id", "listed_at", "id"),
        Index("ix_listing_achievement", "achievement_id"),
        Index("ix_listing_region", "region_code"),
        Index("ix_listing_grams", "grams", postgresql_using="gin"),
        Index("ix_listing_ipc_terms", "ipc_terms", postgresql_using="gin"),
    )

    achievement_id: Mapped[UUID] = mapped_column(ForeignKey("achievement.id"))
    seller_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    seller_name: Mapped[str]
    broker_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))
    title: Mapped[str]
    summary: Mapped[str]
    technical_field: Mapped[str]
    ipc: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    region_code: Mapped[str]
    transfer_mode: Mapped[str]
    license_manner: Mapped[str | None]
    exclusive: Mapped[bool]
    profile: Mapped[str]
    rule_set: Mapped[str]
    rule_notes: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    disclosure_working_days: Mapped[int]
    price_fen: Mapped[int]
    deposit_fen: Mapped[int]
    increment_fen: Mapped[int]
    extension_s: Mapped[int]
    bidding_minutes: Mapped[int]
    negotiation: Mapped[str] = mapped_column(server_default=text("'none'"))
    opens_after_minutes: Mapped[int]
    conditions: Mapped[str]
    requirements: Mapped[list[dict[str, Any]]] = mapped_column(server_default=text("'[]'"))
    licence_until: Mapped[date | None]
    open_to_foreign: Mapped[bool] = mapped_column(server_default=text("false"))
    security: Mapped[str] = mapped_column(server_default=text("'clear'"))
    security_document: Mapped[str] = mapped_column(server_default=text("''"))
    prolong_working_days: Mapped[int] = mapped_column(server_default=text("0"))
    prolongations_max: Mapped[int] = mapped_column(server_default=text("0"))
    prolongations: Mapped[int] = mapped_column(server_default=text("0"))
    appraisal_fen: Mapped[int | None]
    appraisal_on: Mapped[date | None]
    appraisal_document: Mapped[str] = mapped_column(server_default=text("''"))
    price_approval: Mapped[dict[str, Any] | None]
    previous_id: Mapped[UUID | None] = mapped_column(ForeignKey("listing.id"))
    round: Mapped[int] = mapped_column(server_default=text("1"))
    first_disclosed_on: Mapped[date | None]
    terms_edition: Mapped[int] = mapped_column(server_default=text("1"))
    counts_from: Mapped[date | None]
    days_left: Mapped[int | None]
    state: Mapped[str] = mapped_column(server_default=text("'draft'"))
    review_note: Mapped[str | None]
    listed_at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))
    published_at: Mapped[datetime | None]
    disclosure_from: Mapped[date | None]
    closes_at: Mapped[datetime | None]
    closes_provisional: Mapped[bool] = mapped_column(server_default=text("false"))
    suspended_until: Mapped[datetime | None]
    calendar_version: Mapped[str | None]
    closed_at: Mapped[datetime | None]
    search_text: Mapped[str] = mapped_column(deferred=True)
    grams: Mapped[list[str]] = mapped_column(ARRAY(TEXT), deferred=True)
    ipc_terms: Mapped[list[str]] = mapped_column(ARRAY(TEXT), deferred=True)

    def judge(self, seller_kind: str, profile: str | None, day: date) -> None:
        """Let the rules of that day decide about the terms, and keep what follows from them.

        Raises what `rules.judge` raises.
        """
        judgement = rules.judge(
            rules.Terms(
                profile=profile,
                seller_kind=seller_kind,
                transfer_mode=self.transfer_mode,
                license_manner=self.license_manner,
                price_fen=self.price_fen,
                deposit_fen=self.deposit_fen,
                disclosure_working_days=self.disclosure_working_days,
                prolong_working_days=self.prolong_working_days,
                prolongations_max=self.prolongations_max,
                negotiation=self.negotiation,
            ),
            day,
        )
        self.profile = judgement.profile.code
        self.rule_set = judgement.profile.rule_set
        notes = rules.notes_on_price(judgement.profile, self.appraisal_fen)
        codes = [one["code"] for one in self.requirements]
        rules.check_requirements(codes)
        published = "\n".join([self.conditions, *(one["text"] for one in self.requirements)])
        self.rule_notes = [*judgement.notes, *notes, *rules.pointing_notes(published)]
        self.exclusive = rules.is_exclusive(self.transfer_mode, self.license_manner)
        self.search_text = search_terms.search_text(self.title, self.summary)
        self.grams = search_terms.grams(self.search_text)
        self.ipc_terms = rules.ipc_terms(self.ipc)

    def change(self, given: dict[str, Any]) -> None:
        """Take changed terms over; None changes nothing, but takes a licence's manner away.

        Where the offer is no licence, a manner that is not given goes too.
        """
        for name, value in given.items():
            if value is not None and name not in {"license_manner", "licence_until"}:
                setattr(self, name, value.value if isinstance(value, StrEnum) else value)
        if given.get("price_approval"):
            approval = given["price_approval"]
            self.price_approval = approval | {"dated_on": str(approval["dated_on"])}
        if "license_manner" in given or self.transfer_mode != "license":
            self.license_manner = given.get("license_manner")
        if "licence_until" in given or self.transfer_mode != "license":
            self.licence_until = given.get("licence_until")

    def disclose(self, period: rules.Period, published_at: datetime) -> None:
        """Begin the disclosure period."""
        self.published_at = self.listed_at = published_at
        self.disclosure_from = period.disclosure_from
        if self.round == 1:
            self.first_disclosed_on = period.disclosure_from
        self.run(period, self.disclosure_working_days)

    def run(self, period: rules.Period, working_days: int) -> None:
        """Let a period of so many working days run."""
        self.counts_from = period.disclosure_from
        self.days_left = working_days
        self.closes_at = period.closes_at
        self.closes_provisional = period.provisional
        self.calendar_version = period.calendar_version

    def next_round(self) -> "Listing":
        """A draft with the same terms, in the next round of the chain."""
        kept = {name: getattr(self, name) for name in (*TERMS, *OBJECT)}
        own = {"state": "draft", "previous_id": self.id, "round": self.round + 1}
        return Listing(**kept | own | {"price_approval": None})

    def terms(self) -> dict[str, Any]:
        """The terms and what the rules noted about them, for the audit log."""
        return {name: getattr(self, name) for name in TERMS}

    def period(self) -> dict[str, Any]:
        """The end of the disclosure period and how it was counted, for the audit log."""
        return {name: getattr(self, name) for name in PERIOD}


class ListingClaim(Base):
    """A listing's claim on an achievement: its own, and each member of a package.

    Rows exist while the listing is live, and for good once it awarded an exclusive right; an
    exclusive claim is the only exclusive one.
    """

    __tablename__ = "listing_claim"
    __table_args__ = (
        Index(
            "uq_listing_claim_exclusive",
            "achievement_id",
            unique=True,
            postgresql_where=text("exclusive"),
        ),
        Index("ix_listing_claim_achievement", "achievement_id"),
    )

    listing_id: Mapped[UUID] = mapped_column(ForeignKey("listing.id"), primary_key=True)
    achievement_id: Mapped[UUID] = mapped_column(ForeignKey("achievement.id"), primary_key=True)
    exclusive: Mapped[bool]


class ListingCheck(Identified, Base):
    """An operator's check of what a guard could not decide, with the evidence; append-only."""

    __tablename__ = "listing_check"
    __table_args__ = (Index("ix_listing_check_listing", "listing_id", "id"),)

    listing_id: Mapped[UUID] = mapped_column(ForeignKey("listing.id"))
    code: Mapped[str]
    evidence: Mapped[str]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))


class ListingChange(Identified, Base):
    """A change of published terms, with the approval the seller has for it (rules.md C-7)."""

    __tablename__ = "listing_change"
    __table_args__ = (
        CheckConstraint("state IN ('proposed','published','refused')", name="state"),
        CheckConstraint("(state = 'published') = (published_at IS NOT NULL)", name="published_at"),
        Index("ix_listing_change_listing", "listing_id", "id"),
        Index(
            "uq_listing_change_proposed",
            "listing_id",
            unique=True,
            postgresql_where=text("state = 'proposed'"),
        ),
    )

    listing_id: Mapped[UUID] = mapped_column(ForeignKey("listing.id"))
    terms: Mapped[dict[str, Any]]
    reason: Mapped[str]
    approval: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=text("'proposed'"))
    decision: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    edition: Mapped[int | None]


class Application(Versioned, Base):
    """An enterprise's application to be a bidder (意向受让申请, rules.md C-14)."""

    __tablename__ = "listing_application"
    __table_args__ = (
        UniqueConstraint("listing_id", "applicant_id"),
        CheckConstraint(
            "state IN ('submitted','needs_correction','appealed','qualified','refused',"
            "'withdrawn')",
            name="state",
        ),
        CheckConstraint("state <> 'appealed' OR appeal IS NOT NULL", name="appeal"),
        Index(
            "ix_listing_application_due",
            "due_at",
            postgresql_where=text("state = 'submitted' AND overdue_at IS NULL"),
        ),
        Index("ix_listing_application_applicant", "applicant_id", "id"),
    )

    listing_id: Mapped[UUID] = mapped_column(ForeignKey("listing.id"))
    applicant_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    broker_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))
    statement: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=text("'submitted'"))
    reason: Mapped[str | None]
    reason_codes: Mapped[list[str]] = mapped_column(ARRAY(TEXT), server_default=text("'{}'"))
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    due_at: Mapped[datetime | None]
    overdue_at: Mapped[datetime | None]
    appeal: Mapped[str | None]
    appeal_decided_at: Mapped[datetime | None]
    terms_edition: Mapped[int] = mapped_column(server_default=text("1"))
    deposit_confirmed_at: Mapped[datetime | None]

    def may_bid(self, listing: Listing) -> bool:
        """Whether the applicant is qualified, has paid, and stands by the terms in force."""
        paid = listing.deposit_fen == 0 or self.deposit_confirmed_at is not None
        current = self.terms_edition == listing.terms_edition
        return self.state == "qualified" and paid and current

    def standing(self) -> dict[str, Any]:
        """Who applied to what, and how it stands, for the audit log."""
        return {
            "listing": self.listing_id,
            "applicant": self.applicant_id,
            "state": self.state,
            "reason": self.reason,
            "reason_codes": self.reason_codes,
            "deposit": self.deposit_confirmed_at,
        }


class ApplicationDocument(Identified, Base):
    """A file that shows an applicant meets a published condition; its bytes are in the store."""

    __tablename__ = "listing_application_document"
    __table_args__ = (
        UniqueConstraint("application_id", "sha256"),
        CheckConstraint("size_bytes > 0", name="size"),
    )

    application_id: Mapped[UUID] = mapped_column(ForeignKey("listing_application.id"))
    requirement: Mapped[str]
    name: Mapped[str]
    media_type: Mapped[str]
    size_bytes: Mapped[int]
    sha256: Mapped[str]
    uploaded_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
