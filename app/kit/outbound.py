"""HTTP to addresses that users name: only to the public internet, and nowhere else.

An address is judged when the connection is made, and the connection is made to the address that was
judged: a name that is resolved to another address the second time (DNS rebinding) gains nothing.
Redirects are not followed and no proxy of the environment is used. TLS is checked against the name.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from urllib.parse import SplitResult, urlsplit

import httpcore

from app.kit.errors import Unprocessable

CONNECT_S = 5.0
ANSWER_S = 10.0
TOTAL_S = 15.0
RESOLVE_S = 3.0
MAX_URL = 1000
READ_AT_MOST = 65_536
"""Bytes of an answer that are read, so that its connection can be used again."""

_REFUSED = tuple(
    ipaddress.ip_network(text)
    for text in (
        "64:ff9b::/96",  # NAT64: any IPv4 address, private ones too
        "2002::/16",  # 6to4: the same
        "192.88.99.0/24",  # relays of 6to4
        "168.63.129.16/32",  # host services of a cloud, at a public address
    )
)
_IPV6_PUBLIC = ipaddress.ip_network("2000::/3")

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""Gives the addresses of a name; raises OSError for a name that has none."""


class BadUrl(Unprocessable):
    """Not an address that can be posted to."""

    code = "bad_webhook_url"
    zh = "地址无效({reason}):须为 https 地址,例如 https://example.com/hooks,不含用户名与片段"
    en = "The address cannot be used ({reason}); it must be like https://example.com/hooks"


class AddressRefused(Unprocessable):
    """The name leads to an address that is not on the public internet."""

    code = "webhook_address_refused"
    zh = "{host} 指向非公网地址;仅向公网地址推送"
    en = "{host} leads to an address that is not public; only public addresses are posted to"


class HostUnknown(Unprocessable):
    """The name has no address now."""

    code = "webhook_host_unknown"
    zh = "无法解析主机名 {host}"
    en = "The host name {host} has no address"


class Undelivered(Exception):
    """No answer came; the text says why."""


def is_public(text: str) -> bool:
    """Whether an IP address is on the public internet.

    Loopback, private, link-local (metadata services among them), shared, multicast, reserved and
    documentation addresses are not, nor is IPv6 that stands for IPv4 or leads through a relay.
    """
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address not in _IPV6_PUBLIC:
        return False
    if not address.is_global or address.is_multicast:
        return False
    return not any(address in network for network in _REFUSED)


async def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of a name, by the system's resolver."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


def check_url(url: str, field: str, *, private: bool) -> tuple[str, int]:
    """Host and port of an address in its proper form; raises BadUrl.

    `private` allows plain http besides.
    """
    reason = _fault(url, private=private)
    if reason:
        raise BadUrl(field=field, reason=reason)
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or _default_port(parts)


def _fault(url: str, *, private: bool) -> str:
    if (
        len(url) > MAX_URL
        or not url.isascii()
        or any(c.isspace() or c in '"<>\\^`{|}' for c in url)
    ):
        return f"more than {MAX_URL} characters, or characters that must be encoded"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "not a URL"
    if parts.scheme != "https" and not (private and parts.scheme == "http"):
        return "not https"
    if not parts.hostname or port == 0:
        return "no host, or port 0"
    if "@" in parts.netloc:
        return "a user name"
    return "a fragment" if parts.fragment else ""


def _default_port(parts: SplitResult) -> int:
    return 443 if parts.scheme == "https" else 80


async def require_public(url: str, field: str, *, private: bool) -> None:
    """Refuse an address that is not to be posted to, when it is named.

    Raises BadUrl, HostUnknown, AddressRefused. It can take RESOLVE_S; hold no lock.
    """
    host, port = check_url(url, field, private=private)
    try:
        async with asyncio.timeout(RESOLVE_S):
            addresses = await resolve(host, port)
    except (OSError, UnicodeError):  # a TimeoutError is an OSError
        raise HostUnknown(field=field, host=host) from None
    if not private and not all(is_public(address) for address in addresses):
        raise AddressRefused(field=field, host=host)


class _CheckedBackend(httpcore.AnyIOBackend):
    """Connects to addresses that were judged, never to names."""

    def __init__(self, resolver: Resolver, *, private: bool) -> None:
        super().__init__()
        self._resolver = resolver
        self._private = private

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Resolve, judge, and connect to the first address; one bad address spoils the name."""
        try:
            addresses = await self._resolver(host, port)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(str(error)) from error
        if not addresses:
            raise httpcore.ConnectError("the name has no address")
        if not self._private and not all(is_public(address) for address in addresses):
            raise AddressRefused(host=host)
        return await super().connect_tcp(addresses[0], port, timeout, local_address, socket_options)


class Outbound:
    """Posts to addresses that users name; an async context manager that keeps connections."""

    def __init__(self, *, private: bool, resolver: Resolver = resolve) -> None:
        """`private` lifts the ban on private addresses, for the sandbox."""
        self._pool = httpcore.AsyncConnectionPool(
            max_connections=64,
            keepalive_expiry=15.0,
            network_backend=_CheckedBackend(resolver, private=private),
        )

    async def __aenter__(self) -> "Outbound":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._pool.aclose()

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        """The status of the answer; raises Undelivered when there is none."""
        timeout = {"connect": CONNECT_S, "read": ANSWER_S, "write": ANSWER_S, "pool": ANSWER_S}
        try:
            async with (
                asyncio.timeout(TOTAL_S),
                self._pool.stream(
                    "POST",
                    url,
                    headers=list(headers.items()),
                    content=body,
                    extensions={"timeout": timeout},
                ) as response,
            ):
                read = 0
                async for chunk in response.aiter_stream():
                    read += len(chunk)
                    if read > READ_AT_MOST:
                        break
                return response.status
        except AddressRefused as refusal:
            raise Undelivered(refusal.detail("en")) from None
        except (httpcore.TimeoutException, TimeoutError):
            raise Undelivered("no answer in time") from None
        except (
            httpcore.NetworkError,
            httpcore.ProtocolError,
            httpcore.UnsupportedProtocol,
        ) as error:
            raise Undelivered(f"{type(error).__name__}: {error}"[:200]) from None
