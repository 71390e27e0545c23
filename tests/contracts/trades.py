"""Concluded deals and their contracts, for tests that begin after the auction."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import text

from app.kit import clock, jobs
from tests.market import Market, User

PATENT = {
    "type": "patent.invention",
    "number": "201710601862.3",
    "title": "一种钙钛矿太阳能电池的制备方法",
    "expires_on": "2037-07-21",
}
KNOW_HOW = {"type": "know_how", "title": "制备工艺"}


@dataclass
class Trade:
    """A deal with its parties and its contract."""

    seller: User
    buyer: User
    deal_id: str
    contract_id: str

    @property
    def path(self) -> str:
        return f"/contracts/{self.contract_id}"

    async def contract(self) -> dict[str, Any]:
        return await self.seller.ok("GET", self.path)

    async def edit(self, user: User, change: dict[str, Any]) -> dict[str, Any]:
        """An edit against the version in force, which must succeed."""
        read = await user.get(self.path)
        changed = await user.patch(self.path, change, read.headers["etag"])
        assert changed.status_code == 200, changed.text
        return changed.json()

    async def sign(self, *users: User) -> dict[str, Any]:
        """Signatures over the text in force."""
        shown = await self.contract()
        for user in users:
            shown = await user.ok(
                "POST", self.path + "/sign", {"text_sha256": shown["text_sha256"]}
            )
        return shown

    async def conclude(self) -> dict[str, Any]:
        """The contract, proposed and signed by both."""
        await self.seller.ok("POST", self.path + "/propose")
        return await self.sign(self.seller, self.buyer)


async def concluded(
    market: Market,
    *,
    transfer_mode: str = "assign",
    manner: str | None = None,
    rights: list[dict[str, Any]] | None = None,
    price_fen: int = 123_456_789,
    seller: User | None = None,
    buyer: User | None = None,
    method: str = "auction",
) -> Trade:
    """A deal whose publicity has passed, and the contract that was drafted from it.

    The achievement is posted over HTTP; the deal's row and its awarded listing are put in without
    an auction, which these modules do not look at.
    """
    seller = seller or await market.join("university", f"甲大学 {uuid4().hex[:6]}")
    buyer = buyer or await market.join("enterprise", f"乙公司 {uuid4().hex[:6]}")
    made = await seller.ok(
        "POST",
        "/achievements",
        {
            "title": f"钙钛矿太阳能电池 {uuid4().hex[:6]}",
            "summary": "高效率的光伏器件及其制备方法",
            "ipc": ["H01L31/04"],
            "technical_field": "new_materials",
            "transfer_modes": [transfer_mode],
            "rights": [PATENT] if rights is None else rights,
        },
    )
    await seller.ok("POST", f"/achievements/{made['id']}/publish")
    async with market.sessions() as session, session.begin():
        await session.execute(text("SET LOCAL session_replication_role = replica"))
        listing = await session.execute(
            text(
                "INSERT INTO listing (id, achievement_id, seller_id, seller_name, title, summary,"
                " technical_field, ipc, region_code, transfer_mode, license_manner, exclusive,"
                " profile, rule_set, rule_notes, disclosure_working_days, price_fen, deposit_fen,"
                " increment_fen, extension_s, bidding_minutes, opens_after_minutes, conditions,"
                " state, published_at, disclosure_from, closes_at, calendar_version, closed_at,"
                " search_text, grams, ipc_terms)"
                " VALUES (uuidv7(), :achievement, :seller, '', :title, '', 'new_materials', '{}',"
                " '110000', :mode, :manner, false, 'UNIVERSITY_LISTING',"
                " 'LISTING_UNIVERSITY_2015', '{}', 5, :price, 0, 1, 300, 60, 0, '', 'awarded', :at,"
                " :at, :at, '', :at, '', '{}', '{}') RETURNING id"
            ),
            {
                "achievement": made["id"],
                "seller": seller.organisation_id,
                "title": made["title"],
                "mode": transfer_mode,
                "manner": (manner or "ordinary") if transfer_mode == "license" else None,
                "price": price_fen,
                "at": await clock.now(session) - timedelta(hours=1),
            },
        )
        row = await session.execute(
            text(
                "INSERT INTO deal (id, listing_id, auction_id, negotiation_id, achievement_id,"
                " seller_id, buyer_id, price_fen, transfer_mode, license_manner, title, method,"
                " state, concluded_at, publicity_from, publicity_working_days, publicity_ends_at,"
                " calendar_version, rule_set) VALUES (uuidv7(), :listing,"
                " CASE WHEN :method = 'auction' THEN uuidv7() END,"
                " CASE WHEN :method = 'negotiation' THEN uuidv7() END, :achievement, :seller,"
                " :buyer, :price, :mode, :manner, :title, :method, 'publicised', :at, :at, 5,"
                " :at, '',"
                " 'RESULT_2016') RETURNING id"
            ),
            {
                "listing": listing.scalar_one(),
                "achievement": made["id"],
                "seller": seller.organisation_id,
                "buyer": buyer.organisation_id,
                "price": price_fen,
                "mode": transfer_mode,
                "manner": manner,
                "title": made["title"],
                "method": method,
                "at": await clock.now(session) - timedelta(hours=1),
            },
        )
        deal_id = str(row.scalar_one())
        await jobs.defer(session, "contracts.draft", deal_id=deal_id)
    await market.settle()
    [contract] = (await seller.ok("GET", f"/contracts?deal_id={deal_id}"))["items"]
    return Trade(seller, buyer, deal_id, contract["id"])


async def signed(market: Market, **options: Any) -> Trade:
    """A concluded deal with a contract that both have signed."""
    trade = await concluded(market, **options)
    await trade.conclude()
    return trade


async def rows(market: Market, *tables: str) -> dict[str, Any]:
    """Everything in the tables, to compare before and after a refusal."""
    found = {}
    async with market.sessions() as session:
        for table in tables:
            query = text(f"SELECT coalesce(jsonb_agg(t ORDER BY t.*), '[]') FROM {table} t")
            found[table] = (await session.execute(query)).scalar_one()
    return found


async def audited(market: Market, object_id: str) -> list[str]:
    """What the audit log says was done with an object, in order."""
    async with market.sessions() as session:
        found = await session.execute(
            text("SELECT action FROM audit_event WHERE object_id = :id ORDER BY id"),
            {"id": object_id},
        )
        return list(found.scalars())
