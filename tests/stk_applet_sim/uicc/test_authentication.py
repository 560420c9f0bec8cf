"""AUTHENTICATE: the card proves itself to a network that proves itself first."""

from __future__ import annotations

import tomllib
from importlib import resources
from typing import Any

import pytest

from stk_applet_sim.uicc.authentication import Authentication
from stk_applet_sim.uicc.card import Uicc
from stk_applet_sim.uicc.memory import NonVolatile
from stk_applet_sim.uicc.milenage import Milenage, SubscriberKey
from stk_applet_sim.uicc.profile import CardProfile
from stk_applet_sim.uicc.status import Refused
from telecom_codecs.crypto.openssl import OpenSslProvider
from telecom_codecs.crypto.pycryptodome import PycryptodomeProvider
from telecom_codecs.crypto.secret_key import SecretKey

ROWS: list[dict[str, Any]] = tomllib.loads(
    resources.files("tests.vectors").joinpath("milenage.toml").read_text(encoding="utf-8")
)["set"]
SET_1 = {name: bytes.fromhex(value) for name, value in ROWS[0].items() if name != "source"}
USIM = bytes.fromhex("00A4040C07A0000000871002")


def octets_of(row: dict[str, Any]) -> dict[str, bytes]:
    return {name: bytes.fromhex(value) for name, value in row.items() if name != "source"}


def a_key(row: dict[str, bytes]) -> SubscriberKey:
    return SubscriberKey(SecretKey(row["k"]), SecretKey(row["opc"]))


@pytest.mark.parametrize("provider", [PycryptodomeProvider(), OpenSslProvider()])
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["source"])
def test_functions_give_the_published_values(row: dict[str, Any], provider: PycryptodomeProvider) -> None:
    """f1, f1*, f2, f3, f4, f5 and f5* of the standard's own test data."""
    octets = octets_of(row)
    functions = Milenage(a_key(octets), provider)
    vector = functions.vector(octets["rand"])
    assert functions.macs(octets["rand"], octets["sqn"], octets["amf"]) == (octets["f1"], octets["f1star"])
    assert (vector.res, vector.ck, vector.ik) == (octets["f2"], octets["f3"], octets["f4"])
    assert (vector.ak, functions.resynchronisation_key(octets["rand"])) == (octets["f5"], octets["f5star"])


def autn(row: dict[str, bytes], sqn: bytes | None = None, amf: bytes = b"\x00\x00") -> bytes:
    """What the network would send for SQN (default: the row's SQN and AMF)."""
    functions = Milenage(a_key(row), PycryptodomeProvider())
    sqn, amf = (row["sqn"], row["amf"]) if sqn is None else (sqn, amf)
    hidden = bytes(a ^ b for a, b in zip(sqn, row["f5"], strict=True))
    return hidden + amf + functions.macs(row["rand"], sqn, amf)[0]


def a_card(**changes: bytes) -> Uicc:
    card = Uicc(CardProfile.named("ykt"), provider=PycryptodomeProvider(), random=bytes, state=changes.get("state"))
    card.process(USIM)
    return card


def challenge(card: Uicc, token: bytes, rand: bytes = SET_1["rand"]) -> bytes:
    """AUTHENTICATE in the 3G context, with its GET RESPONSE."""
    sw = card.process(bytes.fromhex("0088008122") + b"\x10" + rand + b"\x10" + token)
    return card.process(bytes((0, 0xC0, 0, 0, sw[1]))) if sw[0] == 0x61 else sw


def test_card_answers_test_set_1_of_the_standard() -> None:
    """DB with RES, CK, IK, then Kc = CK1 ^ CK2 ^ IK1 ^ IK2."""
    answer = challenge(a_card(), autn(SET_1))
    kc = bytes.fromhex("eae4be823af9a08b")  # TS 35.208 gives it for GSM: the same folding
    expected = b"\xdb\x08" + SET_1["f2"] + b"\x10" + SET_1["f3"] + b"\x10" + SET_1["f4"] + b"\x08" + kc
    assert answer == expected + bytes.fromhex("9000")


def test_gsm_context_answers_with_sres_and_kc() -> None:
    """Class 00 in the USIM and class A0 in DF.GSM give the same four and eight octets."""
    sres, kc = bytes.fromhex("46f8416a"), bytes.fromhex("eae4be823af9a08b")
    card = a_card()
    assert card.process(bytes.fromhex("0088008011") + b"\x10" + SET_1["rand"]) == bytes.fromhex("610E")
    assert card.process(bytes.fromhex("00C000000E")) == b"\x04" + sres + b"\x08" + kc + b"\x90\x00"
    card.process(bytes.fromhex("A0A40000027F20"))
    assert card.process(bytes.fromhex("A088000010") + SET_1["rand"]) == bytes.fromhex("9F0C")
    assert card.process(bytes.fromhex("A0C000000C")) == sres + kc + b"\x90\x00"


def test_challenge_heard_before_gets_the_cards_sequence_number() -> None:
    """A replay is told apart from a forgery: DC with AUTS, from which the network reads SQN and goes on."""
    card = a_card()
    assert challenge(card, autn(SET_1))[0] == 0xDB
    answer = challenge(card, autn(SET_1))
    assert answer[:2] == bytes.fromhex("DC0E")
    auts = answer[2:16]
    functions = Milenage(a_key(SET_1), PycryptodomeProvider())
    sqn = bytes(a ^ b for a, b in zip(auts[:6], SET_1["f5star"], strict=True))
    assert sqn == SET_1["sqn"]
    assert functions.macs(SET_1["rand"], sqn, bytes(2))[1] == auts[6:]


def test_sequence_numbers_may_come_out_of_order_within_their_index() -> None:
    """Two network nodes use two indices: neither disturbs the other, and each only goes up."""
    card = a_card()

    def heard(sqn: int) -> int:
        return challenge(card, autn(SET_1, sqn.to_bytes(6, "big")))[0]

    assert [heard(sqn) for sqn in (10 << 5 | 1, 5 << 5 | 2, 10 << 5 | 1, 9 << 5 | 1, 6 << 5 | 2, 11 << 5 | 1)] == [
        0xDB, 0xDB, 0xDC, 0xDC, 0xDB, 0xDB,
    ]  # fmt: skip


def test_sequence_number_survives_a_power_cut() -> None:
    """Taking the battery out does not make an old challenge new."""
    card = a_card()
    challenge(card, autn(SET_1))
    assert challenge(a_card(state=card.snapshot()), autn(SET_1))[0] == 0xDC


def test_forged_challenge_is_refused_and_forgotten() -> None:
    """9862, and the sequence number in it is not remembered."""
    card = a_card()
    token = autn(SET_1)
    assert challenge(card, token[:-1] + bytes([token[-1] ^ 1])) == bytes.fromhex("9862")
    assert challenge(card, token)[0] == 0xDB


@pytest.mark.parametrize(
    ("apdu", "sw"),
    [
        ("0088008110" + "11" * 16, "6700"),  # no length octet of 16
        ("0088008111" + "10" + "11" * 16, "6A80"),  # AUTN missing
        ("0088008123" + "10" + "11" * 16 + "10" + "22" * 16 + "00", "6A80"),
        ("0088008211" + "10" + "11" * 16, "6A86"),  # no such context
        ("0088018011" + "10" + "11" * 16, "6A86"),
        ("00880081", "6A80"),
    ],
)
def test_malformed_challenge_is_refused(apdu: str, sw: str) -> None:
    """The right word for each, nothing remembered."""
    card = a_card()
    writes = card.memory.writes
    assert card.process(bytes.fromhex(apdu)).hex().upper() == sw
    # a good one with octets behind it was undone as well
    assert card.snapshot() == b"{}" or card.memory.writes == writes


def test_nobody_authenticates_outside_the_usim_or_without_the_pin() -> None:
    """6985 at the MF, 6982 while PIN 1 is asked for."""
    card = a_card()
    card.process(bytes.fromhex("00A4000C023F00"))
    assert challenge(card, autn(SET_1)) == bytes.fromhex("6985")
    card.process(bytes.fromhex("0028000108") + b"1234\xff\xff\xff\xff")
    card.reset()
    card.process(USIM)
    assert challenge(card, autn(SET_1)) == bytes.fromhex("6982")


def test_subscriber_keys_are_not_printed() -> None:
    """Neither K nor OPc, nor anything derived, in a repr."""
    key = a_key(SET_1)
    shown = repr(key) + repr(CardProfile.named("ykt")) + repr(Milenage(key, PycryptodomeProvider()).vector(bytes(16)))
    assert SET_1["k"].hex() not in shown.lower()
    assert "SecretKey" not in shown


def test_unknown_context_is_refused_before_anything_is_computed() -> None:
    """6A86 whatever the data are."""
    authentication = Authentication(a_key(SET_1), NonVolatile(), PycryptodomeProvider())
    with pytest.raises(Refused, match="6A86"):
        authentication.authenticate(0x00, b"")
