"""Back-off, giving up, and signing secrets."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from pydantic import ValidationError
from standardwebhooks import Webhook as Verifier

from app.kit.settings import Settings
from app.webhooks import rules
from app.webhooks.tokens import BadWebhookKey, SecretKey, secret_key

NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [(1, 5), (2, 10), (3, 20), (10, 2560), (13, 20_480), (14, 21_600), (1000, 21_600)],
)
def test_the_pause_doubles_from_five_seconds_to_six_hours(failures: int, seconds: int) -> None:
    assert rules.pause(failures, 0.5) == timedelta(seconds=seconds)
    assert rules.pause(failures, 0.0) == timedelta(seconds=seconds * 0.8)
    assert rules.pause(failures, 1.0) == timedelta(seconds=seconds * 1.2)


def test_five_days_of_failure_are_enough() -> None:
    assert not rules.is_given_up(NOW, NOW + timedelta(days=5) - timedelta(seconds=1))
    assert rules.is_given_up(NOW, NOW + timedelta(days=5))


@pytest.mark.parametrize(
    ("status", "taken"),
    [(200, True), (202, True), (299, True), (199, False), (301, False), (404, False), (503, False)],
)
def test_only_2xx_acknowledges(status: int, taken: bool) -> None:
    assert rules.is_delivered(status) is taken


def test_a_secret_is_of_its_webhook_its_rotation_and_its_key(settings: Settings) -> None:
    key = secret_key(settings)
    first, second = UUID(int=1), UUID(int=2)
    secret = key.secret(first, 1)
    others = [key.secret(first, 2), key.secret(second, 1), SecretKey(b"x" * 32).secret(first, 1)]
    assert len({secret, *others}) == 4
    assert secret == secret_key(settings).secret(first, 1)
    signature = Verifier(secret).sign("msg_1", datetime.now(UTC), "{}")
    assert signature.startswith("v1,")
    assert (settings.data_dir / "webhook.key").stat().st_mode & 0o777 == 0o600


def test_a_key_file_that_is_named_must_be_good(tmp_path: Path) -> None:
    missing = Settings(webhook_key_file=str(tmp_path / "none"), _env_file=None)
    with pytest.raises(FileNotFoundError):
        secret_key(missing)
    short = tmp_path / "short"
    short.write_bytes(b"x" * 31)
    with pytest.raises(BadWebhookKey):
        secret_key(Settings(webhook_key_file=str(short), _env_file=None))


def test_private_addresses_are_for_the_sandbox() -> None:
    with pytest.raises(ValidationError, match="needs mode=sandbox"):
        Settings(webhook_private_addresses=True, _env_file=None)
