"""Decoders above the codecs: SMPP, `ykt decode`, and the card as a whole."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from smsc_gateway.smpp import codec, receipt
from smsc_gateway.smpp import operations as smpp
from smsc_gateway.smpp.framer import FrameError, Framer
from smsc_gateway.smpp.tlvs import Tlv
from smsc_gateway.smsc.times import parse_time
from stk_applet_sim.uicc.card import Uicc
from stk_applet_sim.uicc.profile import CardProfile
from telecom_codecs.card.identities import Tar
from telecom_codecs.crypto.openssl import OpenSslProvider
from telecom_codecs.crypto.secret_key import KeySet, SecretKey
from telecom_codecs.errors import BadValue, LocalError, RemoteError
from telecom_codecs.octets import Cursor
from telecom_codecs.ota.packet_security import seal_command, seal_response
from telecom_codecs.ota.secured_packet import CommandPacket, ResponsePacket, Spi
from ykt_telecom.tools.decode import KINDS, DecodeKeys, as_json, as_text, decode_layers

from . import corpus
from .target import Target, named

_NOW: Final = datetime(2026, 11, 22, tzinfo=UTC)
_RECEIPTS: Final = (
    b"id:0123456789 sub:001 dlvrd:001 submit date:2611220000 done date:2611220001 stat:DELIVRD err:000 text:hello",
    b"id:'00a1' stat:MA:0001 err:001",
    b"ID: 7 SUBMIT_DATE: 1 STAT: expired",
)


def _pdus() -> tuple[bytes, ...]:
    """One of every operation, some with TLVs, and the curated ones."""
    found = list(corpus.pdus())
    for pdu_class in smpp.CLASSES.values():
        try:
            found.append(codec.encode(pdu_class(sequence=7)))
            found.append(codec.encode(pdu_class(sequence=7, tlvs=(Tlv(0x001E, b"id\0"), Tlv(0x0427, b"\x02")))))
        except (LocalError, TypeError):
            continue
    found.append(codec.encode(smpp.DeliverSm(sequence=1, esm_class=4, short_message=_RECEIPTS[0])))
    found.append(codec.encode(smpp.SubmitSm(sequence=1, esm_class=0x40, short_message=bytes.fromhex("02700000"))))
    return tuple(found)


def _pdu(octets: bytes) -> Any:
    """A PDU; one with a field beyond the limits is read, so that it can be answered, and refused by its receiver."""
    pdu = codec.decode(octets)
    faulty = codec.faulty_field(pdu)
    if faulty is not None:
        raise BadValue(f"{faulty[0]} is too long")
    return pdu


def _framed(octets: bytes) -> list[bytes | FrameError]:
    """In two pieces; the same PDUs must come out as in one."""
    framer, whole = Framer(), Framer()
    half = len(octets) // 2
    pieces = framer.feed(octets[:half]) + framer.feed(octets[half:])
    at_once = whole.feed(octets)
    if [piece for piece in pieces if isinstance(piece, bytes)] != [
        piece for piece in at_once if isinstance(piece, bytes)
    ]:
        raise AssertionError("split octets give other PDUs")
    return at_once


def _receipt(octets: bytes) -> Any:
    found = receipt.parse_text(octets)
    return found and receipt.canonical_ids(found.message_id)


def _receipt_of(octets: bytes) -> Any:
    pdu = codec.decode(octets)
    return receipt.find_receipt(pdu) if isinstance(pdu, smpp.DeliverSm | smpp.DataSm) else None


def _time(octets: bytes) -> datetime | None:
    return parse_time(octets, _NOW)


class _Card:
    """A card that is pulled and put back before every command; a fresh one after every few hundred."""

    _LIFE: Final = 300
    _COMMANDS: Final = 12  #: of one input: it is one command that must not take long

    def __init__(self) -> None:
        self._profile = CardProfile.named("ykt")
        self._left = 0

    def process(self, octets: bytes) -> int:
        """Two octets of status word at least, whatever comes; a list of commands behind their lengths."""
        if not self._left:
            self._card, self._left = Uicc(self._profile, provider=OpenSslProvider(), random=bytes), self._LIFE
        self._left -= 1
        self._card.reset()
        cursor = Cursor(octets)
        for _ in range(self._COMMANDS):
            if not cursor.remaining:
                break
            answer_octets = self._card.process(cursor.take(cursor.u8("length"), "command"))
            if len(answer_octets) < 2:
                raise AssertionError(f"an answer of {len(answer_octets)} octets")
        return 0


def _sessions() -> tuple[bytes, ...]:
    """Commands behind their lengths: selections, toolkit, an OTA envelope, the card manager."""
    scripts = (
        ("00a40004023f00", "00a4000c022f00", "00b2010400", "00c0000010"),
        ("00a40004023f00", "00a40004022fe2", "00b000000a", "00d6000001aa"),
        (
            "8010000014" + "ff" * 20,
            "80120000ff",
            "801400000c8103012500028282810300 0100".replace(" ", "")[:34],
            "80f2000000",
        ),
        (
            "00a4040007a0000000871002",
            "0020000108 31323334ffffffff".replace(" ", ""),
            "008800812 2".replace(" ", "") + "00" * 34,
        ),
        ("a0a40000023f00", "a0c0000016", "a0b000000a", "a0f2000016"),
        ("0070000001", "01a40004023f00", "0070800100", "0084000008"),
    )
    envelopes = (
        "80c20000" + f"{len(octets):02x}" + octets.hex() for octets in corpus.octets("envelope", "envelope_sms_pp")
    )
    return tuple(
        b"".join(bytes((len(command),)) + command for command in map(bytes.fromhex, script))
        for script in (
            *scripts,
            *(("8010000014" + "ff" * 20, envelope) for envelope in envelopes if len(envelope) < 400),
        )
    )


_DECODE_KEYS: Final = DecodeKeys(
    {0: KeySet(SecretKey(bytes(range(16))), SecretKey(bytes(range(16, 32))))}, OpenSslProvider()
)


def _layers(octets: bytes) -> tuple[int, int]:
    """Any octets as `ykt decode` shows them, of the kind the first octet picks; the labels are all octets."""
    kinds = ("auto", *KINDS)
    layers = decode_layers([octets[1:]], kinds[octets[0] % len(kinds)] if octets else "auto", _DECODE_KEYS)
    for layer in layers:
        if sum(len(label.octets) for label in layer.labels) != len(layer.octets):
            raise AssertionError(f"{layer.name}: octets without a label")
    return len("".join(as_text(layer) for layer in layers)), len(str([as_json(layer) for layer in layers]))


def _shown() -> tuple[bytes, ...]:
    """Something of every kind, behind the octet that picks it; a packet that opens under the keys among them."""
    found = [bytes((0,)) + octets for octets in (*corpus.pdus(), *corpus.octets("envelope", "envelope_sms_pp"))]
    packet = CommandPacket(
        Spi.decode(b"\x16\x39"), 0x12, 0x12, Tar(b"\xb0\x00\x01"), 7, bytes.fromhex("00a40004023f00")
    )
    answer_packet = ResponsePacket(packet.tar, 7, 0, bytes.fromhex("019000"))
    keys, provider = _DECODE_KEYS.of(1), _DECODE_KEYS.provider
    found.append(b"\0" + seal_command(packet, keys, provider))
    found.append(b"\0" + seal_response(answer_packet, packet.spi, 0x12, 0x12, keys, provider))
    examples = {
        "script": ("80e60c00110000000000000000", "aa09220700a40004023f00", "80e288000a0101020102"),
        "response": ("ab1c800101231762138202412183023f008a01058b032f060188010 89000".replace(" ", ""), "016132"),
        "apdu": ("00a4000c023f00", "62138202412183023f008a01058b032f06018801089000"),
        "deliver-report": ("40077ff610027100000b0ab00001000000002a0000",),
        "status-report": ("06010b918613800000f1621122020000236211220210002300",),
        "terminal-response": ("8103012301820282818301008d0704313233343536",),
    }
    for at, kind in enumerate(KINDS, 1):
        found += [bytes((at,)) + bytes.fromhex(text) for text in examples.get(kind, ())]
    return tuple(found)


def targets() -> tuple[Target, ...]:
    """SMPP, what `ykt decode` shows, a card."""
    pdus = _pdus()
    return (
        named("smpp.decode", codec.decode, codec.encode, *pdus, read=_pdu, weight=24),
        Target("smpp.Framer", _framed, None, (*pdus, b"".join(pdus[:4])), weight=8),
        Target("smpp.receipt text", _receipt, None, _RECEIPTS, weight=8),
        Target("smpp.receipt of a PDU", _receipt_of, None, pdus),
        Target("smpp.time", _time, None,
               (b"261122000000032+", b"000001000000000R")),
        Target("decode.layers", _layers, None, _shown(), weight=16),
        Target("card.process", _Card().process, None, _sessions(), refusals=(RemoteError,), weight=4),
    )  # fmt: skip
