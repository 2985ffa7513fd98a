"""Which addresses lie on this machine itself."""

from ipaddress import ip_address


def is_loopback(host: str) -> bool:
    """True for localhost, 127.0.0.0/8 and ::1. Other names are not looked up: they may mean another host tomorrow."""
    try:
        return host.lower() == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
