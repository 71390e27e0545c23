"""Postings: every movement of money is one balanced entry, posted once."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.actor import Actor
from app.kit.money import Fen
from app.ledger import repository
from app.ledger.repository import Pocket


async def post(
    session: AsyncSession,
    actor: Actor,
    key: str,
    moves: Mapping[Pocket, Fen],
    at: datetime,
    note: str = "",
) -> bool:
    """Write one entry; False, and nothing is written, when its key is posted already.

    `key` reads `object.verb:<id of the fact>`; amounts are in favour of the accounts' owners and
    sum to zero, those of 0 are left out. The database refuses an entry that is not balanced and
    one that takes more than there is.
    """
    changed = {pocket: fen for pocket, fen in moves.items() if fen}
    if sum(changed.values()) or not changed:
        raise ValueError(f"{key} is not balanced: {changed}")
    entry_id = await repository.write_entry(
        session,
        {
            "key": key,
            "act": key.partition(":")[0],
            "at": at,
            "note": note,
            "person_id": actor.person_id,
        },
    )
    if entry_id is None:
        return False
    ids = await repository.open_accounts(session, changed)
    await repository.write_lines(
        session, entry_id, {ids[pocket]: fen for pocket, fen in changed.items()}
    )
    return True


async def transfer(
    session: AsyncSession,
    actor: Actor,
    key: str,
    amount_fen: Fen,
    source: Pocket,
    target: Pocket,
    at: datetime,
    note: str = "",
) -> bool:
    """Move an amount from one account to another, as `post`."""
    moves = {source: -amount_fen, target: amount_fen}
    return await post(session, actor, key, moves, at, note)
