"""Settings: one documented place, and refusals that come before anything starts."""

from pathlib import Path

import pytest
from dotenv import dotenv_values
from pydantic import ValidationError

from app.kit.settings import Settings

EXAMPLE = Path(__file__).parents[2] / ".env.example"


def test_the_example_names_every_setting_with_its_default() -> None:
    documented = dotenv_values(EXAMPLE)
    defaults = {
        (field.validation_alias or f"TECHMARKET_{name.upper()}"): field.default
        for name, field in Settings.model_fields.items()
    }
    assert set(documented) == set(defaults)
    for name, default in defaults.items():
        secret = getattr(default, "get_secret_value", None)
        assert documented[name] == str(secret() if secret else default), name


@pytest.mark.parametrize("change", [{"storage": "s3"}, {"mail": "smtp"}, {"mode": "test"}])
def test_incomplete_settings_are_refused(change: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Settings(_env_file=None, **change)


def test_production_is_the_default() -> None:
    assert Settings(_env_file=None).sandbox is False
