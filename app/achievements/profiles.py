"""Achievements as offers of the information-publication standard, for others to take."""

from collections.abc import AsyncIterator

import orjson

from app.achievements import offers, repository
from app.achievements.states import AchievementState, Secrecy
from app.kit.db import Sessions
from app.parties import service as parties

EXPORT_BATCH = 500
profile = offers.profile


async def export(sessions: Sessions) -> AsyncIterator[bytes]:
    """Profiles of all achievements that everyone may see, as JSON Lines, the newest first.

    Every batch is read in a transaction of its own, so that a slow reader holds none.
    """
    chosen = repository.Filter(
        states=[AchievementState.PUBLISHED.value], secrecies=[Secrecy.PUBLIC.value]
    )
    after = None
    while True:
        async with sessions() as session:
            rows = await repository.achievements(
                session, chosen, sort="newest", after=after, limit=EXPORT_BATCH
            )
            posters = await parties.facts_of(session, [row.lead_party_id for row in rows])
        if rows:
            yield b"".join(
                orjson.dumps(profile(row, posters[row.lead_party_id])) + b"\n" for row in rows
            )
        if len(rows) < EXPORT_BATCH:
            return
        after = [rows[-1].id]
