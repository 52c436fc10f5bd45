"""Which addresses the product may call: pure rules over what is written in a URL and what a name resolves to."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

IP = IPv4Address | IPv6Address
PORTS = {"http": 80, "https": 443}
HOST_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(\.(?!-)[a-z0-9_-]{1,63})*")
# A host whose last label is a number is meant as an IPv4 address, whatever the spelling: 127.1, 0x7f.1, 2130706433.
NUMERIC_END = re.compile(r"(.*\.)?(\d+|0x[0-9a-f]*)")
MAX_URL = 4096

# Not even an entry in OUTGOING_ALLOW opens these: they hand out the machine's own credentials, or are no one host.
NEVER = [ip_network(text) for text in (
    "0.0.0.0/8", "224.0.0.0/4", "255.255.255.255/32", "::/128", "ff00::/8",
    "169.254.169.254/32", "169.254.170.2/32", "169.254.170.23/32", "168.63.129.16/32", "100.100.100.200/32",
    "192.0.0.192/32", "fd00:ec2::254/128", "fd00:ec2::23/128", "fd20:ce::254/128",
)]  # fmt: skip
PRIVATE = [ip_network(text) for text in (
    "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
    "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15",
    "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
    "2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20",
)]  # fmt: skip
GLOBAL_V6 = ip_network("2000::/3")  # all that was ever handed out; the rest is local, reserved or a translation
NAT64 = ip_network("64:ff9b::/96")


class UrlRefused(ValueError):
    """The text says why, for the person who typed the URL."""


@dataclass(frozen=True)
class Target:
    scheme: str
    host: str  # lower case; IPv6 without brackets
    port: int
    path: str  # with the query

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port

    @property
    def authority(self) -> str:
        """What the header Host says."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == PORTS[self.scheme] else f"{name}:{self.port}"


def parse_url(url: str) -> Target:
    """Nothing is repaired, because whoever repairs may read it differently from whoever connects."""
    if not url.isascii() or len(url) > MAX_URL or re.search(r"[\s\\\x00-\x20\x7f]", url):
        raise UrlRefused(
            f"A URL has at most {MAX_URL} plain ASCII characters, without spaces or backslashes;"
            " write a host in other letters as xn--…"
        )
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").removesuffix("."), parts.port
    except ValueError as error:
        raise UrlRefused("This is no URL such as https://example.com/data.csv.") from error
    if parts.scheme not in PORTS:
        raise UrlRefused("Only URLs with http:// or https:// can be called.")
    if "@" in parts.netloc:
        raise UrlRefused("A URL may hold no user name or password; send them in a header.")
    if port == 0 or parts.netloc.endswith(":"):
        raise UrlRefused("The port of a URL is a number from 1 to 65535.")
    _check_host(host, bracketed="[" in parts.netloc)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, port or PORTS[parts.scheme], path)


def check_secure(url: str) -> None:
    """https, or http to this very machine. Raises UrlRefused."""
    target = parse_url(url)
    address = literal(target.host)
    is_here = target.host == "localhost" or (address is not None and address.is_loopback)
    if target.scheme == "http" and not is_here:
        raise UrlRefused("must start with https://; http:// is only for 127.0.0.1 and localhost")


def literal(host: str) -> IP | None:
    """The address that a host is written as; None for a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def why_refused(address: IP, host: str, *, allowed: Collection[str], only: Collection[str] = ()) -> str | None:
    """None when it may be called; else the reason, for the log. `allowed` may be private; `only`, if any, is all."""
    plain = unwrapped(address)
    if any(plain in network for network in NEVER if network.version == plain.version):
        return "hands out credentials, or is no single host"
    if only and not is_listed(host, plain, only):
        return "not in OUTGOING_ONLY"
    if not is_public(plain) and not is_listed(host, plain, allowed):
        return "private, local or reserved"
    return None


def is_public(address: IP) -> bool:
    if any(address in network for network in PRIVATE if network.version == address.version):
        return False
    return address.version == 4 or address in GLOBAL_V6


def unwrapped(address: IP) -> IP:
    """The IPv4 address that an IPv6 address leads to. Of 6to4 and Teredo no honest host is left: they stay refused."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in NAT64:
            return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def is_listed(host: str, address: IP, entries: Iterable[str]) -> bool:
    return any(_fits(host, address, entry) for entry in entries)


def check_entries(entries: Iterable[str]) -> None:
    """Of OUTGOING_ALLOW and OUTGOING_ONLY: a host, `*.` and a domain, an address, a network. Raises ValueError."""
    for entry in entries:
        if _network(entry) is None and not _is_name(entry.removeprefix("*.").removesuffix(".")):
            raise ValueError(f"{entry!r} is no host, no *.domain and no network such as 10.1.0.0/16")


def _fits(host: str, address: IP, entry: str) -> bool:
    network = _network(entry)
    if network is not None:
        return network.version == address.version and address in network
    name = entry.lower().removesuffix(".")
    return host.endswith(name[1:]) if name.startswith("*.") else host == name


def _network(entry: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(entry.strip("[]"))
    except ValueError:
        return None


def _is_name(host: str) -> bool:
    return len(host) <= 253 and bool(HOST_NAME.fullmatch(host.lower())) and not NUMERIC_END.fullmatch(host.lower())


def _check_host(host: str, *, bracketed: bool) -> None:
    address = literal(host)
    if address is None and not _is_name(host):
        raise UrlRefused("The host of this URL is neither a name nor an address in its usual spelling.")
    if isinstance(address, IPv6Address) and (not bracketed or address.scope_id):
        raise UrlRefused("An IPv6 address is written in brackets and without a zone, as in https://[2001:db8::1]/.")
