"""Alphabets, numbers, TLVs, times and headers: the small formats the others are made of."""

from __future__ import annotations

from typing import Any

from telecom_codecs import tlv
from telecom_codecs.card.identities import Aid, Iccid, Imsi, Tar
from telecom_codecs.errors import BadValue
from telecom_codecs.octets import Cursor
from telecom_codecs.sms import gsm7, ucs2, udh
from telecom_codecs.sms import time as sms_time
from telecom_codecs.sms.address import Address, decode_semi_octets, encode_semi_octets
from telecom_codecs.sms.dcs import DataCoding
from telecom_codecs.sms.time import EnhancedValidity, RelativeValidity, Scts
from telecom_codecs.sms.ucs2 import AlphaText
from telecom_codecs.sms.udh import Concatenation, Element, Ports, UserDataHeader
from telecom_codecs.sms.user_data import decode_user_data, encode_user_data

from . import corpus
from .target import Target, from_cursor, hexes, named


def _first(octets: bytes) -> int:
    return octets[0] if octets else 0


def _unpacked(octets: bytes) -> tuple[int, int, bytes]:
    """Fill bits and count from the first two octets, septets from the rest."""
    fill, count = _first(octets) % 8 % 7, _first(octets[1:])
    return fill, count, gsm7.unpack(octets[2:], count, fill)


def _packed(value: tuple[int, int, bytes]) -> bytes:
    fill, count, septets = value
    return bytes((fill, count)) + gsm7.pack(septets, fill)


def _in_language(octets: bytes) -> tuple[int, str]:
    """Single and locking shift from the first octet."""
    languages = _first(octets)
    return languages, gsm7.decode(octets[1:], single_shift=languages & 15, locking_shift=languages >> 4)


def _out_of_language(value: tuple[int, str]) -> bytes:
    languages, text = value
    return bytes((languages,)) + gsm7.encode(text, single_shift=languages & 15, locking_shift=languages >> 4)


def _counted_digits(octets: bytes) -> tuple[int, str]:
    count = max(0, 2 * len(octets[1:]) - (_first(octets) & 1))
    return count & 1, decode_semi_octets(octets[1:], count=count)


def _user_data(octets: bytes) -> tuple[int, bool, bytes]:
    """DCS and UDHI from the first two octets."""
    dcs, udhi = _first(octets), bool(_first(octets[1:]) & 1)
    return dcs, udhi, decode_user_data(Cursor(octets[2:]), dcs, udhi)


def _user_data_octets(value: tuple[int, bool, bytes]) -> bytes:
    dcs, udhi, user_data = value
    return bytes((dcs, udhi)) + encode_user_data(dcs, udhi, user_data)


def _split(octets: bytes) -> tuple[UserDataHeader | None, bytes]:
    return udh.split_user_data(bool(_first(octets) & 1), octets[1:])


def _joined(value: tuple[UserDataHeader | None, bytes]) -> bytes:
    header, body = value
    return bytes((header is not None,)) + (header.encode() if header else b"") + body


def _element(octets: bytes) -> Element:
    if not octets:
        raise BadValue("no element")
    return Element(octets[0], octets[1:])


def _element_octets(element: Element) -> bytes:
    return bytes((element.iei,)) + element.value


def _hex_text(octets: bytes) -> str:
    return octets.decode("latin-1")


def _rp(value: Address | None) -> bytes:
    return b"\x00" if value is None else value.encode_rp()


def _enhanced(octets: bytes) -> EnhancedValidity:
    return EnhancedValidity.decode(Cursor(octets))


def targets() -> tuple[Target, ...]:
    """One for each public decoder of these modules."""
    addresses = corpus.octets("sms_address", "address") + hexes(
        "0b91683108200105f0", "04d0c82293", "0891683108200505f0"
    )
    alphas = hexes(
        "804f59989d67e58be2", "8105 13 53 95 a6 a6 ff", "8205 0530 2d 82 d3 2d 31", "53 6f 70", "80 d83d de00"
    )
    tlvs = corpus.octets("envelope", "terminal_response", "proactive_command", "key_information")[:120]
    headers = corpus.octets("udh") + hexes("027000", "0500032a0201", "0608040123030270", "07000301030170 00")
    data = hexes(
        "00000ae8329bfd4697d9ec37", "0801080500032a02014f60", "040103027000", "f60103027000", "000106050003010201"
    )
    scts = hexes("62112200000023", "90709030751300", "99309251619580", "ffffffffffffff")
    return (
        named("gsm7.decode", gsm7.decode, _out_of_language, *hexes("0048656c6c6f", "111b65", "331b1b00"),
              read=_in_language),
        named("gsm7.unpack", gsm7.unpack, _packed, *hexes("000ae8329bfd4697d9ec37", "0107d06536fb0d"), read=_unpacked),
        named("ucs2.decode", ucs2.decode, ucs2.encode, *hexes("4f60597d", "d83dde00", "d800", "004100")),
        named("ucs2.decode_alpha", ucs2.decode_alpha, None, *alphas),
        named("ucs2.AlphaText", AlphaText.decode, AlphaText.encode, *alphas),
        named("dcs.DataCoding", DataCoding.decode, _dcs, *hexes("00", "f6", "08", "d8"), read=_data_coding, weight=1),
        named("address.semi_octets", decode_semi_octets, encode_semi_octets, *hexes("2143f5", "6831", "badcfe")),
        Target("address.semi_octets counted", _counted_digits, None, hexes("012143f5", "006831")),
        named("address.tp", Address.decode_tp, Address.encode_tp, *addresses, read=from_cursor(Address.decode_tp)),
        named("address.rp", Address.decode_rp, _rp, *addresses, read=from_cursor(Address.decode_rp)),
        named("address.value", Address.decode_value, Address.encode_value, *(octets[1:] for octets in addresses)),
        named("identities.Iccid", Iccid.from_octets, Iccid.octets,
              *hexes("98681032547698103214", "986810325476981032f4")),
        named("identities.Imsi", Imsi.from_octets, Imsi.octets, *hexes("084906001032547698", "0749060010325476")),
        named("identities.Tar hex", Tar.from_hex, _hex_of, b"B00011", b"594B54", read=_tar_hex, weight=1),
        named("identities.Aid hex", Aid.from_hex, _hex_of, b"A0000000871002", read=_aid_hex, weight=1),
        named("tlv.ber_length", tlv.decode_ber_length, tlv.encode_ber_length,
              *hexes("7f", "81ff", "82ffff", "83010000"), read=from_cursor(tlv.decode_ber_length)),
        named("tlv.ber", tlv.decode_ber, tlv.BerTlv.encode, *tlvs),
        named("tlv.ber_all", tlv.decode_ber_all, tlv.encode_ber_all, *tlvs, weight=8),
        Target("tlv.ber_all to the bottom", _deep, None, tlvs),
        named("tlv.comprehension", tlv.decode_comprehension, tlv.ComprehensionTlv.encode, *tlvs,
              read=from_cursor(tlv.decode_comprehension)),
        named("tlv.comprehension_all", tlv.decode_comprehension_all, tlv.encode_comprehension_all, *tlvs, weight=8),
        named("udh.UserDataHeader", UserDataHeader.decode, UserDataHeader.encode, *headers, weight=8),
        named("udh.Concatenation", Concatenation.decode, lambda value: _element_octets(value.element()),
              *hexes("002a0201", "08012a0201"), read=lambda octets: Concatenation.decode(_element(octets))),
        named("udh.Ports", Ports.decode, lambda value: _element_octets(value.element()),
              *hexes("04f4f5", "0523f423f5"), read=lambda octets: Ports.decode(_element(octets))),
        Target("udh.split_user_data", _split, _joined, tuple(b"\x01" + octets for octets in headers),
               ("telecom_codecs.sms.udh.split_user_data",)),
        named("sms_user_data", decode_user_data, _user_data_octets, *data, read=_user_data, weight=8),
        named("sms_time.Scts", Scts.decode, Scts.encode, *scts),
        named("sms_time.EnhancedValidity", EnhancedValidity.decode, EnhancedValidity.encode,
              *hexes("00000000000000", "01050000000000", "4301123456000000", "02ff0000000000"), read=_enhanced),
        Target("sms_time.RelativeValidity", _relative, sms_time.RelativeValidity.encode, hexes("a7"), weight=1),
    )  # fmt: skip


def _data_coding(octets: bytes) -> DataCoding:
    return DataCoding.decode(_first(octets))


def _dcs(value: DataCoding) -> bytes:
    return bytes((value.octet,))


def _tar_hex(octets: bytes) -> Tar:
    return Tar.from_hex(_hex_text(octets))


def _aid_hex(octets: bytes) -> Aid:
    return Aid.from_hex(_hex_text(octets))


def _hex_of(value: Any) -> bytes:
    return str(value).encode()


def _relative(octets: bytes) -> RelativeValidity:
    value = RelativeValidity(_first(octets))
    value.period()
    return value


def _deep(octets: bytes) -> int:
    """Every object of every constructed object: what a reader of nested TLVs does, without recursion."""
    waiting, seen = list(tlv.decode_ber_all(octets)), 0
    while waiting:
        item = waiting.pop()
        seen += 1
        if item.is_constructed and seen < 2000:
            waiting += item.children()
    return seen
