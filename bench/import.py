"""Bulk import: rows per second against a bare COPY of the same rows, and peak memory.

A generated file of distinct patents is imported by a child process, with validation and
de-duplication, on a durable embedded PostgreSQL. The baseline, in the same run on the same server,
is a COPY of the rows that the import wrote (achievements, owners, rights) into tables of the same
columns without keys or indexes. TECHMARKET_BENCH_ROWS sets the number of rows.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil  # type: ignore[import-untyped]
import psycopg

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from app.achievements import imports  # noqa: E402
from app.kit import migrate  # noqa: E402
from app.kit.actor import Actor  # noqa: E402
from app.kit.db import make_engine, make_sessions  # noqa: E402
from app.kit.embedded import EmbeddedPostgres  # noqa: E402

ROWS = int(os.environ.get("TECHMARKET_BENCH_ROWS", "1000000"))
PARTY = UUID("01980000-0000-7000-8000-000000000001")
TABLES = ("achievement", "achievement_owner", "achievement_right")
MIB = 1024 * 1024
WORDS = ("一种", "基于", "用于", "智能", "高效", "装置", "方法", "系统", "电池", "材料", "传感器")


def figure(
    name: str, value: float, unit: str, *, baseline: tuple[str, float], peak_mib: float
) -> None:
    """Print one figure as a JSON line; the ratio is value to baseline."""
    line = {
        "name": name,
        "value": round(value, 1),
        "unit": unit,
        "baseline": {"name": baseline[0], "value": round(baseline[1], 1)},
        "ratio": round(value / baseline[1], 3),
        "peak_mib": round(peak_mib, 1),
    }
    print(json.dumps(line, ensure_ascii=False), flush=True)


def generate(path: Path, rows: int) -> None:
    """A file of distinct patents, shaped like the real ones: titles of about 25 characters."""
    subclasses = ("G06F", "H01M", "A61K", "C02F", "B60L", "H04L", "E04B", "F16H")
    with path.open("w", encoding="utf-8") as file:
        for n in range(rows):
            words = "".join(WORDS[(n // 11**i + i) % len(WORDS)] for i in range(7))
            file.write(
                f'{{"title":"{words}及其制备方法{n}","summary":"{words}的公开摘要。",'
                f'"ipc":["{subclasses[n % 8]}","{subclasses[n // 8 % 8]}"],"trl":{n % 9 + 1},'
                f'"transfer_modes":["license"],"rights":[{{"type":"patent.invention",'
                f'"number":"CN{100_000_000 + n}A"}}]}}\n'
            )


async def run_import(url: str, path: Path) -> dict[str, Any]:
    """In the child: one import, timed from its first to its last act, commit included."""
    actor = Actor(
        person_id=None,
        organisation_id=PARTY,
        organisation_kind="university",
        roles=frozenset({"trader"}),
    )
    engine = make_engine(url, pool_size=1)
    sessions = make_sessions(engine)
    started = time.perf_counter()
    with path.open("rb") as file:
        async with sessions() as session, session.begin():
            report = await imports.import_file(session, actor, file, "jsonl", dry_run=False)
    seconds = time.perf_counter() - started
    await engine.dispose()
    return {"seconds": seconds, "created": report.created}


def import_in_child(url: str, path: Path) -> tuple[float, float]:
    """Rows per second of the import, and the peak resident memory of its process in MiB."""
    process = subprocess.Popen(
        [sys.executable, __file__, "child", url, str(path)], stdout=subprocess.PIPE, text=True
    )
    watched = psutil.Process(process.pid)
    peak = 0
    while process.poll() is None:
        try:
            peak = max(peak, watched.memory_info().rss)
        except psutil.NoSuchProcess:
            break
        time.sleep(0.05)
    output, _ = process.communicate()
    if process.returncode != 0:
        raise RuntimeError("the import failed")
    result = json.loads(output.splitlines()[-1])
    peak = max(peak, result["peak_bytes"])
    assert result["created"] == ROWS
    return ROWS / result["seconds"], peak / MIB


def bare_copy(url: str, directory: Path) -> float:
    """Achievements per second when what the import wrote is only copied."""
    with psycopg.connect(url, autocommit=True) as connection:
        for table in TABLES:
            connection.execute(f"CREATE TABLE bare_{table} AS TABLE {table} WITH NO DATA")
            with (
                (directory / table).open("wb") as file,
                connection.cursor().copy(f"COPY {table} TO STDOUT") as copy,
            ):
                for block in copy:
                    file.write(block)
        connection.execute("CHECKPOINT")
    with psycopg.connect(url) as connection:
        started = time.perf_counter()
        for table in TABLES:
            with (
                (directory / table).open("rb") as file,
                connection.cursor().copy(f"COPY bare_{table} FROM STDIN") as copy,
            ):
                while block := file.read(256 * 1024):
                    copy.write(block)
        connection.commit()
        return ROWS / (time.perf_counter() - started)


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="tm-bench-") as place:
        directory = Path(place)
        path = directory / "rows.jsonl"
        generate(path, ROWS)
        server = EmbeddedPostgres(directory / "pg", durable=True)
        server.start()
        try:
            url = server.url()
            migrate.upgrade(url)
            with psycopg.connect(url) as connection:
                connection.execute(
                    "INSERT INTO organisation (id, kind, name, credit_code, region_code, state)"
                    " VALUES (%s, 'university', 'bench', 'bench', '110108', 'active')",
                    (PARTY,),
                )
            imported, peak = import_in_child(url, path)
            copied = bare_copy(url, directory)
        finally:
            server.stop()
    figure(
        "import.rows_per_second",
        imported,
        "rows/s",
        baseline=("bare COPY of the same rows", copied),
        peak_mib=peak,
    )
    figure(
        f"import.peak_memory_{ROWS}_rows",
        peak,
        "MiB",
        baseline=("limit", 300.0),
        peak_mib=peak,
    )


def child() -> None:
    """The importing process; prints its time and its own peak."""
    result = asyncio.run(run_import(sys.argv[2], Path(sys.argv[3])))
    with Path("/proc/self/status").open() as file:
        peaks = [int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM")]
    print(json.dumps(result | {"peak_bytes": max(peaks, default=0)}))


if __name__ == "__main__":
    if sys.argv[1:2] == ["child"]:
        child()
    else:
        main()
