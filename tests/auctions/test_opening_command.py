"""The command `opening-key`, as officers and the keeper of the opening key use it."""

import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from typer.testing import CliRunner, Result

from app.auctions.sealing import AuctionKeys, key_matches, new_keys
from app.cli import cli
from app.kit.opening import KeyHolder, Officers, new_key_file

ENDS = datetime.fromisoformat("2026-03-03T09:00:00+08:00")
AUCTION = UUID("0198c7a2-6f0e-7c55-9a54-3d7f0f2a9f11")


def techmarket(*words: str | Path, answer: str | None = None) -> Result:
    return CliRunner().invoke(cli, ["opening-key", *map(str, words)], input=answer)


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A directory with the keys of three officers."""
    for name in "王李赵":
        done = techmarket("new", tmp_path / f"{name}.json")
        assert done.exit_code == 0, done.output
    return tmp_path


def custody_file(desk: Path, not_before: datetime = ENDS) -> AuctionKeys:
    keys = {
        name: bytes.fromhex(techmarket("public", desk / f"{name}.json").stdout.strip())
        for name in "王李赵"
    }
    made = new_keys(Officers(keys, 2), auction_id=AUCTION, not_before=not_before)
    (desk / "custody.json").write_text(json.dumps(made.custody))
    return made


def test_officers_open_an_auction_by_command(desk: Path) -> None:
    keys = custody_file(desk)
    for name in "王赵":
        done = techmarket("open-share", desk / "custody.json", "--key", desk / f"{name}.json")
        assert done.exit_code == 0, done.output
        (desk / f"share-{name}.json").write_text(done.stdout)
    shares = [desk / "share-王.json", desk / "share-赵.json"]
    done = techmarket("rebuild", desk / "custody.json", *shares)
    assert done.exit_code == 0, done.output
    printed = json.loads(done.stdout)
    assert printed["kind"] == "auction_key"
    assert key_matches(bytes.fromhex(printed["private_key"]), keys.public_key)
    done = techmarket("rebuild", desk / "custody.json", shares[0])
    assert (done.exit_code, done.stdout) == (1, "")
    assert "2 officers must open their shares; 1 did" in done.stderr


def test_the_command_opens_nothing_before_the_time(desk: Path) -> None:
    custody_file(desk, not_before=datetime(9999, 1, 1, tzinfo=UTC))
    words = ("open-share", desk / "custody.json", "--key", desk / "李.json")
    done = techmarket(*words)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "may not be opened before 9999-01-01T00:00:00+00:00" in done.stderr
    done = techmarket(*words, "--early")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["officer"] == "李"


def test_a_protected_opening_key_opens_an_auction(tmp_path: Path) -> None:
    key, phrase, custody = (tmp_path / name for name in ("key.json", "phrase", "custody.json"))
    phrase.write_text("correct horse\n")
    done = techmarket("new", key, "--passphrase-file", phrase)
    assert done.exit_code == 0, done.output
    assert techmarket("public", key).stdout == done.stdout
    public = bytes.fromhex(done.stdout.strip())
    made = new_keys(KeyHolder(public), auction_id=AUCTION, not_before=ENDS)
    custody.write_text(json.dumps(made.custody))
    done = techmarket("open", custody, "--key", key, "--passphrase-file", phrase)
    assert done.exit_code == 0, done.output
    printed = json.loads(done.stdout)
    assert key_matches(bytes.fromhex(printed["private_key"]), made.public_key)
    done = techmarket("open", custody, "--key", key, answer="correct horse\n")
    assert json.loads(done.stdout) == printed
    done = techmarket("open", custody, "--key", key, answer="wrong horse\n")
    assert (done.exit_code, done.stdout.strip()) == (1, "")
    assert "not the passphrase" in done.stderr


def test_the_command_says_what_is_wrong(tmp_path: Path) -> None:
    key, text = tmp_path / "key.json", tmp_path / "text"
    new_key_file(key)
    text.write_text("no JSON")
    before = key.read_bytes()
    done = techmarket("new", key)
    assert (done.exit_code, key.read_bytes()) == (1, before)
    assert "exists already" in done.stderr
    for words, reason in [
        (("public", text), "is no key file"),
        (("open", text, "--key", key), "is not JSON"),
        (("new", text / "deep" / "key.json"), "cannot be written"),
    ]:
        done = techmarket(*words)
        assert (done.exit_code, done.stdout) == (1, "")
        assert reason in done.stderr


def test_the_key_of_the_sandbox_is_for_the_sandbox_alone() -> None:
    done = CliRunner().invoke(cli, ["run", "--ephemeral-opening-key"])
    assert done.exit_code == 2
    assert "--sandbox" in done.output
