"""A year of the nation: 1,000,000 registered contracts counted, looked at, exported.

Dashboard: all dimensions and the matrix of flows over a year from the aggregates, against the same
figures by plain GROUP BYs over the journal; the answers must be equal. Some lines still wait for
their aggregates, as in a running market.

Registrations: the use case that decides and numbers, one office and 31 offices, each with 31 at
once, against as many bare INSERTs; then the job that counts each of them, against the same.

Exports: 1,000,000 rows as CSV and XLSX over HTTP from a server process that does nothing
else, whose peak memory is given, against COPY of the same rows.

`python -m bench.statistics 20000` takes a smaller year.
"""

import asyncio
import http.client
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import cycle
from statistics import median
from typing import Any
from uuid import UUID

import orjson
import psycopg
import uvloop

from app.kit import clock
from app.kit.actor import Actor
from app.kit.db import Sessions, make_engine, make_sessions
from app.registrations import imports
from app.registrations import service as registrations
from app.registrations.schemas import Decision
from app.sample.handed_in import handed_in
from app.statistics import repository
from app.statistics import service as counting
from app.statistics.rules import Sums
from app.statistics.states import DIMENSIONS, FLOW, TOTAL
from bench import exporting, load
from bench.exporting import FIRST, LAST
from bench.harness import figure, own_mib, say, scratch_database

CONTRACTS = 1_000_000
UNITS = 60_000
WAITING = 1_000
OFFICES = 31
DECISIONS = 620
LOOKS = 9
PLAIN_LOOKS = 3
LIMIT_MIB = 300

PROVINCES = (
    "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65"
)
FIELDS = (
    "electronics_information aerospace advanced_manufacturing biology_medicine_devices"
    " new_materials new_energy_efficiency environment_resources nuclear_application agriculture"
    " modern_transport urban_social_development"
)
SUB_CLASSES = (
    "development.commissioned development.joint transfer.patent_right transfer.know_how"
    " license.patent_license license.know_how_license consulting service.service service.training"
)
KINDS = "enterprise research_institute university medical other_institution government"
"""Words that SQL takes apart."""

YEAR = """
INSERT INTO statistics_entry (id, registration_id, revision, sign, booked_month, number,
  contract_class, sub_class, technical_field, ip_type, plan_category, objective, total_fen,
  technical_fen, seller_id, seller_kind, seller_region, buyer_id, buyer_kind, buyer_region,
  office_id, registered_at, registered_on, signed_at)
SELECT uuidv7(), uuidv7(), 1, 1, date_trunc('month', day), '2025' || seller_region || n10,
  split_part(sub_class, '.', 1), sub_class, field, ip_type, plan, lpad(objective::text, 2, '0'),
  total, total * 8 / 10, lpad(to_hex(seller), 32, '0')::uuid, seller_kind, seller_region,
  lpad(to_hex(buyer + 1000000), 32, '0')::uuid, buyer_kind, buyer_region, uuidv7(),
  day + time '04:00', day, day - 20 + time '04:00'
FROM (SELECT lpad(n::text, 6, '0') AS n10, date '2025-01-01' + (n %% 365)::int AS day,
  (string_to_array(%(subs)s, ' '))[1 + (9 * pow(random(), 1.5))::int %% 9] AS sub_class,
  (string_to_array(%(fields)s, ' '))[1 + (11 * pow(random(), 1.3))::int %% 11] AS field,
  (ARRAY['none', 'know_how', 'patent.invention', 'software_copyright'])[1 + (random() * 3)::int]
    AS ip_type,
  (ARRAY['outside_plan', 'province', 'national.other', 'ministry'])[1 + (3 * pow(random(), 3))::int]
    AS plan,
  1 + (random() * 12)::int AS objective,
  (1000000 + 500000000 * pow(random(), 6))::bigint AS total,
  (random() * %(units)s)::int AS seller, (random() * %(units)s)::int AS buyer,
  (string_to_array(%(kinds)s, ' '))[1 + (6 * pow(random(), 3))::int %% 6] AS seller_kind,
  (string_to_array(%(kinds)s, ' '))[1 + (6 * pow(random(), 3))::int %% 6] AS buyer_kind,
  (string_to_array(%(provinces)s, ' '))[1 + (31 * pow(random(), 1.5))::int %% 31] || '0000'
    AS seller_region,
  (string_to_array(%(provinces)s, ' '))[1 + (31 * random())::int %% 31] || '0000' AS buyer_region
  FROM generate_series(1, %(contracts)s) AS n) AS made
"""

WAIT = """
INSERT INTO statistics_pending SELECT id FROM statistics_entry ORDER BY id DESC LIMIT %(waiting)s
"""

OFFICE = """
WITH o AS (INSERT INTO organisation (id, kind, name, credit_code, region_code, state)
  SELECT uuidv7(), 'registration_office', 'office ' || n, 'office ' || n, n || '0100', 'active'
  FROM unnest(string_to_array(%(provinces)s, ' ')) AS n RETURNING id, region_code)
INSERT INTO registration_office (organisation_id, region4, point)
SELECT id, left(region_code, 2) || '01', '07' FROM o RETURNING organisation_id, region4 || '00'
"""

REGISTRARS = """
WITH p AS (INSERT INTO person (id, login, name, password_hash)
  SELECT uuidv7(), 'registrar' || n, 'registrar ' || n, '' FROM generate_series(1, 2) AS n
  RETURNING id), m AS (INSERT INTO membership (id, person_id, organisation_id, roles)
  SELECT uuidv7(), p.id, o.organisation_id, ARRAY['registrar'] FROM p, registration_office AS o)
SELECT id FROM p
"""


def fill(database_url: str, contracts: int) -> None:
    """The year's lines; keys that point out of the journal are not checked."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("SELECT setseed(0.25)")
        connection.execute(
            YEAR,
            {
                "subs": SUB_CLASSES,
                "fields": FIELDS,
                "kinds": KINDS,
                "provinces": PROVINCES,
                "units": UNITS,
                "contracts": contracts,
            },
        )
        connection.execute("VACUUM ANALYZE statistics_entry")


async def aggregate(database_url: str) -> None:
    """Compute the aggregates; then have some lines wait for them, as in a running market."""
    engine = make_engine(database_url, pool_size=1)
    async with make_sessions(engine)() as session, session.begin():
        await counting.rebuild(session)
    await engine.dispose()


def let_wait(database_url: str) -> None:
    """Take the newest lines out of the aggregates, and let them wait."""
    with psycopg.connect(database_url) as connection:
        for dimension in DIMENSIONS:
            key = repository.key_of(dimension)
            connection.execute(
                "UPDATE statistics_cell AS c SET contracts = contracts - s.n,"
                " total_fen = c.total_fen - s.total, technical_fen = c.technical_fen - s.technical"
                f" FROM (SELECT date_trunc('month', registered_on)::date AS month, {key} AS key,"
                " count(*) AS n, sum(total_fen) AS total, sum(technical_fen) AS technical"
                " FROM (SELECT * FROM statistics_entry ORDER BY id DESC LIMIT %(waiting)s) AS e"
                " GROUP BY 1, 2) AS s WHERE c.month = s.month AND c.key = s.key"
                " AND c.dimension = %(dimension)s",
                {"waiting": WAITING, "dimension": dimension},
            )
        connection.execute(WAIT, {"waiting": WAITING})
        connection.commit()
        connection.autocommit = True
        connection.execute("VACUUM ANALYZE statistics_cell")


def plain_dashboard(connection: psycopg.Connection[Any]) -> dict[str, dict[str, Sums]]:
    """The same figures without aggregates: a plain GROUP BY for each dimension."""
    found: dict[str, dict[str, Sums]] = {}
    for dimension in DIMENSIONS:
        rows = connection.execute(
            f"SELECT {repository.key_of(dimension)}, sum(sign), sum(sign * total_fen),"
            " sum(sign * technical_fen) FROM statistics_entry AS e"
            " WHERE registered_on BETWEEN %s AND %s GROUP BY 1",
            [FIRST, LAST],
        ).fetchall()
        found[dimension] = {key: Sums(int(n), int(a), int(b)) for key, n, a, b in rows}
    return found


async def measure_dashboard(database_url: str) -> int:
    """Both ways in turn; returns 1 when they disagree or the aim of 50 times is missed."""
    engine = make_engine(database_url, pool_size=1)
    times: list[float] = []
    plain_times: list[float] = []
    with psycopg.connect(database_url, autocommit=True) as connection:
        async with make_sessions(engine)() as session:
            for look in range(LOOKS + 1):
                started = time.monotonic()
                found = await repository.live(session, DIMENSIONS, FIRST, LAST)
                times.append(time.monotonic() - started)
                if look < PLAIN_LOOKS + 1:
                    started = time.monotonic()
                    plain = plain_dashboard(connection)
                    plain_times.append(time.monotonic() - started)
                    assert found == plain, "the aggregates say something else than the journal"
    await engine.dispose()
    value, baseline = median(times[1:]), median(plain_times[1:])
    figure(
        "statistics_dashboard",
        value * 1000,
        "ms",
        baseline=("group_by_over_journal", baseline * 1000),
        higher_is_better=False,
    )
    cells = sum(len(keys) for keys in found.values())
    say(f"{cells} cells of {found[TOTAL][''].count} contracts, {len(found[FLOW])} flows")
    return int(baseline / value < 50)


Work = Callable[[Any], Awaitable[None]]


@dataclass(frozen=True)
class Office:
    """An office and its two registrars."""

    id: UUID
    region: str
    accepting: UUID
    deciding: UUID

    def actor(self, person: UUID) -> Actor:
        """One of the registrars at work."""
        return Actor(person, self.id, "registration_office", frozenset({"registrar"}))


async def at_once(work: Work, items: list[Any], workers: int) -> float:
    """Items a second, by so many workers."""
    waiting = iter(items)

    async def worker() -> None:
        for item in waiting:
            await work(item)

    started = time.monotonic()
    await asyncio.gather(*(worker() for _ in range(workers)))
    return len(items) / (time.monotonic() - started)


def offices(database_url: str) -> list[Office]:
    """One office in each province, with two registrars: one accepts, the other one decides."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        rows = connection.execute(OFFICE, {"provinces": PROVINCES}).fetchall()
        first, second = connection.execute(REGISTRARS).fetchall()
        connection.execute("CREATE TABLE bare AS SELECT * FROM statistics_entry WHERE false")
        connection.execute("ALTER TABLE bare ADD PRIMARY KEY (id)")
    return [Office(row[0], row[1], first[0], second[0]) for row in rows]


async def accepted(sessions: Sessions, of: list[Office], start: int) -> list[tuple[Office, UUID]]:
    """Contracts that were handed in and accepted, of each office as many, in turn."""
    each = DECISIONS // len(of)
    found = []
    for turn, office in enumerate(of):
        first = start + turn * each
        rows = [handed_in(n, region=office.region) for n in range(first, first + each)]
        actor = office.actor(office.accepting)
        async with sessions() as session, session.begin():
            taken = await imports.take_in(
                session, actor, b"\n".join(map(orjson.dumps, rows)), "jsonl", "en"
            )
            assert taken.taken == each, taken.rows[0]
            ids = [one.registration_id for one in taken.rows if one.registration_id]
            decisions = [Decision(registration_id=one, act="accept") for one in ids]
            done = await imports.decide(session, actor, decisions, "en")
            assert {one.outcome for one in done} == {"done"}, done[0]
        found.append([(office, one) for one in ids])
    return [one for together in zip(*found, strict=True) for one in together]


async def measure_registrations(database_url: str) -> None:
    """Deciding at one office and at all, counting, and bare INSERTs by as many connections."""
    all_offices = offices(database_url)
    engine = make_engine(database_url, pool_size=OFFICES)
    sessions = make_sessions(engine)
    bare = await bare_inserts(database_url)
    ways = (("one_office", all_offices[:1]), ("31_offices", all_offices))
    for start, (name, of) in enumerate(ways):
        waiting = await accepted(sessions, of, start * DECISIONS)
        rate = await at_once(_decide(sessions), waiting, OFFICES)
        figure(f"register_{name}", rate, "registrations/s", baseline=("bare_insert", bare))
        numbers(database_url, of)
        counted = [registration_id for _, registration_id in waiting]
        rate = await at_once(_count(sessions), counted, OFFICES)
        figure(f"count_{name}", rate, "registrations/s", baseline=("bare_insert", bare))
    async with sessions() as session, session.begin():
        started = time.monotonic()
        now = await clock.now(session)
        await counting.compact(session, all_offices[0].id, now)
        say(f"{2 * DECISIONS + WAITING} lines compacted in {time.monotonic() - started:.2f} s")
    await engine.dispose()


def numbers(database_url: str, of: list[Office]) -> None:
    """Every office's numbers run from its first to its last one without a gap."""
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(
            "SELECT office_id, count(*), max(right(number, 6)::int) FROM registration"
            " WHERE number IS NOT NULL GROUP BY 1"
        ).fetchall()
    assert {row[0] for row in rows} >= {office.id for office in of}
    assert all(count == last for _, count, last in rows), rows


def _decide(sessions: Sessions) -> Work:
    async def decide(one: tuple[Office, UUID]) -> None:
        office, registration_id = one
        async with sessions() as session, session.begin():
            await registrations.register(session, office.actor(office.deciding), registration_id)

    return decide


def _count(sessions: Sessions) -> Work:
    async def count(registration_id: UUID) -> None:
        async with sessions() as session, session.begin():
            await counting.recount(session, registration_id)

    return count


async def bare_inserts(database_url: str) -> float:
    """One row of the journal's width after the other, each committed."""
    connect = psycopg.AsyncConnection.connect
    opened = [await connect(database_url, autocommit=True) for _ in range(OFFICES)]
    turns = cycle(opened)
    busy: dict[int, asyncio.Lock] = {}

    async def insert(_: int) -> None:
        connection = next(turns)
        async with busy.setdefault(id(connection), asyncio.Lock()):
            await connection.execute(
                "INSERT INTO bare (id, registration_id, total_fen) VALUES (uuidv7(), uuidv7(), 1)",
                prepare=True,
            )

    rate = await at_once(insert, list(range(DECISIONS)), OFFICES)
    for connection in opened:
        await connection.close()
    return rate


def download(port: int, output: str) -> tuple[int, float]:
    """Bytes of an export, and seconds."""
    started = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", f"/bench/export/{output}")
    answer = connection.getresponse()
    size = 0
    while chunk := answer.read(1 << 20):
        size += len(chunk)
    connection.close()
    return size, time.monotonic() - started


def copied(database_url: str) -> float:
    """Seconds of a bare COPY of the same columns."""
    columns = ", ".join(one for one in repository.EXPORTED if one != "signed_on")
    started = time.monotonic()
    with (
        psycopg.connect(database_url) as connection,
        connection.cursor().copy(
            f"COPY (SELECT {columns}, signed_at FROM statistics_entry"
            " ORDER BY registered_on, number) TO STDOUT (FORMAT csv)"
        ) as rows,
    ):
        for _ in rows:
            pass
    return time.monotonic() - started


def measure_exports(database_url: str, contracts: int) -> int:
    """Both forms; returns 1 when the server needed more memory than it may."""
    baseline = contracts / copied(database_url)
    highest = 0.0
    for output in ("csv", "xlsx"):
        with exporting.server(database_url) as (port, pid):
            size, took = download(port, output)
            peak = load.peak_mib(pid)
        figure(
            f"export_{output}",
            contracts / took,
            "rows/s",
            baseline=("copy", baseline),
            peak_mib=peak,
        )
        say(f"{output}: {size / 2**20:.0f} MiB in {took:.0f} s, peak {peak:.0f} MiB")
        highest = max(highest, peak)
    return int(highest > LIMIT_MIB)


def main() -> int:
    """Measure and print."""
    contracts = int(sys.argv[1]) if len(sys.argv) > 1 else CONTRACTS
    with scratch_database() as database_url:
        started = time.monotonic()
        fill(database_url, contracts)
        say(f"{contracts} lines made in {time.monotonic() - started:.0f} s")
        started = time.monotonic()
        uvloop.run(aggregate(database_url))
        say(f"aggregates computed in {time.monotonic() - started:.0f} s")
        let_wait(database_url)
        failed = uvloop.run(measure_dashboard(database_url))
        failed |= measure_exports(database_url, contracts)
        uvloop.run(measure_registrations(database_url))
        say(f"{own_mib():.0f} MiB in the benchmark's own process")
        return failed


if __name__ == "__main__":
    raise SystemExit(main())
