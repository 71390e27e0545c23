"""Documents of a negotiation: read under the signed agreement, and every reading shown."""

from hashlib import sha256

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.contracts.trades import rows
from tests.market import Market
from tests.negotiations.test_negotiations import talks

SECRET = b"formula" * 1000


async def test_the_other_side_reads_after_it_signed_and_the_owner_sees_it(market: Market) -> None:
    made, seller, buyer = await talks(market)
    path = f"/negotiations/{made['id']}"
    file = {"file": ("../配方.pdf", SECRET, "application/pdf")}
    document = await seller.ok("POST", f"{path}/documents", files=file)
    assert (document["name"], document["sha256"]) == ("配方.pdf", sha256(SECRET).hexdigest())
    again = await seller.ok("POST", f"{path}/documents", files=file)
    assert again["id"] == document["id"]
    one = f"{path}/documents/{document['id']}"
    unsigned = await buyer.get(one)
    assert (unsigned.status_code, unsigned.json()["code"]) == (403, "nda_not_signed")
    nda = await buyer.ok("GET", f"{path}/nda")
    assert sha256(nda["text"].encode()).hexdigest() == nda["text_sha256"]
    stale = await buyer.post(f"{path}/nda", {"text_sha256": "0" * 64})
    assert (stale.status_code, stale.json()["code"]) == (409, "stale_nda")
    assert await rows(market, "negotiation_nda_signature", "negotiation_document_reading") == {
        "negotiation_nda_signature": [],
        "negotiation_document_reading": [],
    }
    for _ in range(2):
        signed = await buyer.ok("POST", f"{path}/nda", {"text_sha256": nda["text_sha256"]})
        assert signed["signed_by"] == [str(buyer.organisation_id)]
    read = await buyer.get(one)
    assert (read.content, read.headers["content-type"]) == (SECRET, "application/pdf")
    assert (await seller.get(one)).content == SECRET
    [reading] = (await seller.ok("GET", f"{one}/readings"))["items"]
    assert (reading["party_id"], reading["person_id"]) == (
        str(buyer.organisation_id),
        str(buyer.person_id),
    )
    assert (await buyer.get(f"{one}/readings")).status_code == 404
    stranger = await market.join("enterprise")
    assert (await stranger.get(one)).status_code == 404
    for table in ("negotiation_document_reading", "negotiation_nda_signature"):
        async with market.sessions() as session:
            with pytest.raises(DBAPIError, match="append-only"):
                await session.execute(text(f"DELETE FROM {table}"))


async def test_documents_come_while_the_negotiation_is_open(market: Market) -> None:
    made, seller, buyer = await talks(market)
    path = f"/negotiations/{made['id']}"
    empty = await seller.post(f"{path}/documents", files={"file": ("a.txt", b"")})
    assert (empty.status_code, empty.json()["code"]) == (422, "file_empty")
    await buyer.ok("POST", f"{path}/end", {"reason": "另有安排"})
    late = await seller.post(f"{path}/documents", files={"file": ("a.txt", b"a")})
    assert (late.status_code, late.json()["code"]) == (409, "illegal_move")
    assert await buyer.ok("GET", f"{path}/documents") == []
