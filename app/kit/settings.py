"""Every setting of the service, read once from the environment and `.env`.

`.env.example` documents the same names for operators; `tests/kit/test_settings.py` keeps both in
step.
"""

from functools import lru_cache
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

EPHEMERAL = "ephemeral"
MAX_OFFICERS = 16
PUBLIC_KEY = "[0-9a-f]{64}"
OFFICER = f" *[^=, ][^=,]*={PUBLIC_KEY} *"


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
    node_code: str = Field(
        "TM01",
        pattern=r"^[A-Z0-9]{2,8}$",
        description="this platform's code in the numbers of trade certificates",
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
    opening_public_key: str = Field(
        "",
        pattern=f"^({PUBLIC_KEY}|{EPHEMERAL})?$",
        description="sealed bids: public half of the opening key whose private half is in a file"
        " elsewhere, 64 hex digits; `ephemeral`: a key in data_dir, in the sandbox only",
    )
    opening_officers: str = Field(
        "",
        pattern=f"^({OFFICER}(,{OFFICER})*)?$",
        description="sealed bids: officers who open them, name=public key, with commas between",
    )
    opening_threshold: int = Field(
        2, ge=2, le=16, description="how many of the officers open an auction together"
    )
    webhook_key_file: str = Field(
        "",
        description="32 or more random bytes that the secrets of webhooks are derived from; it"
        " must exist. Empty: webhook.key in data_dir, made at first use",
    )
    webhook_private_addresses: bool = Field(
        False,
        description="sandbox only: webhooks may go to private addresses and over plain http",
    )
    contract_signing: Literal["account", "certificate"] = Field(
        "account",
        description="what a party signs a contract with: its account, or a certificate on the PDF",
    )
    contract_certificates: Literal["none", "test"] = Field(
        "none",
        description="`test`: an internal test authority signs for all, in the sandbox only",
    )
    contract_trust_roots: str = Field(
        "",
        description="PEM file with the roots of the authorities whose certificates sign contracts",
    )
    bank: Literal["manual", "directory", "simulated"] = Field(
        "manual",
        description="who carries payment files and statements: operators, a pair of directories,"
        " or in a sandbox a simulated bank",
    )
    bank_dir: str = Field("", description="directories of the bank; empty: bank in data_dir")
    bank_poll_seconds: float = Field(
        10.0, gt=0, le=3600, description="pause between two exchanges with the bank"
    )
    search: Literal["embedded", "meilisearch"] = Field(
        "embedded",
        description="the engine that answers searches; `embedded` needs nothing but the database",
    )
    search_url: str = Field("", description="address of the Meilisearch server")
    search_key: SecretStr = Field(
        SecretStr(""), description="its key; it needs all actions on our indexes and on tasks"
    )
    search_index: str = Field(
        "techmarket", pattern="^[A-Za-z0-9_-]{1,100}$", description="our index on that server"
    )
    matching_model: str = Field(
        "",
        description="model file of matching, made by `techmarket search train`; empty: the one that"
        " comes with the program and has learned nothing",
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
        if self.search == "meilisearch" and not self.search_url:
            raise ValueError("search=meilisearch needs search_url")
        if self.mail == "smtp" and not self.smtp_host:
            raise ValueError("mail=smtp needs smtp_host")
        if self.opening_public_key == EPHEMERAL and not self.sandbox:
            raise ValueError(f"opening_public_key={EPHEMERAL} needs mode=sandbox")
        officers = self.officers
        if officers and self.opening_public_key:
            raise ValueError("opening_public_key and opening_officers exclude each other")
        if officers and not self.opening_threshold <= len(officers) <= MAX_OFFICERS:
            raise ValueError(
                f"opening_officers must be from opening_threshold to {MAX_OFFICERS} officers"
            )
        if len(set(officers.values())) < self.opening_officers.count("="):
            raise ValueError("opening_officers: every officer needs a name and a key of their own")
        if self.webhook_private_addresses and not self.sandbox:
            raise ValueError("webhook_private_addresses=true needs mode=sandbox")
        if self.contract_certificates == "test" and not self.sandbox:
            raise ValueError("contract_certificates=test needs mode=sandbox")
        issuers = self.contract_certificates == "test" or self.contract_trust_roots
        if self.contract_signing == "certificate" and not issuers:
            raise ValueError("contract_signing=certificate needs contract_trust_roots")
        if self.bank == "simulated" and not self.sandbox:
            raise ValueError("bank=simulated needs mode=sandbox")
        return self

    @property
    def officers(self) -> dict[str, str]:
        """The public keys in `opening_officers` by name, 64 hex digits."""
        pairs = (one.split("=") for one in self.opening_officers.split(",") if one)
        return {name.strip(): key.strip() for name, key in pairs}

    @property
    def sandbox(self) -> bool:
        """Whether the market clock may be moved."""
        return self.mode == "sandbox"


@lru_cache
def settings() -> Settings:
    """The settings of this process."""
    return Settings()
