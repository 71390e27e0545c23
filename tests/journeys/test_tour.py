"""The tour of the guide, pasted as printed, against a market that loaded its sample."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.market import API
from tests.server import ROOT, LiveServer, free_port

TOUR = ROOT / "docs" / "guide" / "tour.md"
BIDDING = ROOT / "docs" / "guide" / "bidding.md"
REGISTRAR = ROOT / "docs" / "guide" / "registrar.md"
BROKER = ROOT / "docs" / "guide" / "broker.md"
FLAGS = ("--sandbox", "--ephemeral-opening-key")
SETTINGS = {"TECHMARKET_MODE": "sandbox", "TECHMARKET_WEBHOOK_PRIVATE_ADDRESSES": "true"}
"""The guide to brokers' work posts webhooks to a receiver of its own."""
NUMBER = re.compile(r"(?<=\[\()\d|^\d(?= )")
FENCE = re.compile(r"^```(bash|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
REFUSAL = re.compile(r'^(\d{3} [a-z0-9_]+) - |^ +"code": "([a-z0-9_]+)",$', re.MULTILINE)
DIFFERS = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT[0-9:.]+Z")
MARK = "@@ block "
LOADING_TIMEOUT_S = 480.0
TOUR_TIMEOUT_S = 480.0
OPEN_TO_ALL = ("achievements", "listings", "auctions", "deals", "register")
FOR_PARTIES = ("contracts", "registrations")


@dataclass(frozen=True)
class Step:
    """One command block, and what the page says that it prints."""

    commands: str
    shown: str


def steps(page: Path = TOUR) -> list[Step]:
    """The blocks in their order; a `text` block shows what the `bash` block above it printed."""
    found: list[Step] = []
    for kind, content in FENCE.findall(page.read_text(encoding="utf-8")):
        if kind == "bash":
            found.append(Step(content, ""))
        else:
            assert found[-1].shown == "", f"two outputs of one block: {content}"
            found[-1] = Step(found[-1].commands, content)
    return found


def refusals(text: str) -> list[str]:
    """The refusals in an output, in their order."""
    return ["".join(groups) for groups in REFUSAL.findall(text)]


@dataclass(frozen=True)
class Walk:
    """A tour that was walked: the server it was walked on, and what every block printed."""

    server: LiveServer
    printed: list[str]

    @property
    def everything(self) -> str:
        return "".join(self.printed)

    def last(self, pattern: str) -> str:
        """The last thing printed that matches the pattern's group."""
        found = re.findall(pattern, self.everything, re.MULTILINE)
        assert found, f"{pattern} was not printed"
        return str(found[-1])


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    data_dir = tmp_path_factory.mktemp("tour")
    server = LiveServer(data_dir, free_port(), FLAGS, LOADING_TIMEOUT_S, settings=SETTINGS)
    try:
        server.start()
        yield Walk(server, walk(server.url))
    finally:
        server.stop()


def walk(url: str, page: Path = TOUR) -> list[str]:
    """Run all blocks in one shell that stops at the first failure; what each of them printed."""
    script = "".join(
        f"echo '{MARK}{number}'\n{step.commands}" for number, step in enumerate(steps(page))
    )
    ended = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", script],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "MARKET": url, "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=TOUR_TIMEOUT_S,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout[-4000:] + ended.stderr[-2000:]
    return re.split(rf"^{MARK}\d+\n", ended.stdout, flags=re.MULTILINE)[1:]


@pytest.mark.timeout(400)
def test_every_block_runs_as_printed_and_refuses_what_the_page_says(walked: Walk) -> None:
    told = steps()
    assert len(walked.printed) == len(told) > 20
    for step, printed in zip(told, walked.printed, strict=True):
        assert refusals(printed) == refusals(step.shown), step.commands
        assert bool(printed) == bool(step.shown), step.commands
    seen = refusals(walked.everything)
    assert {"bid_too_low", "409 bid_off_step", "409 auction_closed", "403 four_eyes"} <= set(seen)
    assert len(seen) > 20


@pytest.mark.timeout(400)
def test_the_trade_of_the_tour_is_registered_and_counted(walked: Walk) -> None:
    number = walked.last(r'^number: "(\d{16})"$')
    listed = re.findall(r"^(\d{16})  (.*)$", walked.everything, re.MULTILINE)
    assert (number, "一种高分子膜材料的制备方法") in listed
    counted = re.search(r"^counted before: (\d+), now: (\d+)$", walked.everything, re.MULTILINE)
    assert counted is not None
    before, now = map(int, counted.groups())
    assert (before > 30, now) == (True, before + 1)
    assert walked.last(r"^price_fen: (\d+)$") == "330000000"
    planned, ended = (walked.last(rf'^{name}: "(.*)"$') for name in ("planned_end", "ends_at"))
    assert planned < ended
    assert "\nnothing was written\n" in walked.everything
    assert "\none achievement: " in walked.everything


@pytest.mark.timeout(400)
def test_the_pages_that_the_tour_points_to_are_there_for_whom_it_says(walked: Walk) -> None:
    addresses = re.findall(rf"^{walked.server.url}/(\w+)/(\S+)$", walked.everything, re.MULTILINE)
    assert {kind for kind, _ in addresses} == {*OPEN_TO_ALL, *FOR_PARTIES}
    for kind, name in addresses:
        page = httpx.get(f"{walked.server.url}/{kind}/{name}", timeout=30)
        assert (page.status_code == 200) == (kind in OPEN_TO_ALL), (kind, page.status_code)


@pytest.mark.timeout(400)
def test_the_sample_has_an_auction_of_every_main_format(walked: Walk) -> None:
    address = f"{walked.server.url}{API}/auctions?limit=50"
    found = httpx.get(address, timeout=30).json()["items"]
    shown = {(one["format"], one["terms"].get("proxy", False)) for one in found}
    assert shown >= {
        ("ascending", True),
        ("free_then_limited", False),
        ("descending", False),
        ("sealed_once", False),
        ("weighted", False),
        ("multi_unit", False),
        ("package", False),
    }
    sold = [one for one in found if one["state"] == "sold"]
    assert {"ascending", "sealed_once"} <= {one["format"] for one in sold}


@pytest.mark.timeout(400)
def test_the_guide_to_bidding_runs_as_printed(walked: Walk) -> None:
    printed = walk(walked.server.url, BIDDING)
    result = printed[-1].splitlines()
    told = next(step for step in steps(BIDDING) if step.shown).shown.splitlines()
    # Numbers are drawn by lot, so the two may be the other way round than on the page.
    swapped = [NUMBER.sub(lambda found: str(3 - int(found[0])), line) for line in told]
    assert result[:3] in (told, swapped)
    assert len(result) == 8, result
    assert all(line.startswith("ok  ") for line in result[3:]), result


@pytest.mark.timeout(400)
def test_the_registrars_day_prints_what_the_page_says(walked: Walk) -> None:
    printed = walk(walked.server.url, REGISTRAR)
    told = steps(REGISTRAR)
    assert len(printed) == len(told) > 8
    for step, lines in zip(told, printed, strict=True):
        assert lines == step.shown, step.commands


@pytest.mark.timeout(400)
def test_a_brokers_day_runs_as_printed(walked: Walk) -> None:
    printed, told = walk(walked.server.url, BROKER), steps(BROKER)
    assert len(printed) == len(told) > 15
    for step, output in zip(told, printed, strict=True):
        assert refusals(output) == refusals(step.shown), step.commands
        assert blanked(output) == blanked(step.shown), step.commands
    assert refusals("".join(printed)) == [
        "403 scope_required",
        "403 not_the_client",
        "428 if_match_required",
        "403 own_listing",
        "403 broker_conflict",
        "403 nda_not_signed",
        "409 offer_superseded",
        "403 no_mandate",
    ]


def blanked(output: str) -> str:
    """An output without what differs from one day to another: ids and times."""
    return DIFFERS.sub("*", output)


@pytest.mark.timeout(400)
def test_a_second_start_keeps_the_trade_and_the_clock(walked: Walk) -> None:
    number = walked.last(r'^number: "(\d{16})"$')
    address = f"{walked.server.url}{API}/register/{number}"
    entry = httpx.get(address, timeout=30).json()
    clock = httpx.get(f"{walked.server.url}{API}/sandbox/clock", timeout=30).json()
    walked.server.stop()
    assert walked.server.process is not None
    assert walked.server.process.returncode == 0
    walked.server.start()
    assert httpx.get(address, timeout=30).json() == entry
    assert entry["number"] == number
    again = httpx.get(f"{walked.server.url}{API}/sandbox/clock", timeout=30).json()
    assert again["moved"] is True
    assert again["now"] > clock["now"]
