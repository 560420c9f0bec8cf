"""PUT KEY over the air: new keys take over in one piece, and nothing old is heard again."""

from __future__ import annotations

from typing import Any

import pytest

from stk_applet_sim.uicc.card import Uicc
from stk_applet_sim.uicc.memory import PowerLoss
from stk_applet_sim.uicc.profile import CardProfile
from telecom_codecs.crypto.secret_key import BlockCipher, KeySet, SecretKey
from telecom_codecs.globalplatform.commands import KeyType, NewKey, key_information, put_key
from telecom_codecs.ota.remote_command import CompactResponse
from telecom_codecs.ota.secured_packet import PorStatus

from .ota import OPENSSL, Platform, a_card

RAM = "000000"
READ_ICCID = ("00a40004022fe2", "00b000000a")
FRESH = tuple(SecretKey(bytes([number]) * 16) for number in (0xA1, 0xA2, 0xA3))
FRESH_SET = KeySet(*FRESH)


def put_command(card: Uicc, index: int = 1, **changes: Any) -> str:
    """PUT KEY of FRESH as key set `index`, replacing `replaced`, wrapped as the card's set 1 wants it."""
    options = {"keys": FRESH, "kind": KeyType.AES, "replaced": index, "first_key_id": 1, **changes}
    entry = card.keys.get(1)
    assert entry is not None
    assert entry.keys.key_encryption is not None
    wrapping = options.get("wrapping_key", entry.keys.key_encryption)
    return (
        put_key(
            tuple(NewKey(options["kind"], key) for key in options["keys"]),
            index,
            wrapping,
            OPENSSL,
            replaced=options["replaced"],
            first_key_id=options["first_key_id"],
            wrapping=BlockCipher.AES if entry.kind.value == "aes" else BlockCipher.DES3,
        )
        .encode()
        .hex()
    )


def with_new_keys(platform: Platform) -> Platform:
    """The same card under the new keys; the counter goes on."""
    return Platform(platform.card, FRESH_SET, counter=platform.counter)


def test_new_keys_take_over() -> None:
    """The answer is the version and three check values; the old keys are refused, the new ones obeyed."""
    platform = Platform.of(a_card())
    answer = platform.run(RAM, put_command(platform.card), "00c0000000")
    assert answer == CompactResponse(2, 0x9000, b"\x01" + b"".join(key.kcv(OPENSSL) for key in FRESH))
    assert platform.send("B00010", b"").packet.status == PorStatus.CHECK_FAILED
    assert with_new_keys(platform).run("B00010", *READ_ICCID).data == platform.card.iccid.octets()


def test_replaced_keys_survive_a_power_cycle() -> None:
    """They are in the persistent state, and in no repr."""
    platform = Platform.of(a_card())
    platform.run(RAM, put_command(platform.card))
    platform.card = a_card(state=platform.card.snapshot())
    assert with_new_keys(platform).run("B00010", *READ_ICCID).sw == 0x9000
    assert "A1A1" not in repr(platform.card.keys.get(1)).upper()


def test_old_packets_stay_old_after_a_rotation() -> None:
    """The counter belongs to the index: rotating there and back revives no packet that was heard before."""
    platform = Platform.of(a_card())
    old = platform.keys
    heard = platform.packet("B00010", b"")
    platform.carry(heard)
    platform.run(RAM, put_command(platform.card))
    back = with_new_keys(platform)
    assert old.key_encryption is not None
    back.run(RAM, put_command(platform.card, keys=(old.ciphering, old.check, old.key_encryption)))
    answer = platform.carry(heard)
    assert platform.opened(answer.data[3:]).packet.status == PorStatus.COUNTER_LOW


def test_a_second_set_is_added_beside_the_first() -> None:
    """P1 00: a new index; both sets work, and the card lists both."""
    platform = Platform.of(a_card())
    platform.run(RAM, put_command(platform.card, 4, replaced=0))
    other = Platform(platform.card, FRESH_SET, kic=0x42, kid=0x42)
    assert other.run("B00010", *READ_ICCID).sw == 0x9000
    listed = key_information(platform.run(RAM, "80ca00e000").data)
    assert {key.key_version for key in listed} == {1, 4, 5}


def test_a_set_moves_to_another_index() -> None:
    """P1 names the version given up: the old index is gone."""
    platform = Platform.of(a_card())
    platform.run(RAM, put_command(platform.card, 6, replaced=1))
    assert platform.send("B00010", b"").packet.status == PorStatus.SECURITY_ERROR
    assert Platform(platform.card, FRESH_SET, kic=0x62, kid=0x62).run("B00010", *READ_ICCID).sw == 0x9000


def test_3des_card_takes_3des_keys_and_changes_to_aes() -> None:
    """Wrapped under a 3DES key; the kind of the new keys is their own."""
    platform = Platform.of(a_card("plain"))
    platform.run(RAM, put_command(platform.card))
    assert with_new_keys(platform).run("B00010", *READ_ICCID).sw == 0x9000
    platform = Platform.of(a_card("plain"))
    keys = tuple(SecretKey(bytes(range(at, at + 24))) for at in (1, 60, 120))
    platform.run(RAM, put_command(platform.card, keys=keys, kind=KeyType.DES))
    tdes = Platform(platform.card, KeySet(*keys), kic=0x19, kid=0x19, counter=platform.counter)
    assert tdes.run("B00010", *READ_ICCID).sw == 0x9000


@pytest.mark.parametrize(
    ("changes", "sw"),
    [
        ({"wrapping_key": FRESH[0]}, 0x6A80),  # wrapped under a key the card has not: wrong check values
        ({"keys": FRESH[:2]}, 0x6A80),  # not a whole set
        ({"keys": FRESH[:1]}, 0x6A80),
        ({"first_key_id": 2}, 0x6A80),
        ({"index": 16, "replaced": 0}, 0x6A80),  # no version of SCP80
        ({"replaced": 0}, 0x6985),  # there already
        ({"index": 5, "replaced": 1}, 0x6985),  # would hide another set
        ({"replaced": 9}, 0x6A88),  # nothing to replace
        ({"keys": (SecretKey(bytes(8)),) * 3, "kind": KeyType.DES}, 0x6A80),  # single DES
    ],
)
def test_a_bad_key_set_changes_nothing(changes: dict[str, Any], sw: int) -> None:
    """The card keeps its keys and says why."""
    platform = Platform.of(a_card())
    assert platform.run(RAM, put_command(platform.card, **changes)).sw == sw
    assert platform.run("B00010", *READ_ICCID).sw == 0x9000


def test_every_octet_of_the_command_counts() -> None:
    """Each octet of PUT KEY changed in turn: another status word or the same keys, never half a set."""
    good = bytes.fromhex(put_command(a_card()))
    for at in range(4, len(good)):
        platform = Platform.of(a_card())
        bad = bytearray(good)
        bad[at] ^= 0x01
        answer = CompactResponse.decode(platform.send(RAM, bytes(bad)).packet.data)
        kept = platform.card.keys.get(1)
        assert kept is not None
        assert answer.sw != 0x9000
        if answer.sw >> 8 != 0x61:
            assert kept.keys == platform.keys


def test_keys_come_in_authentic_packets_only() -> None:
    """By the contacts 6982."""
    card = a_card()
    command = bytes.fromhex(put_command(card))
    card.process(bytes.fromhex("00A4040008A000000151000000"))
    assert card.process(command) == bytes.fromhex("6982")


def test_memory_ends() -> None:
    """Further sets and applications share the memory of the profile: the one too many gets 6A84."""
    table = '{"name": "small", "extends": "ykt", "memory_octets": 1200}'
    platform = Platform.of(a_card(CardProfile.from_json(table)))
    assert platform.run(RAM, put_command(platform.card, 2, replaced=0), "00c0000000").sw == 0x9000
    free = platform.run(RAM, "80caff2100").data
    assert bytes.fromhex("82020430") in free  # 1,072: one application
    assert platform.run(RAM, put_command(platform.card, 3, replaced=0), "00c0000000").sw == 0x9000
    for index in range(6, 13):
        platform.run(RAM, put_command(platform.card, index, replaced=0))
    assert platform.run(RAM, put_command(platform.card, 13, replaced=0)).sw == 0x6A84


def test_tears_leave_the_old_set_or_the_new() -> None:
    """Power cut at every journal write of PUT KEY, and of one that also gives up another index."""
    for index, replaced in ((1, 1), (6, 1), (4, 0)):
        undisturbed = Platform.of(a_card())
        first = undisturbed.card.memory.writes
        undisturbed.run(RAM, put_command(undisturbed.card, index, replaced=replaced))
        writes = undisturbed.card.memory.writes - first
        assert writes == (3 if index == 6 else 2)  # the OTA counter, the set, the mark of the one given up
        for tear in range(1, writes + 1):
            platform = Platform.of(a_card())
            command = put_command(platform.card, index, replaced=replaced)
            platform.card.memory.tear_at = platform.card.memory.writes + tear
            with pytest.raises(PowerLoss):
                platform.run(RAM, command)
            platform.card = a_card(state=platform.card.snapshot())
            assert [entry.index for entry in platform.card.keys.entries()] == [1, 5]
            assert platform.run("B00010", *READ_ICCID).sw == 0x9000
            platform.run(RAM, command)
            assert platform.card.keys.entries() == undisturbed.card.keys.entries()
