"""Where a request comes from, as far as budgets care."""

from __future__ import annotations

import ipaddress

from clientportal.errors import InvalidInput

__all__ = ["normalise_source"]


def normalise_source(source: str) -> str:
    """The key under which an address is counted: IPv4 whole, IPv6 by its /64, which one household has to itself.

    The host hands the address in; no header is ever read here. An IPv4 address inside IPv6 (``::ffff:192.0.2.1``)
    counts as itself. Raises :class:`~clientportal.errors.InvalidInput`.
    """
    try:
        address = ipaddress.ip_address(source.strip().partition("%")[0])
    except ValueError as error:
        raise InvalidInput("a source is an IP address, such as 192.0.2.7 or 2001:db8::1") from error
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
