"""`techmarket replay`: lines in, lines out."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from app.auctions.engine.profiles import PROFILES, Phase, Profile
from app.auctions.engine.replay import replay, schema
from app.cli import cli

LINE: dict[str, Any] = {
    "auction": "id",
    "profile": "ascending",
    "rules": {
        "start_fen": 9_900,
        "increments": [[0, 50], [500, 100], [10_000, 250]],
        "extension_s": 0,
        "proxy": True,
        "opens_at": "2026-03-02T09:00:00+08:00",
        "closes_at": "2026-03-02T18:00:00+08:00",
    },
    "bids": [
        {"at": "2026-03-02T09:30:00+08:00", "bidder": "b1", "amount_fen": 20_000},
        {"at": "2026-03-02T10:00:00+08:00", "bidder": "b2", "amount_fen": 17_500},
        {"at": "2026-03-02T11:00:00+08:00", "bidder": "b3", "amount_fen": 17_500},
        {"at": "2026-03-02T18:00:00+08:00", "bidder": "b3", "amount_fen": 90_000},
    ],
}
ANSWER = {
    "auction": "id",
    "state": "sold",
    "winner": "b1",
    "price_fen": 17_750,
    "accepted": 2,
    "refused": {"auction_closed": 1, "bid_too_low": 1},
    "ended_at": "2026-03-02T10:00:00Z",
}


def changed(**parts: Any) -> str:
    return json.dumps(LINE | parts)


def test_the_command_prints_a_line_per_auction() -> None:
    done = CliRunner().invoke(cli, ["replay", "-"], input=f"{changed()}\n\n{changed(auction='2')}")
    assert done.exit_code == 0
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        ANSWER,
        ANSWER | {"auction": "2"},
    ]
    assert done.stderr == ""


def test_a_malformed_line_gets_its_number_and_reason_and_the_others_run(tmp_path: Any) -> None:
    one = LINE["bids"][0]
    bad = [
        ("{", "Invalid JSON"),
        (changed(profile="silent"), "profile: 'silent' is not one of ascending"),
        (changed(bids=[one | {"amount_fen": 1.5}]), "bids.0.amount_fen: Input should be a valid"),
        (changed(bids=[one | {"at": 5}]), "bids.0.at: "),
        (changed(bids=[{"at": one["at"], "bidder": "x"}]), "bids.0: Value error, a bid needs"),
        (changed(bids=[one | {"bidder": None}]), "needs its bidder"),
        (changed(bids=[one | {"colour": "red"}]), "bids.0.colour: Extra inputs"),
        (changed(rules={}), "rules.closes_at: ascending needs it; rules.increments"),
        (
            changed(rules=LINE["rules"] | {"reserve_commitment": "0" * 64}),
            "must open the published commitment",
        ),
    ]
    path = tmp_path / "bids.jsonl"
    lines = [line.encode() for line, _ in bad] + [b"\xff\xfe", changed().encode()]
    path.write_bytes(b"\n".join(lines))
    done = CliRunner().invoke(cli, ["replay", str(path)])
    assert done.exit_code == 1
    assert json.loads(done.stdout) == ANSWER
    told = done.stderr.splitlines()
    assert len(told) == len(bad) + 1
    for number, (line, (_, reason)) in enumerate(zip(told, bad, strict=False), start=1):
        assert line.startswith(f"line {number}: ")
        assert reason in line


def test_a_missing_file_or_none_is_a_usage_error() -> None:
    assert CliRunner().invoke(cli, ["replay"]).exit_code == 2
    assert CliRunner().invoke(cli, ["replay", "no-such-file"]).exit_code == 2


def test_a_repeated_request_counts_once_and_a_reused_id_is_refused() -> None:
    one = LINE["bids"][0] | {"request_id": "r"}
    line = changed(bids=[one, one, one | {"amount_fen": 99_999}, one | {"bidder": "b9"}])
    (answer,) = replay([line.encode()])
    assert answer.text is not None
    told = json.loads(answer.text)
    assert (told["accepted"], told["refused"]) == (2, {"request_id_reused": 1})


def test_lines_are_read_one_by_one() -> None:
    read = []

    def lines() -> Any:
        for number in range(3):
            read.append(number)
            yield changed().encode()

    answers = replay(lines())
    next(answers)
    assert read == [0]


def test_the_schema_takes_what_the_engine_takes() -> None:
    printed = CliRunner().invoke(cli, ["replay", "--schema"])
    document = json.loads(printed.stdout)
    assert document == json.loads(json.dumps(schema()))
    Draft202012Validator.check_schema(document)
    validator = Draft202012Validator(document)
    assert list(validator.iter_errors(LINE)) == []
    for wrong in (
        LINE | {"profile": "silent"},
        LINE | {"rules": LINE["rules"] | {"units": 5}},
        LINE | {"rules": {}},
        LINE | {"profile": "online_2016"},
        {"auction": "x"},
    ):
        assert not validator.is_valid(wrong)
    assert set(PROFILES) <= set(document["$defs"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"required": {"units"}}, "required but not taken"),
        ({"fixed": {"opens_at": 1}}, "fixed and taken"),
        ({"repeat": True}, "only a phase of turns"),
        ({"phases": [{"name": "x", "takes": "open_bids", "ends": "at_closes_at"}] * 2}, "same"),
        ({"phases": [{"name": "x", "takes": "gifts", "ends": "at_closes_at"}]}, "open_bids"),
    ],
)
def test_a_profile_that_contradicts_itself_is_refused(change: Any, words: str) -> None:
    good = PROFILES["sealed_once"].model_dump()
    assert Profile.model_validate(good) == PROFILES["sealed_once"]
    assert isinstance(PROFILES["sealed_once"].phases[0], Phase)
    with pytest.raises(ValueError, match=words):
        Profile.model_validate(good | change)
