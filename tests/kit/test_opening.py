"""Opening keys: their files, and who opens by the settings."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from app.kit.opening import (
    EPHEMERAL_KEY_FILE,
    BadOpeningKey,
    CannotOpen,
    KeyHolder,
    NobodyOpens,
    Officers,
    ephemeral_key,
    is_protected,
    new_key_file,
    openers,
    public_half,
    read_private_key,
    read_public_key,
    seal_text,
    unseal_text,
)
from app.kit.settings import EPHEMERAL, Settings

TWO = "a=" + "01" * 32 + ",b=" + "02" * 32
WANG, LI, ZHAO = (bytes([number]) * 32 for number in (1, 2, 3))


def chosen(**given: object) -> Settings:
    return Settings(_env_file=None, **given)


def test_a_key_file_is_for_its_owner_alone_and_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "new" / "key.json"
    public = new_key_file(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]
    assert read_public_key(path) == public
    assert public_half(read_private_key(path)).hex() == public
    assert not is_protected(path)
    before = path.read_bytes()
    with pytest.raises(FileExistsError):
        new_key_file(path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_a_passphrase_protects_the_private_half_alone(tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    public = new_key_file(path, "口令 horse".encode())
    assert is_protected(path)
    assert read_public_key(path) == public
    private = read_private_key(path, "口令 horse".encode())
    assert public_half(private).hex() == public
    assert private.hex() not in path.read_text()
    with pytest.raises(BadOpeningKey, match="protected by a passphrase"):
        read_private_key(path)
    with pytest.raises(BadOpeningKey, match="not the passphrase"):
        read_private_key(path, b"horse")
    with pytest.raises(BadOpeningKey, match="must not be empty"):
        new_key_file(tmp_path / "other.json", b"")
    assert not (tmp_path / "other.json").exists()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"format": "techmarket-opening-key/2"}, "must have the format"),
        ({"public_key": "ab" * 32}, "do not belong together"),
        ({"public_key": "no key"}, "no key file"),
        ({"private_key": "abcd"}, "has 32 bytes, not 2"),
        ({"salt": "abcd"}, "a salt has 16 bytes"),
        ({"more": 1}, "no key file"),
    ],
)
def test_a_changed_key_file_is_refused(
    tmp_path: Path, change: dict[str, object], reason: str
) -> None:
    path = tmp_path / "key.json"
    new_key_file(path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(BadOpeningKey, match=reason):
        read_private_key(path, b"x")


@pytest.mark.parametrize("content", [b"", b"[]", b'{"format": "\xff"}', b"-----BEGIN KEY-----"])
def test_what_is_no_key_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "key.json"
    path.write_bytes(content)
    for read in (read_private_key, read_public_key, is_protected):
        with pytest.raises(BadOpeningKey, match="no key file"):
            read(path)
    with pytest.raises(BadOpeningKey, match="no key file"):
        read_private_key(tmp_path / "missing.json")


def test_what_is_sealed_opens_with_the_other_half_alone() -> None:
    sealed = seal_text(public_half(WANG), b"text")
    assert unseal_text(WANG, sealed) == b"text"
    assert len(sealed) == 48 + len(b"text")
    assert seal_text(public_half(WANG), b"text") != sealed
    with pytest.raises(CannotOpen):
        unseal_text(LI, sealed)
    for cut in (b"", sealed[:47], sealed[:-1], sealed + b"\0"):
        with pytest.raises(CannotOpen):
            unseal_text(WANG, cut)


def test_keys_that_are_none_are_refused() -> None:
    with pytest.raises(BadOpeningKey, match="has 32 bytes, not 31"):
        seal_text(bytes(31), b"text")
    with pytest.raises(BadOpeningKey, match="weak"):
        seal_text(bytes(32), b"text")
    with pytest.raises(BadOpeningKey, match="has 32 bytes, not 33"):
        unseal_text(bytes(33), b"text")


def test_the_settings_say_who_opens() -> None:
    public = public_half(WANG)
    assert openers(chosen(opening_public_key=public.hex())) == KeyHolder(public)
    keys = {"王": public, "李": public_half(LI), "赵": public_half(ZHAO)}
    given = ", ".join(f"{name}={key.hex()}" for name, key in keys.items())
    assert openers(chosen(opening_officers=given, opening_threshold=3)) == Officers(keys, 3)
    with pytest.raises(NobodyOpens, match="TECHMARKET_OPENING_PUBLIC_KEY"):
        openers(chosen())


@pytest.mark.parametrize(
    "given",
    [
        {"opening_public_key": "ab"},
        {"opening_public_key": "AB" * 32},
        {"opening_public_key": EPHEMERAL},
        {"opening_public_key": "ab" * 32, "opening_officers": TWO},
        {"opening_officers": "a=" + "01" * 32},
        {"opening_officers": "a=" + "01" * 32 + ",b=" + "01" * 32},
        {"opening_officers": TWO + ",a=" + "03" * 32},
        {"opening_officers": TWO + ", =" + "03" * 32},
        {"opening_officers": TWO + ","},
        {"opening_officers": "a=" + "01" * 32 + ",b=02"},
        {"opening_officers": TWO, "opening_threshold": 3},
        {"opening_officers": TWO, "opening_threshold": 1},
        {"opening_officers": ",".join(f"{n}=" + f"{n:02x}" * 32 for n in range(17))},
    ],
)
def test_settings_that_name_no_openers_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        chosen(**given)


def test_the_sandbox_may_have_a_key_of_its_own_if_asked_for(tmp_path: Path) -> None:
    asked = chosen(mode="sandbox", data_dir=tmp_path, opening_public_key=EPHEMERAL)
    private = ephemeral_key(asked)
    assert (tmp_path / EPHEMERAL_KEY_FILE).stat().st_mode & 0o777 == 0o600
    assert ephemeral_key(asked) == private
    assert openers(asked) == KeyHolder(public_half(private), ephemeral=True)


@pytest.mark.parametrize(
    "change", [{"mode": "production"}, {"opening_public_key": ""}, {"opening_public_key": "a" * 64}]
)
def test_nobody_else_gets_an_ephemeral_key(tmp_path: Path, change: dict[str, str]) -> None:
    asked = chosen(mode="sandbox", data_dir=tmp_path, opening_public_key=EPHEMERAL)
    with pytest.raises(NobodyOpens, match="for the sandbox alone"):
        ephemeral_key(asked.model_copy(update=change))
    assert list(tmp_path.iterdir()) == []
