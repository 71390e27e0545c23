"""Where certificates come from, and whose are trusted.

A real certificate authority stays outside: its roots are in a file, and its holders sign a digest
on their own machines. The test authority is for the sandbox alone: it issues a certificate to
whoever signs, for that one signature, and says in every name that it is a test.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID
from pyhanko.sign.signers import Signer, SimpleSigner
from pyhanko_certvalidator.registry import SimpleCertificateStore

from app.contracts import pades
from app.kit.keyfiles import put_new
from app.kit.settings import Settings

TEST_NAME = "TechMarket TEST CA (沙箱测试证书,不具法律效力)"
_KEY_FILE = "contract-test-ca.pem"
# A sandbox's clock may stand years from the machine's: the test certificates hold on both.
_FROM = datetime(2000, 1, 1, tzinfo=UTC)
_UNTIL = datetime(2149, 12, 31, tzinfo=UTC)


@dataclass(frozen=True)
class Holder:
    """Who a certificate is for: an organisation, and the person who acts for it."""

    organisation: str
    credit_code: str
    person: str


class CertificateSource(Protocol):
    """Something that lets a holder sign on this machine."""

    def signer(self, holder: Holder) -> Signer:
        """A signer with a certificate of the holder."""


class TestAuthority:
    """The internal test authority of a sandbox; its certificates have no legal effect."""

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        """A root for this key; the same key gives the same root."""
        self._key = key
        self.root = _certificate(
            _name("TechMarket sandbox", TEST_NAME, None), key, None, _serial_of(key), authority=True
        )

    def signer(self, holder: Holder) -> Signer:
        """A new key with a certificate of the holder; the key is used once and kept nowhere."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name(holder.organisation, f"{holder.person}(沙箱测试)", holder.credit_code)
        issuer = (self.root.subject, self._key)
        leaf = _certificate(subject, key, issuer, x509.random_serial_number(), authority=False)
        store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
        store.register(_asn1(self.root))
        raw = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        return SimpleSigner(
            signing_cert=_asn1(leaf),
            signing_key=asn1_keys.PrivateKeyInfo.load(raw),
            cert_registry=store,
        )


def _asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))


def _name(organisation: str, common: str, credit_code: str | None) -> x509.Name:
    # 64 characters are the most that a common name or an organisation may have (RFC 5280).
    parts = [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation[:64]),
        x509.NameAttribute(NameOID.COMMON_NAME, common[:64]),
    ]
    if credit_code is not None:
        parts.append(x509.NameAttribute(NameOID.SERIAL_NUMBER, credit_code))
    return x509.Name(parts)


def _serial_of(key: ec.EllipticCurvePrivateKey) -> int:
    return key.public_key().public_numbers().x % 2**150 + 1


def _certificate(
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer: tuple[x509.Name, ec.EllipticCurvePrivateKey] | None,
    serial: int,
    *,
    authority: bool,
) -> x509.Certificate:
    name, signing = issuer or (subject, key)
    usage = x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=not authority,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(_FROM)
        .not_valid_after(_UNTIL)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(signing, hashes.SHA256())
    )


def certificate_source(settings: Settings) -> TestAuthority | None:
    """The test authority, if the sandbox asks for it; its key is made at first use."""
    if settings.contract_certificates != "test":
        return None
    path = settings.data_dir / _KEY_FILE
    if not path.exists():
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        with suppress(FileExistsError):
            put_new(path, pem)
    return _test_authority(path)


@lru_cache
def _test_authority(path: Path) -> TestAuthority:
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError(f"{path} holds no elliptic curve key")
    return TestAuthority(key)


def trusted_roots(settings: Settings) -> list[x509.Certificate]:
    """The roots whose certificates may sign: those in the file, and the sandbox's own.

    Raises ValueError and FileNotFoundError for a file without certificates.
    """
    roots = []
    if settings.contract_trust_roots:
        roots += pades.pem_certificates(Path(settings.contract_trust_roots).read_bytes())
    authority = certificate_source(settings)
    return roots if authority is None else [*roots, authority.root]


def is_holder(names: tuple[str, ...], organisation: str, credit_code: str) -> bool:
    """Whether a certificate's subject names the organisation or has its credit code."""
    return any(credit_code in one or one == organisation for one in names)
