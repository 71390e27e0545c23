"""Posting to addresses that others name: what is refused, and when."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from app.kit.outbound import BadUrl, Outbound, Undelivered, check_url, is_public
from tests.webhooks.receiver import Receiver


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as running:
        yield running


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.9.9.9",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.2.1",
        "198.18.0.1",
        "192.88.99.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:8.8.8.8",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2001::1",
        "2001:db8::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "not an address",
    ],
)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "114.114.114.114", "2606:4700:4700::1111"])
def test_addresses_that_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://example.com/", "not https"),
        ("ftp://example.com/", "not https"),
        ("//example.com/", "not https"),
        ("https:///hooks", "no host"),
        ("https://example.com:0/", "no host"),
        ("https://example.com:99999/", "not a URL"),
        ("https://[::1/", "not a URL"),
        ("https://user@example.com/", "a user name"),
        ("https://user:secret@example.com/", "a user name"),
        ("https://example.com/#here", "a fragment"),
        ("https://例子.com/", "characters that must be encoded"),
        ("https://example.com/a b", "characters that must be encoded"),
        ("https://example.com\\@10.0.0.1/", "characters that must be encoded"),
        ("https://example.com/" + "a" * 1000, "more than 1000 characters"),
    ],
)
def test_urls_that_are_refused(url: str, reason: str) -> None:
    with pytest.raises(BadUrl, match=r"bad_webhook_url") as refusal:
        check_url(url, "body.url", private=False)
    assert reason in refusal.value.facts["reason"]


def test_host_and_port_of_a_url() -> None:
    assert check_url("https://Example.com/x?y", "url", private=False) == ("example.com", 443)
    assert check_url("https://[2606:4700::1]:8443", "url", private=False) == ("2606:4700::1", 8443)
    assert check_url("http://127.0.0.1:80/", "url", private=True) == ("127.0.0.1", 80)


async def test_the_name_is_judged_when_the_connection_is_made(receiver: Receiver) -> None:
    """A name that was public when it was named and leads inside now is not connected to."""

    async def rebound(host: str, port: int) -> Sequence[str]:
        assert host == "rebound.example.com"
        return ["127.0.0.1"]

    async def mixed(host: str, port: int) -> Sequence[str]:
        return ["8.8.8.8", "127.0.0.1"]

    url = f"http://rebound.example.com:{receiver.port}/"
    for resolver in (rebound, mixed):
        async with Outbound(private=False, resolver=resolver) as outbound:
            with pytest.raises(Undelivered, match="not public"):
                await outbound.post(url, {}, b"{}")
    async with Outbound(private=False) as outbound:
        for host in ("127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]"):
            with pytest.raises(Undelivered, match="not public"):
                await outbound.post(f"http://{host}:{receiver.port}/", {}, b"{}")
    assert receiver.requests == []
    async with Outbound(private=True, resolver=rebound) as outbound:
        assert await outbound.post(url, {"x-a": "b"}, b"{}") == 200
    [request] = receiver.requests
    assert (request.headers["host"], request.headers["x-a"], request.body) == (
        f"rebound.example.com:{receiver.port}",
        "b",
        b"{}",
    )


async def test_a_redirect_is_an_answer_and_not_followed(receiver: Receiver) -> None:
    receiver.answers = [302]
    async with Outbound(private=True) as outbound:
        assert await outbound.post(receiver.url, {}, b"{}") == 302
        assert len(receiver.requests) == 1
        assert await outbound.post(receiver.url, {}, b"{}") == 200


async def test_an_endless_answer_is_not_read_to_its_end(receiver: Receiver) -> None:
    receiver.endless = True
    async with Outbound(private=True) as outbound, asyncio.timeout(10):
        assert await outbound.post(receiver.url, {}, b"{}") == 200


async def test_no_answer_is_told_apart_from_an_answer(receiver: Receiver) -> None:
    async def nowhere(host: str, port: int) -> Sequence[str]:
        raise OSError("no such name")

    async with Outbound(private=True, resolver=nowhere) as outbound:
        with pytest.raises(Undelivered, match="no such name"):
            await outbound.post("http://nowhere.example.com/", {}, b"{}")
    receiver.answers = [0]
    async with Outbound(private=True) as outbound:
        with pytest.raises(Undelivered):
            await outbound.post(receiver.url, {}, b"{}")
        with pytest.raises(Undelivered):
            await outbound.post(f"https://127.0.0.1:{receiver.port}/", {}, b"{}")


def self_signed(directory: Path) -> ssl.SSLContext:
    """A server's TLS with a certificate that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path = directory / "server.pem"
    path.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


async def test_a_certificate_that_nobody_vouches_for_is_not_posted_to(tmp_path: Path) -> None:
    async with Receiver(tls=self_signed(tmp_path)) as receiver, Outbound(private=True) as outbound:
        with pytest.raises(Undelivered, match="CERTIFICATE_VERIFY_FAILED"):
            await outbound.post(f"https://localhost:{receiver.port}/", {}, b"{}")
        assert receiver.requests == []
