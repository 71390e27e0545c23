"""Puts many objects into a database without the market's rules, as fast as tests need it."""

import random
from uuid import UUID

from sqlalchemy import text

from app.kit.db import Sessions
from tests.market import credit_code

ORGANISATION = text(
    "INSERT INTO organisation (id, kind, name, credit_code, region_code, state)"
    " VALUES (uuidv7(), 'university', '大学', :code, '110108', 'active') RETURNING id"
)
ACHIEVEMENTS = text(
    "INSERT INTO achievement (id, kind, title, title_key, summary, technical_field, ipc, trl,"
    " transfer_modes, secrecy, lead_party_id, state, public_from)"
    " SELECT uuidv7(), 'single', '锂电池隔膜第' || n || '号', gen_random_uuid(), '陶瓷涂覆',"
    " 'new_materials', ARRAY['H01M10/0525'], 6, ARRAY['license'], 'public', :owner, 'published',"
    " market_now() FROM generate_series(1, :count) n RETURNING id"
)
CHANGES = (
    "UPDATE achievement SET title = title || '改', version = version + 1 WHERE id = :id",
    "UPDATE achievement SET state = 'withdrawn', version = version + 1 WHERE id = :id",
    "UPDATE achievement SET state = 'published', version = version + 1 WHERE id = :id",
    "UPDATE achievement SET secrecy = 'internal', version = version + 1 WHERE id = :id",
)


async def stocked(sessions: Sessions, count: int) -> list[UUID]:
    """So many published achievements of a new university."""
    async with sessions() as session, session.begin():
        owner = await session.scalar(ORGANISATION, {"code": credit_code("12110000")})
        rows = await session.execute(ACHIEVEMENTS, {"owner": owner, "count": count})
        return list(rows.scalars())


async def change_some(sessions: Sessions, ids: list[UUID], seed: int, count: int) -> None:
    """Change, withdraw and publish achievements by chance; some transactions are rolled back."""
    chance = random.Random(seed)
    for _ in range(count):
        async with sessions() as session:
            await session.execute(text(chance.choice(CHANGES)), {"id": chance.choice(ids)})
            if chance.random() < 0.2:
                await session.rollback()
            else:
                await session.commit()
