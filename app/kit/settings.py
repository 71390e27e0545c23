"""Every setting of the service, read once from the environment and `.env`.

`.env.example` documents the same names for operators; `tests/kit/test_settings.py` keeps both in
step.
"""

from functools import lru_cache
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Settings; the environment name is the field's name in capitals after `TECHMARKET_`."""

    model_config = SettingsConfigDict(
        env_prefix="TECHMARKET_", env_file=".env", extra="ignore", frozen=True
    )

    mode: Literal["production", "sandbox"] = Field(
        "production", description="`sandbox` allows the market clock to be moved and demo logins"
    )
    data_dir: Path = Field(
        Path("var"), description="embedded database, documents and outgoing mail live below it"
    )
    database_url: str = Field(
        "",
        validation_alias="DATABASE_URL",
        description="PostgreSQL address; empty starts the embedded PostgreSQL in data_dir",
    )
    database_pool_size: int = Field(10, ge=1, le=200, description="connections of one process")
    host: str = Field("127.0.0.1", description="address that `techmarket run` listens on")
    port: int = Field(8000, ge=0, le=65535, description="port that `techmarket run` listens on")
    public_url: str = Field(
        "http://127.0.0.1:8000", description="address that mails and certificates point to"
    )
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "console"] = "json"
    access_token_minutes: int = Field(15, ge=1, le=120, description="life of an access token")
    refresh_token_days: int = Field(14, ge=1, le=90, description="life of a refresh token")
    json_body_limit_bytes: int = Field(
        16 * 1024 * 1024, ge=1024, description="largest body that is not a file upload"
    )
    upload_limit_bytes: int = Field(
        1024 * 1024 * 1024, ge=1024, description="largest document or bulk import file"
    )
    tick_seconds: float = Field(
        0.5, gt=0, le=60, description="pause between two looks for deadlines that are due"
    )
    idempotency_hours: int = Field(
        72, ge=24, description="how long the answer to an Idempotency-Key is replayed"
    )
    storage: Literal["directory", "s3"] = Field(
        "directory", description="where documents are stored"
    )
    s3_endpoint: str = Field("", description="address of the S3-compatible storage")
    s3_bucket: str = ""
    s3_region: str = "us-east-1"
    s3_access_key: str = ""
    s3_secret_key: SecretStr = SecretStr("")
    record_key_file: str = Field(
        "",
        description="Ed25519 private key (PEM) that signs auction records; it must exist."
        " Empty: record-key.pem in data_dir, made at first use",
    )
    patent_register_dir: str = Field(
        "",
        description="directory of CSV files with the status of patents (app/kit/patents.py). Empty:"
        " none is known; in the sandbox, those of the sample market are",
    )
    mail: Literal["file", "smtp"] = Field("file", description="where outgoing mail goes")
    mail_from: str = "techmarket@localhost"
    smtp_host: str = ""
    smtp_port: int = Field(25, ge=1, le=65535)
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_tls: Literal["none", "starttls", "tls"] = "none"

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.storage == "s3" and not (self.s3_endpoint and self.s3_bucket):
            raise ValueError("storage=s3 needs s3_endpoint and s3_bucket")
        if self.mail == "smtp" and not self.smtp_host:
            raise ValueError("mail=smtp needs smtp_host")
        return self

    @property
    def sandbox(self) -> bool:
        """Whether the market clock may be moved."""
        return self.mode == "sandbox"


@lru_cache
def settings() -> Settings:
    """The settings of this process."""
    return Settings()
