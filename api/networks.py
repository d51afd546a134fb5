"""What counts as one client among those that are not signed in."""

from ipaddress import ip_address, ip_network


def network(address: str) -> str:
    """An address of IPv4, or the /64 network of one of IPv6, which one customer has."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return address
    return str(parsed.ipv4_mapped or ip_network((parsed, 64), strict=False))
