"""What endpoints share that take files: they read bytes outside of any transaction."""

from collections.abc import AsyncIterator

from fastapi import Request
from starlette.datastructures import UploadFile

from app.kit.actor import Actor
from app.kit.errors import Unauthenticated
from app.kit.storage import READ_BYTES


async def signed_in(request: Request) -> Actor:
    """Who asks, found in a transaction of its own; raises Unauthenticated.

    An endpoint that takes a file has no `Uow`: a slow sender would hold its transaction open.
    """
    actor: Actor | None = await request.app.state.authenticate(request)
    if actor is None:
        raise Unauthenticated
    return actor


async def chunks(file: UploadFile) -> AsyncIterator[bytes]:
    """The bytes of an uploaded file, in pieces."""
    while chunk := await file.read(READ_BYTES):
        yield chunk
