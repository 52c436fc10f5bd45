"""Which hosts a source may call, for what is not HTTP."""

from app.core.addresses import IP
from app.core.errors import AppError
from app.core.outgoing import OutgoingFailed, checked_addresses

RESOLVE_SECONDS = 10.0


def addresses_of(host: str, port: int) -> list[IP]:
    """Connect to one of these, never to the name. Raises OutgoingRefused, OutgoingFailed."""
    try:
        found = checked_addresses(host, port, seconds=RESOLVE_SECONDS)
    except AppError:
        raise
    except Exception as error:  # of the resolver: the time is over, or the name is not known
        raise OutgoingFailed(f"The name {host} is not known.") from error
    if not found:
        raise OutgoingFailed(f"The name {host} has no address.")
    return found


def checked_hosts(places: list[str], port: int) -> None:
    """Each is `host` or `host:port`."""
    for place in places:
        host, at = split_place(place, port)
        addresses_of(host, at)


def split_place(place: str, port: int) -> tuple[str, int]:
    """`[::1]:9092` -> ("::1", 9092)."""
    host, colon, tail = place.rpartition(":")
    if not colon or "]" in tail or (":" in host and not host.endswith("]")):
        return place.strip("[]").lower(), port
    return host.strip("[]").lower(), int(tail) if tail.isdigit() and 0 < int(tail) < 65536 else port
