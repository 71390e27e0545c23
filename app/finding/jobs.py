"""What runs later in the finding module; indexing has a loop of its own."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.finding import indexing, rules, service, sources
from app.kit import mail
from app.kit.deadlines import Deadline
from app.kit.jobs import job
from app.kit.settings import Settings
from search.definition import definition
from search.embedded import SessionIndex

DEADLINES: tuple[Deadline, ...] = ()
CALENDAR_JOBS: tuple[str, ...] = ()
JOBS = (mail.SEND,)


@job(indexing.MATCH, with_settings=True)
async def match(
    session: AsyncSession, now: datetime, settings: Settings, *, documents: list[str]
) -> None:
    """Tell the search alerts that these documents answer."""
    del now
    found = await sources.documents(session, [rules.object_of(one) for one in documents])
    if found:
        titles = {one.id: one.title for one in found.values()}
        index = SessionIndex(session, definition())
        await service.match(session, index, titles, settings.public_url)
