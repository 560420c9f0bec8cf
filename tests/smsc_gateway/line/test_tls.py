"""TLS on loopback: verified, pinned, mutual; and what is refused."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from twisted.internet import reactor

from smsc_gateway.line.tls import Tls, server_options
from smsc_gateway.links.awaited import AwaitedLink
from smsc_gateway.links.backoff import Backoff
from smsc_gateway.links.config import LinkConfig
from smsc_gateway.smpp import operations as op
from tests.tasks import in_task

from ..loopback import Lab, a_server, a_submit, now
from ..virtual import PHONE

#: Twisted hands its own certificates to pyOpenSSL in the old form
pytestmark = pytest.mark.filterwarnings("ignore:Passing pyOpenSSL:DeprecationWarning")


def a_certificate(folder: Path, name: str) -> tuple[Path, str]:
    """A self-signed certificate with its key in a PEM file, and its SHA-256."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now() - timedelta(days=1))
        .not_valid_after(now() + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / f"{name}.pem"
    path.write_bytes(pem)
    return path, hashlib.sha256(made.public_bytes(serialization.Encoding.DER)).hexdigest()


async def tried(tmp_path: Path, tls: Tls, *, clients: Path | None = None) -> bool:
    """Whether a link with this TLS binds to a server named smsc.test and gets a message through."""
    server = a_server()
    options = server_options(tmp_path / "smsc.test.pem", clients)
    port = server.listen(port=0, tls=options)
    config = replace(LinkConfig("127.0.0.1", port, "ykt", "secret"), tls=tls)

    async def on_deliver(_: op.DeliverSm) -> int:
        return 0

    link = AwaitedLink(
        config, on_deliver=on_deliver, reactor=reactor, random=Random(1), backoff=Backoff(Random(1), first=0.01)
    )
    made = Lab(server, link, None, port)  # type: ignore[arg-type]
    link.start()
    await made.until(lambda: link.is_bound or server.counts["connections"] >= 3)
    through = link.is_bound and (await link.submit(a_submit(destination_addr=PHONE.encode()))).status == 0
    await link.stop()
    await server.stop()
    return through


@pytest.mark.parametrize("case", ["authority", "pin", "mutual"])
@in_task
async def test_right_certificates_bind(tmp_path: Path, case: str) -> None:
    """By its authority and name, by its fingerprint, or both ways."""
    server, pin = a_certificate(tmp_path, "smsc.test")
    client, _ = a_certificate(tmp_path, "esme.test")
    choices = {
        "authority": Tls(authority=server, server_name="smsc.test"),
        "pin": Tls(pin=pin),
        "mutual": Tls(authority=server, server_name="smsc.test", certificate=client),
    }
    assert await tried(tmp_path, choices[case], clients=client if case == "mutual" else None)


@pytest.mark.parametrize("case", ["system's authorities", "other name", "other pin", "no client certificate"])
@in_task
async def test_wrong_certificates_never_bind(tmp_path: Path, case: str) -> None:
    """No password goes over a line we do not trust."""
    server, _ = a_certificate(tmp_path, "smsc.test")
    other, pin = a_certificate(tmp_path, "other.test")
    choices = {
        "system's authorities": Tls(server_name="smsc.test"),
        "other name": Tls(authority=server, server_name="other.test"),
        "other pin": Tls(pin=pin),
        "no client certificate": Tls(authority=server, server_name="smsc.test"),
    }
    clients = other if case == "no client certificate" else None
    assert not await tried(tmp_path, choices[case], clients=clients)
