"""Mail as files and through a real SMTP server."""

import asyncio
from collections.abc import AsyncIterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, Envelope
from sqlalchemy import text

from app.kit import mail
from app.kit.db import Sessions
from app.kit.settings import Settings
from app.worker import drain_jobs


class Inbox:
    """Keeps what the server takes; refuses readers at full.example for good."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []

    async def handle_DATA(  # noqa: N802 - the server's name for it
        self, server: object, session: object, envelope: Envelope
    ) -> str:
        if any(address.endswith("@full.example") for address in envelope.rcpt_tos):
            return "452 mailbox full"
        self.envelopes.append(envelope)
        return "250 OK"


@pytest.fixture
async def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
async def smtp(inbox: Inbox, tmp_path: Path) -> AsyncIterator[Settings]:
    """Settings that point to a real server on a free port."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(inbox, loop=loop), "127.0.0.1", 0)
    yield Settings(
        data_dir=tmp_path,
        mail="smtp",
        mail_from="market@trade.example",
        smtp_host="127.0.0.1",
        smtp_port=server.sockets[0].getsockname()[1],
        _env_file=None,
    )
    server.close()


async def jobs_left(sessions: Sessions) -> int:
    async with sessions() as session:
        found = await session.execute(text("SELECT count(*) FROM procrastinate_jobs"))
        return int(found.scalar_one())


def parsed(content: bytes) -> EmailMessage:
    message = message_from_bytes(content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


async def test_a_mail_goes_to_the_smtp_server_after_the_commit(
    sessions: Sessions, database_url: str, smtp: Settings, inbox: Inbox
) -> None:
    async with sessions() as session, session.begin():
        await mail.defer(session, "tto@university.example", "成果授权", "您好\n")
    assert inbox.envelopes == []
    await drain_jobs(database_url, sessions, smtp)
    [envelope] = inbox.envelopes
    assert envelope.mail_from == "market@trade.example"
    assert envelope.rcpt_tos == ["tto@university.example"]
    assert isinstance(envelope.content, bytes)
    message = parsed(envelope.content)
    assert message["Subject"] == "成果授权"
    assert message.get_content().replace("\r\n", "\n").strip() == "您好"
    assert message["Message-ID"].endswith("@trade.example>")
    assert await jobs_left(sessions) == 0


async def test_a_mail_of_a_transaction_that_fails_is_never_sent(
    sessions: Sessions, database_url: str, smtp: Settings, inbox: Inbox
) -> None:
    async with sessions() as session:
        await mail.defer(session, "a@b.example", "x", "y")
        await session.rollback()
    await drain_jobs(database_url, sessions, smtp)
    assert inbox.envelopes == []


async def test_a_refused_mail_is_kept_for_another_try(
    sessions: Sessions, database_url: str, smtp: Settings, inbox: Inbox
) -> None:
    async with sessions() as session, session.begin():
        await mail.defer(session, "a@full.example", "x", "y")
    await drain_jobs(database_url, sessions, smtp)
    assert inbox.envelopes == []
    async with sessions() as session:
        row = (
            await session.execute(
                text("SELECT status::text, scheduled_at > now() FROM procrastinate_jobs")
            )
        ).one()
        assert tuple(row) == ("todo", True)


async def test_by_default_a_mail_is_a_file(
    sessions: Sessions, database_url: str, settings: Settings
) -> None:
    async with sessions() as session, session.begin():
        await mail.defer(session, "a@b.example", "标题", "正文")
    await drain_jobs(database_url, sessions, settings)
    [path] = (settings.data_dir / "mail").iterdir()
    assert path.suffix == ".eml"
    message = parsed(path.read_bytes())
    assert (message["To"], message["Subject"]) == ("a@b.example", "标题")
    assert message.get_content().strip() == "正文"


@pytest.mark.parametrize(
    ("contact", "right"),
    [
        ("tto@university.example", True),
        ("010-62780001", False),
        ("a@b@c.example", False),
        ("two@x.example, three@x.example", False),
        ("a@x.example\r\nBcc: b@x.example", False),
        ("张三@x.example", False),
        ("@x.example", False),
        ("a@", False),
        ("", False),
    ],
)
def test_only_a_plain_address_is_written_to(contact: str, right: bool) -> None:
    assert mail.is_address(contact) is right
