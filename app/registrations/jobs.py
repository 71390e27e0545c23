"""What runs later or on a deadline in the registrations module."""

from datetime import datetime
from uuid import UUID

from anyio import to_thread
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.deadlines import Deadline
from app.kit.jobs import job
from app.kit.seals import Sealer
from app.kit.settings import Settings
from app.kit.signing import signing_key
from app.registrations import certificates, repository, service


@job("registrations.recount")
async def recount(session: AsyncSession, _now: datetime, *, year: int) -> None:
    """Count provisional due days anew after the calendar of a year was loaded."""
    del year  # any provisional day may reach it; those that do not stay as they are
    await service.recount_due(session)


@job("registrations.certify", with_settings=True)
async def certify(
    session: AsyncSession, now: datetime, settings: Settings, *, registration_id: str
) -> None:
    """Issue the certificate of a registration as it stands now, once."""
    key = await to_thread.run_sync(signing_key, settings)
    await certificates.issue(session, UUID(registration_id), Sealer(settings.public_url, key), now)


DEADLINES: tuple[Deadline, ...] = (
    Deadline("registrations.overdue", repository.overdue, service.mark_overdue),
)
CALENDAR_JOBS: tuple[str, ...] = ("registrations.recount",)
