"""Outgoing mail: deferred in the caller's transaction, sent by the worker.

By default a mail is written as a file below `data_dir`, by setting it goes to an SMTP server. A
mail can be sent twice, when the worker dies between the sending and its note of it; its
Message-ID then is the same.
"""

from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Protocol

import aiosmtplib
from anyio import to_thread
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit import clock, jobs
from app.kit.ids import new_id
from app.kit.settings import Settings

SEND = "mail.send"
TIMEOUT_S = 30.0


class Sender(Protocol):
    """Takes a message to its readers, or raises."""

    async def send(self, message: EmailMessage) -> None:
        """Send one message."""


@dataclass(frozen=True)
class FileSender:
    """Writes each mail as an .eml file, named by its Message-ID."""

    directory: Path

    async def send(self, message: EmailMessage) -> None:
        """Write one message; a second time writes the same file."""
        await to_thread.run_sync(self._write, message)

    def _write(self, message: EmailMessage) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        name = str(message["Message-ID"]).strip("<>").partition("@")[0]
        part = self.directory / f"{name}.part"
        part.write_bytes(message.as_bytes())
        part.replace(self.directory / f"{name}.eml")


@dataclass(frozen=True)
class SmtpSender:
    """Hands each mail to an SMTP server."""

    settings: Settings

    async def send(self, message: EmailMessage) -> None:
        """Send one message; raises aiosmtplib's errors, so that the job is tried again."""
        chosen = self.settings
        await aiosmtplib.send(
            message,
            hostname=chosen.smtp_host,
            port=chosen.smtp_port,
            username=chosen.smtp_user or None,
            password=chosen.smtp_password.get_secret_value() or None,
            use_tls=chosen.smtp_tls == "tls",
            start_tls=chosen.smtp_tls == "starttls",
            timeout=TIMEOUT_S,
        )


def sender(settings: Settings) -> Sender:
    """The way that the settings name."""
    if settings.mail == "smtp":
        return SmtpSender(settings)
    return FileSender(settings.data_dir / "mail")


def is_address(text: str) -> bool:
    """Whether the text can be written to: one plain mail address."""
    name, at, host = text.rpartition("@")
    return bool(
        at
        and name
        and host.strip(".")
        and text.isascii()
        and text.isprintable()
        and not set(text) & set(' ,;:<>()[]"\\@') - {"@"}
        and text.count("@") == 1
    )


async def defer(session: AsyncSession, to: str, subject: str, text: str) -> None:
    """Send a mail once the caller's transaction has committed."""
    await jobs.defer(
        session,
        SEND,
        to=to,
        subject=subject,
        text=text,
        message_id=new_id().hex,
        date=format_datetime(await clock.real_now(session)),
    )


@jobs.effect(SEND)
async def send(
    settings: Settings, *, to: str, subject: str, text: str, message_id: str, date: str
) -> None:
    """Write the message and send it."""
    message = EmailMessage()
    message["From"] = settings.mail_from
    message["To"] = Address(addr_spec=to)
    message["Subject"] = subject
    message["Date"] = date
    message["Message-ID"] = f"<{message_id}@{settings.mail_from.rpartition('@')[2]}>"
    message.set_content(text)
    await sender(settings).send(message)
