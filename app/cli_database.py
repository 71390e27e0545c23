"""The database of a command: the configured one, or the embedded one while the command runs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from app.kit import migrate
from app.kit.embedded import EmbeddedPostgres
from app.kit.settings import Settings

DATABASE = "market"
LOADING = "market_loading"


class Database(NamedTuple):
    """A database's address, and the embedded server behind it if it is ours."""

    url: str
    server: EmbeddedPostgres | None


@contextmanager
def database(
    chosen: Settings,
    prepare: Callable[[str], None] = migrate.upgrade,
    *,
    stop_always: bool = False,
) -> Iterator[Database]:
    """The database; starts the embedded one when none is configured.

    A new embedded database is prepared under another name and put in place whole, so that an
    interrupted first start leaves nothing half-made.
    Whoever started the embedded server stops it; `stop_always` also stops one that an earlier
    process left behind when it was killed.
    """
    if chosen.database_url:
        yield Database(chosen.database_url, None)
        return
    server = EmbeddedPostgres(chosen.data_dir / "postgres")
    server.start()
    try:
        if not server.has_database(DATABASE):
            server.create_database(LOADING)
            prepare(server.url(LOADING))
            server.rename_database(LOADING, DATABASE)
        yield Database(server.url(DATABASE), server)
    finally:
        if stop_always or server.started_here:
            server.stop()
