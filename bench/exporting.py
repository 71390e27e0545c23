"""A server that exports the journal and does nothing else, so that its memory is the export's.

Run by the benchmark of statistics: `python -m bench.exporting <database url> <port>`.
"""

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import date

from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse

from app.kit.db import make_engine, make_sessions
from app.kit.log import configure_logging
from app.kit.settings import Settings
from app.statistics import exports
from bench import load

FIRST, LAST = date(2025, 1, 1), date(2025, 12, 31)


async def lines(request: Request, output: str) -> Response:
    """What the export answers with, without a login."""
    make = exports.lines_as_csv if output == "csv" else exports.lines_as_xlsx
    return StreamingResponse(make(request.app.state.sessions, FIRST, LAST))


def main() -> None:
    """Serve until terminated."""
    database_url, port = sys.argv[1:]
    configure_logging(Settings(mode="sandbox", log_level="warning", _env_file=None))

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        engine = make_engine(database_url, pool_size=2)
        app.state.sessions = make_sessions(engine)
        yield
        await engine.dispose()

    app = FastAPI(lifespan=life)
    app.add_api_route("/bench/export/{output}", lines)
    load.serve(app, int(port))


@contextmanager
def server(database_url: str) -> Iterator[tuple[int, int]]:
    """Such a server in a process of its own; gives its port and process id."""
    port = load.free_port()
    command = [sys.executable, "-m", "bench.exporting", database_url, str(port)]
    with subprocess.Popen(command) as process:
        try:
            load.wait_until_served(port)
            yield port, process.pid
        finally:
            process.terminate()


if __name__ == "__main__":
    main()
