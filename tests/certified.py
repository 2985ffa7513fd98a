"""Certificates for servers of tests: of an authority of their own, by itself, or of yesterday."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


class Authority:
    """Who signs certificates; `file` is what a client has to trust."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._key = folder, ec.generate_private_key(ec.SECP256R1())
        self._name = _named("an authority of a test")
        self.file = folder / "authority.pem"
        built = _builder(self._name, self._name, self._key, datetime.now(UTC) + timedelta(days=1))
        built = built.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        self.file.write_bytes(built.sign(self._key, SHA256()).public_bytes(Encoding.PEM))

    def context(self, host: str = "127.0.0.1", *, until: timedelta = timedelta(days=1)) -> ssl.SSLContext:
        """For a server of that name, whose certificate is good until so long from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        built = _builder(_named(host), self._name, key, datetime.now(UTC) + until)
        built = built.add_extension(x509.SubjectAlternativeName([_general_name(host)]), critical=False)
        return _context(self._folder / "served.pem", built.sign(self._key, SHA256()), key)


def self_signed(folder: Path, host: str = "127.0.0.1") -> ssl.SSLContext:
    """For a server whose certificate nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    built = _builder(_named(host), _named(host), key, datetime.now(UTC) + timedelta(days=1))
    built = built.add_extension(x509.SubjectAlternativeName([_general_name(host)]), critical=False)
    return _context(folder / "served.pem", built.sign(key, SHA256()), key)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, until: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(until - timedelta(days=9))
        .not_valid_after(until)
    )


def _context(file: Path, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> ssl.SSLContext:
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(certificate.public_bytes(Encoding.PEM) + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)
