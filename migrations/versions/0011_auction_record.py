"""The hash chain of every auction, and its events that are not bids.

Chains of auctions that exist already are made here from their rows, by the same canonical form as
the application's (docs/guide/record.md). Their digests prove nothing about the time before.
"""

import json
from datetime import UTC, datetime
from hashlib import sha256

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "auction_event",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("market_now()"),
            nullable=False,
        ),
        sa.Column(
            "auction_id",
            sa.Uuid,
            sa.ForeignKey("auction.id", name="fk_auction_event_auction_id"),
            nullable=False,
        ),
        sa.Column("after_sequence", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("payload", JSONB, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint(
            "auction_id",
            "after_sequence",
            "kind",
            name="uq_auction_event_auction_id_after_sequence_kind",
        ),
        sa.CheckConstraint("kind IN ('scheduled','opened','sold','failed')", name="kind"),
        sa.CheckConstraint("after_sequence >= 0", name="after_sequence"),
        sa.CheckConstraint("octet_length(digest) = 32", name="digest"),
    )
    op.add_column("auction", sa.Column("chain_head", sa.LargeBinary))
    op.add_column("bid", sa.Column("digest", sa.LargeBinary))
    op.execute("ALTER TABLE bid DISABLE TRIGGER bid_append_only")
    connection = op.get_bind()
    for auction in connection.execute(sa.text("SELECT * FROM auction")).mappings().all():
        _chain(connection, auction)
    op.execute("ALTER TABLE bid ENABLE TRIGGER bid_append_only")
    op.alter_column("auction", "chain_head", nullable=False)
    op.alter_column("bid", "digest", nullable=False)
    op.create_check_constraint("chain_head", "auction", "octet_length(chain_head) = 32")
    op.create_check_constraint("digest", "bid", "octet_length(digest) = 32")
    op.execute(
        "CREATE TRIGGER auction_event_append_only"
        " BEFORE UPDATE OR DELETE OR TRUNCATE ON auction_event"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def _chain(connection: sa.Connection, auction: sa.RowMapping) -> None:
    """Make the chain of one auction: its digests, its events and its head."""
    head = bytes(32)
    bids = connection.execute(
        sa.text("SELECT * FROM bid WHERE auction_id = :id ORDER BY sequence"), {"id": auction["id"]}
    )
    early = True
    head = _event(connection, auction, head, _scheduled(connection, auction), "created_at")
    count = 0
    for bid in bids.mappings().all():
        if early and bid["refusal"] != "auction_not_open":
            early = False
            head = _event(connection, auction, head, _opened(auction, count), "opens_at")
        head = _follow(head, _bid(bid))
        connection.execute(
            sa.text("UPDATE bid SET digest = :digest WHERE id = :id"),
            {"digest": head, "id": bid["id"]},
        )
        count = bid["sequence"]
    if early and auction["state"] != "scheduled":
        head = _event(connection, auction, head, _opened(auction, count), "opens_at")
    if auction["state"] in {"sold", "failed"}:
        head = _event(connection, auction, head, _result(auction, count), "decided_at")
    connection.execute(
        sa.text("UPDATE auction SET chain_head = :head WHERE id = :id"),
        {"head": head, "id": auction["id"]},
    )


def _event(
    connection: sa.Connection, auction: sa.RowMapping, head: bytes, event: dict, at: str
) -> bytes:
    digest = _follow(head, event)
    connection.execute(
        sa.text(
            "INSERT INTO auction_event (id, auction_id, after_sequence, kind, at, payload, digest)"
            " VALUES (uuidv7(), :auction_id, :after, :kind, :at, CAST(:payload AS jsonb), :digest)"
        ),
        {
            "auction_id": auction["id"],
            "after": event["after_sequence"],
            "kind": event["kind"],
            "at": auction[at],
            "payload": json.dumps(event),
            "digest": digest,
        },
    )
    return digest


def _follow(head: bytes, event: dict) -> bytes:
    text = json.dumps(event, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256(head + text.encode()).digest()


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def _scheduled(connection: sa.Connection, auction: sa.RowMapping) -> dict:
    bidders = connection.execute(
        sa.text("SELECT count(*) FROM auction_bidder WHERE auction_id = :id"), {"id": auction["id"]}
    )
    return {
        "kind": "scheduled",
        "after_sequence": 0,
        "at": _moment(auction["created_at"]),
        "auction_id": str(auction["id"]),
        "listing_id": str(auction["listing_id"]),
        "rule_set": auction["rule_set"],
        "start_fen": auction["start_fen"],
        "increment_fen": auction["increment_fen"],
        "extension_s": auction["extension_s"],
        "first_bid_at_start": auction["first_bid_at_start"],
        "opens_at": _moment(auction["opens_at"]),
        "ends_at": _moment(auction["planned_end"]),
        "bidders": bidders.scalar_one(),
    }


def _opened(auction: sa.RowMapping, count: int) -> dict:
    return {"kind": "opened", "after_sequence": count, "at": _moment(auction["opens_at"])}


def _bid(bid: sa.RowMapping) -> dict:
    return {
        "kind": "bid",
        "sequence": bid["sequence"],
        "number": bid["number"],
        "amount_fen": bid["amount_fen"],
        "received_at": _moment(bid["received_at"]),
        "accepted": bid["accepted"],
        "refusal": bid["refusal"],
        "required_fen": bid["required_fen"],
        "ends_at_after": _moment(bid["ends_at_after"]),
    }


def _result(auction: sa.RowMapping, count: int) -> dict:
    return {
        "kind": auction["state"],
        "after_sequence": count,
        "at": _moment(auction["decided_at"]),
        "number": auction["leading_number"],
        "price_fen": auction["price_fen"],
        "ends_at": _moment(auction["ends_at"]),
    }


def downgrade() -> None:
    op.drop_table("auction_event")
    op.drop_column("bid", "digest")
    op.drop_column("auction", "chain_head")
