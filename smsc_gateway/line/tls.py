"""TLS of a link: whom we believe and who we are. SNI is always sent; renegotiation is off (TLS 1.2 and later only)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Tls:
    """`authority`: PEM file of the CA to believe instead of the system's. `pin`: SHA-256 of the only certificate to
    believe, in hex, whoever signed it. `certificate`: PEM file with our certificate and key, when the SMSC asks.
    """

    authority: Path | None = None
    pin: str = ""
    certificate: Path | None = None
    server_name: str = ""  #: the name to verify when it is not the host's


def over_tls(endpoint: Any, host: str, tls: Tls) -> Any:
    """The endpoint with TLS on it; OSError when a PEM file cannot be read."""
    from twisted.internet import ssl  # noqa: PLC0415 - needs pyOpenSSL, which only TLS links do
    from twisted.internet.endpoints import wrapClientTLS  # noqa: PLC0415

    own = None if tls.certificate is None else ssl.PrivateCertificate.loadPEM(tls.certificate.read_bytes())
    name = tls.server_name or host
    if tls.pin:
        return wrapClientTLS(_Pinned(name, tls.pin, own), endpoint)
    trust = None if tls.authority is None else ssl.Certificate.loadPEM(tls.authority.read_bytes())
    return wrapClientTLS(ssl.optionsForClientTLS(name, trustRoot=trust, clientCertificate=own), endpoint)


def server_options(certificate: Path, authority: Path | None = None) -> Any:
    """A server's side: PEM file with its certificate and key; with `authority` clients must show one signed by it.

    Raises `OSError` or `ValueError` for a file that cannot be used.
    """
    from OpenSSL import crypto  # noqa: PLC0415
    from twisted.internet import ssl  # noqa: PLC0415

    read = certificate
    try:
        own = ssl.PrivateCertificate.loadPEM(certificate.read_bytes())
        read = authority or certificate
        trusted = [] if authority is None else [ssl.Certificate.loadPEM(authority.read_bytes())]
    except crypto.Error:
        raise ValueError(f"{read} holds no certificate that can be used") from None
    return own.options(*trusted)


def _Pinned(name: str, pin: str, own: Any) -> Any:  # noqa: N802 - makes a connection creator
    """A connection creator that believes one certificate, by its fingerprint."""
    from OpenSSL import SSL  # noqa: PLC0415
    from twisted.internet import ssl  # noqa: PLC0415
    from twisted.internet.interfaces import IOpenSSLClientConnectionCreator  # noqa: PLC0415
    from zope.interface import implementer  # noqa: PLC0415

    wanted = pin.replace(":", "").lower()
    options: dict[str, Any] = {"raiseMinimumTo": ssl.TLSVersion.TLSv1_2}
    if own is not None:
        options |= {"privateKey": own.privateKey.original, "certificate": own.original}
    context = ssl.CertificateOptions(**options).getContext()

    def believed(_: Any, certificate: Any, __: int, depth: int, ___: int) -> bool:
        return depth > 0 or certificate.digest("sha256").decode().replace(":", "").lower() == wanted

    context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, believed)

    @implementer(IOpenSSLClientConnectionCreator)
    class Creator:
        def clientConnectionForTLS(self, protocol: Any) -> Any:  # noqa: N802 - Twisted's name
            connection = SSL.Connection(context, None)
            connection.set_app_data(protocol)
            if not name.replace(".", "").isdecimal():
                connection.set_tlsext_host_name(name.encode("ascii"))
            return connection

    return Creator()
