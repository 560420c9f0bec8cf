"""Rates of the codecs beside the libraries a user would pick instead: `python -m bench.codecs`.

Secured packets are sealed and opened (checked and deciphered) with both crypto providers. The other libraries: smpplib
(text), python-gsmmodem-new (text, TPDU), ber-tlv (TLV); those that are not installed are named on a line of their own.
Each figure is the median of `--repeat` runs, with the least and the most of them; processor time of this process.
"""

from __future__ import annotations

import argparse
import importlib
import json
import statistics
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from telecom_codecs import cat, tlv
from telecom_codecs.card.identities import Tar
from telecom_codecs.crypto.openssl import OpenSslProvider
from telecom_codecs.crypto.pycryptodome import PycryptodomeProvider
from telecom_codecs.ota.packet_security import (
    CryptoProvider,
    KeySet,
    SecretKey,
    open_command,
    open_response,
    seal_command,
    seal_response,
)
from telecom_codecs.ota.secured_packet import CommandPacket, ResponsePacket, Spi
from telecom_codecs.sms import concat, gsm7, ucs2
from telecom_codecs.sms.address import Address
from telecom_codecs.sms.time import RelativeValidity
from telecom_codecs.sms.tpdu import SmsDeliver, SmsSubmit

SPI = Spi.decode(bytes.fromhex("1639"))
TAR = Tar.from_hex("B00011")
AES = KeySet(SecretKey(bytes(range(16))), SecretKey(bytes(range(16, 32))))
DES3 = KeySet(SecretKey(bytes.fromhex("0123456789abcdef" "1123456789abcdef")),
              SecretKey(bytes.fromhex("2123456789abcdef" "3123456789abcdef")))  # fmt: skip
SCRIPT = bytes.fromhex("00a40004023f0000a40004027f2000a40004026f0700b2010426") + bytes(34)
ASCII = "Balance 12.30 yuan at 08:00, card 0001. "
CHINESE = "您的余额为 12.30 元，截至 8月1日 08:00。"
DELIVER = bytes.fromhex("040b918613800000f100006211220000002326" + gsm7.pack(gsm7.encode(ASCII[:38])).hex())
ADDRESS = Address("8613800000001")
MENU = cat.SetUpMenu("一卡通", tuple(cat.Item(number, "余额查询") for number in range(1, 9)))


@dataclass(frozen=True, slots=True)
class Case:
    """One call that is measured; `by` names whose code it is."""

    name: str
    by: str
    call: Callable[[], Any]
    unit: str
    divisor: int = 1  #: fewer calls for what is slow


def packet_cases() -> Iterator[Case]:
    """Sealing and opening of one-segment packets, and a response, under each provider."""
    providers: dict[str, CryptoProvider] = {"cryptography": OpenSslProvider(), "pycryptodome": PycryptodomeProvider()}
    for by, provider in providers.items():
        for name, keys, key in (("AES-128 CBC, CMAC-8", AES, 0x12), ("3DES-2 CBC, MAC-8", DES3, 0x15)):
            command = CommandPacket(SPI, key, key, TAR, 5, SCRIPT)
            answer = ResponsePacket(TAR, 5, 0, bytes.fromhex("049000") + bytes(20))
            sealed = seal_command(command, keys, provider)
            answered = seal_response(answer, SPI, key, key, keys, provider)
            assert open_command(sealed, keys, provider).packet == command
            assert open_response(answered, SPI, key, key, keys, provider).authentic

            def build(
                command: CommandPacket = command, keys: KeySet = keys, provider: CryptoProvider = provider
            ) -> bytes:
                return seal_command(command, keys, provider)

            def verify(sealed: bytes = sealed, keys: KeySet = keys, provider: CryptoProvider = provider) -> object:
                return open_command(sealed, keys, provider)

            def both(
                command: CommandPacket = command, keys: KeySet = keys, provider: CryptoProvider = provider
            ) -> object:
                return open_command(seal_command(command, keys, provider), keys, provider)

            def por(
                answered: bytes = answered, keys: KeySet = keys, provider: CryptoProvider = provider, key: int = key
            ) -> object:
                return open_response(answered, SPI, key, key, keys, provider)

            yield Case(f"secured packet build, {name}", by, build, "packets/s", 4)
            yield Case(f"secured packet verify, {name}", by, verify, "packets/s", 4)
            yield Case(f"secured packet build + verify, {name}", by, both, "packets/s", 4)
            yield Case(f"response packet verify, {name}", by, por, "packets/s", 4)


def text_cases() -> Iterator[Case]:
    """Alphabets and segments."""
    text, long_text = ASCII * 4, CHINESE * 8
    septets = gsm7.encode(text)
    packed = gsm7.pack(septets)
    yield Case("GSM 7-bit encode 160 characters", "ours", lambda: gsm7.encode(text), "texts/s")
    yield Case("GSM 7-bit encode and pack 160 characters", "ours", lambda: gsm7.pack(gsm7.encode(text)), "texts/s")
    yield Case("GSM 7-bit unpack and decode 160 characters", "ours",
               lambda: gsm7.decode(gsm7.unpack(packed, len(septets))), "texts/s")  # fmt: skip
    yield Case("UCS-2 encode and decode 28 characters", "ours", lambda: ucs2.decode(ucs2.encode(CHINESE)), "texts/s")
    yield Case(
        "split Chinese text into segments", "ours", lambda: concat.split_text(long_text, reference=7), "texts/s", 10
    )
    theirs = found("smpplib.gsm")
    if theirs:
        assert theirs.gsm_encode(text) == septets
        yield Case("GSM 7-bit encode 160 characters", "smpplib", lambda: theirs.gsm_encode(text), "texts/s", 10)
        yield Case("split Chinese text into segments", "smpplib", lambda: theirs.make_parts(long_text), "texts/s", 10)
    modem = found("gsmmodem.pdu")
    if modem:
        assert bytes(modem.packSeptets(modem.encodeGsm7(text))) == packed
        yield Case("GSM 7-bit encode and pack 160 characters", "python-gsmmodem-new",
                   lambda: modem.packSeptets(modem.encodeGsm7(text)), "texts/s", 20)  # fmt: skip
        yield Case("GSM 7-bit unpack and decode 160 characters", "python-gsmmodem-new",
                   lambda: modem.decodeGsm7(modem.unpackSeptets(packed, len(septets))), "texts/s", 20)  # fmt: skip


def tpdu_cases() -> Iterator[Case]:
    """Short messages as TPDUs."""
    submit = SmsSubmit(ADDRESS, 0, 0, gsm7.encode(ASCII), reference=1, validity=RelativeValidity(0xA7))
    octets = submit.encode()
    assert SmsSubmit.decode(octets) == submit
    yield Case("TPDU SMS-SUBMIT encode, 40 characters", "ours", lambda: _submit().encode(), "TPDU/s")
    yield Case("TPDU SMS-DELIVER decode, 38 characters", "ours", lambda: SmsDeliver.decode(DELIVER).text(), "TPDU/s")
    modem = found("gsmmodem.pdu")
    if modem:
        with_smsc = ("00" + DELIVER.hex()).upper()
        assert modem.decodeSmsPdu(with_smsc)["text"] == SmsDeliver.decode(DELIVER).text()
        yield Case("TPDU SMS-SUBMIT encode, 40 characters", "python-gsmmodem-new",
                   lambda: modem.encodeSmsSubmitPdu("+8613800000001", ASCII, 1), "TPDU/s", 20)  # fmt: skip
        yield Case("TPDU SMS-DELIVER decode, 38 characters", "python-gsmmodem-new",
                   lambda: modem.decodeSmsPdu(with_smsc), "TPDU/s", 20)  # fmt: skip


def _submit() -> SmsSubmit:
    return SmsSubmit(ADDRESS, 0, 0, gsm7.encode(ASCII), reference=1, validity=RelativeValidity(0xA7))


def tlv_cases() -> Iterator[Case]:
    """BER-TLV to the bottom and back, and the toolkit on top of COMPREHENSION-TLV."""
    octets, menu = _template().encode(), cat.encode_proactive(MENU)
    assert cat.decode_proactive(menu) == MENU

    def parse() -> list[Any]:
        return [
            (item.tag, item.children() if item.is_constructed else item.value)
            for item in tlv.decode_ber(octets).children()
        ]

    yield Case("BER-TLV parse, 6 objects in 3 levels", "ours", parse, "templates/s", 2)
    yield Case("BER-TLV build, 6 objects in 3 levels", "ours", lambda: _template().encode(), "templates/s", 2)
    yield Case(
        "proactive command SET UP MENU of 8 items encode", "ours", lambda: cat.encode_proactive(MENU), "commands/s", 10
    )
    yield Case(
        "proactive command SET UP MENU of 8 items decode", "ours", lambda: cat.decode_proactive(menu), "commands/s", 10
    )
    theirs = found("ber_tlv.tlv")
    if theirs:
        values = theirs.Tlv.parse(octets, recursive=True)
        assert bytes(theirs.Tlv.build(values)) == octets
        yield Case("BER-TLV parse, 6 objects in 3 levels", "ber-tlv",
                   lambda: theirs.Tlv.parse(octets, recursive=True), "templates/s", 20)  # fmt: skip
        yield Case(
            "BER-TLV build, 6 objects in 3 levels", "ber-tlv", lambda: theirs.Tlv.build(values), "templates/s", 20
        )


def _template() -> tlv.BerTlv:
    """An FCP template: an object with four in it, one of which holds another."""
    proprietary = tlv.BerTlv.of(0xA5, tlv.BerTlv(0x80, b"\x71"))
    inner = (tlv.BerTlv(0x82, b"\x41\x21"), tlv.BerTlv(0x83, b"\x2f\xe2"), proprietary, tlv.BerTlv(0x8A, b"\x05"))
    return tlv.BerTlv.of(0x62, *inner)


def found(module: str) -> Any:
    """Another library, or None; then it says so."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return importlib.import_module(module)
    except ImportError as error:
        print(json.dumps({"bench": "codecs", "by": module, "skipped": f"not installed: {error}"}), flush=True)
        return None


def rates(call: Callable[[], Any], n: int, repeat: int) -> dict[str, int]:
    """Calls a second: median, least and most."""
    seconds = []
    for _ in range(repeat):
        start = time.process_time()
        for _ in range(n):
            call()
        seconds.append(n / (time.process_time() - start))
    return {"rate": round(statistics.median(seconds)), "least": round(min(seconds)), "most": round(max(seconds))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=50_000)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--only", default="", help="only cases whose name contains this")
    options = parser.parse_args()
    for cases in (packet_cases, text_cases, tpdu_cases, tlv_cases):
        for case in cases():
            if options.only not in case.name:
                continue
            n = max(1, options.n // case.divisor)
            line = {"bench": f"codecs: {case.name}", "by": case.by, "n": n, **rates(case.call, n, options.repeat)}
            print(json.dumps(line | {"unit": case.unit}, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
