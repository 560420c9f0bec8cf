"""Issuing, listing and deleting applications over the air."""

from __future__ import annotations

import pytest

from telecom_codecs.card.apdu import ResponseApdu
from telecom_codecs.crypto.key_derivation import KeyUsage
from telecom_codecs.globalplatform.commands import (
    ExtendedCardResources,
    RegistryEntry,
    RegistryReading,
    RegistryScope,
    delete,
    key_information,
)
from telecom_codecs.onecard.names import CARD_MANAGER_AID, MENU_AID, application_aid
from telecom_codecs.onecard.rights import LifeCycle
from telecom_codecs.ota.remote_command import CompactResponse
from telecom_codecs.ota.secured_packet import PorStatus

from .issuing import (
    ENTERPRISE,
    GET_RESPONSE,
    NOON,
    TERMINAL,
    install_command,
    issue,
    keys_command,
    load,
    order,
    personalise_command,
    query,
)
from .ota import Platform, a_card, exchange

RAM = "000000"
DELETE_IT = delete(application_aid(ENTERPRISE, 1)).encode().hex()


def a_platform(spi: str = "1619") -> Platform:
    return Platform.of(a_card(), spi=spi)


def test_an_application_is_issued_in_one_script() -> None:
    """INSTALL, INSTALL [for personalisation], STORE DATA; then it is ACTIVE and answers under its TAR."""
    platform = a_platform()
    application = issue(platform)
    assert (application.enterprise, application.slot, application.name) == (ENTERPRISE, 1, "华信科技")
    assert application.life_cycle is LifeCycle.ACTIVE
    assert query(platform).balance == 0


def test_the_delete_command_is_the_documented_one() -> None:
    """80 E4 00 00 12 4F 10 and the AID."""
    assert DELETE_IT.startswith("80e40000124f10f0594b5431")


def test_deletion_wants_a_closed_and_empty_application() -> None:
    """6985 while active or with money, 9000 when closed and empty, 6A88 afterwards."""
    platform = a_platform()
    application = issue(platform)
    assert platform.run(RAM, DELETE_IT).sw == 0x6985
    load(platform, 0, 1, 500, 1)
    order(platform, 1, 1)
    assert platform.run(RAM, DELETE_IT).sw == 0x6985
    order(platform, 2, 2)
    application.tap_purchase(500, TERMINAL, NOON)
    order(platform, 1, 3)
    assert platform.run(RAM, DELETE_IT) == CompactResponse(1, 0x9000)
    assert platform.run(RAM, DELETE_IT) == CompactResponse(1, 0x6A88)
    assert platform.card.enterprise_applications() == ()
    assert platform.send("594B01", b"").packet.status == PorStatus.TAR_UNKNOWN
    assert not platform.card.memory.names("slot/1/")


def test_a_slot_can_be_used_again() -> None:
    """Another enterprise moves in; nothing of the old one is left."""
    platform = a_platform()
    issue(platform)
    order(platform, 1, 1)
    platform.run(RAM, DELETE_IT)
    assert issue(platform, enterprise=2002).records == ()


def test_an_application_without_keys_can_be_deleted_and_answers_nothing() -> None:
    """An issue that stopped half-way is cleaned up."""
    platform = a_platform()
    platform.run(RAM, install_command())
    assert platform.run("594B01", "805C000108" + "00" * 8).sw == 0x6985
    assert platform.run(RAM, DELETE_IT).sw == 0x9000


@pytest.mark.parametrize(
    ("commands", "sw"),
    [
        ([install_command(), install_command()], 0x6985),
        ([install_command(), install_command(enterprise=5)], 0x6A84),
        ([install_command(), install_command(slot=2)], 0x6985),  # one application per enterprise
        ([install_command(rights=0)], 0x6A80),
        ([install_command(rights=8)], 0x6A80),
        ([install_command(slot=9)], 0x6A80),
        ([install_command(enterprise=0)], 0x6A80),
        ([install_command().replace("f0594b54310002", "f0594b54310001", 1)], 0x6A88),
        ([install_command().replace("f0594b54310000", "f0594b54310009", 1)], 0x6A88),
        ([install_command()[:-2] + "01"], 0x6A80),
        ([install_command().replace("80e60c", "80e604", 1)], 0x6A86),
        ([install_command().replace("80e60c", "80e602", 1)], 0x6A80),
        ([personalise_command()], 0x6A88),
        (["80e2e8000102"], 0x6985),
        (["80e40000124f10" + MENU_AID.octets.hex()], 0x6985),
        (["80e400000a4f08" + CARD_MANAGER_AID.octets.hex()], 0x6985),
        (["80e40000024f00"], 0x6A80),
        (["80e400000100"], 0x6A80),
        (["80f24000024f00".replace("80f240", "80f241")], 0x6A86),
        (["80d80000010f"], 0x6A80),
        (["80f000000100"], 0x6D00),
    ],
)
def test_malformed_management_gets_its_status_word(commands: list[str], sw: int) -> None:
    """The last command of each script is the wrong one."""
    answer = a_platform().run(RAM, *commands)
    assert (answer.executed, answer.sw) == (len(commands), sw)


def test_keys_are_stored_all_or_none() -> None:
    """A wrong check value, a missing key: nothing stored, the application stays without keys."""
    platform = a_platform()
    platform.run(RAM, install_command())
    good = keys_command(platform.card)
    bad = good[:-2] + f"{int(good[-2:], 16) ^ 1:02x}"
    without_tac = keys_command(platform.card, (KeyUsage.LOAD, KeyUsage.PURCHASE))
    for command in (bad, without_tac):
        assert platform.run(RAM, personalise_command(), command) == CompactResponse(2, 0x6A80)
        assert not platform.card.memory.read("slot/1/keys")
    assert platform.run(RAM, personalise_command(), good).sw == 0x9000
    assert platform.run(RAM, personalise_command(), good) == CompactResponse(1, 0x6985)


def test_keys_may_come_in_several_blocks() -> None:
    """STORE DATA 00, then 01 as the last one; a block out of order is refused."""
    platform = a_platform()
    platform.run(RAM, install_command())
    dgi = keys_command(platform.card)[10:]
    first, last = bytes.fromhex(dgi[:100]), bytes.fromhex(dgi[100:])
    blocks = [f"80e26800{len(first):02x}{first.hex()}", f"80e2e801{len(last):02x}{last.hex()}"]
    assert platform.run(RAM, personalise_command(), blocks[1]) == CompactResponse(2, 0x6985)
    assert platform.run(RAM, personalise_command(), *blocks) == CompactResponse(3, 0x9000)


def test_a_script_stops_at_its_first_error() -> None:
    """What was done before stays done, what follows is not begun."""
    platform = a_platform()
    answer = platform.run(RAM, install_command(), DELETE_IT[:-4] + "ffff", install_command(enterprise=7, slot=2))
    assert answer == CompactResponse(2, 0x6A88)
    assert [application.slot for application in platform.card.enterprise_applications()] == [1]


def test_a_script_that_cannot_be_cut_runs_nothing() -> None:
    """The second command ends in its data: 00 commands, 6700."""
    platform = a_platform()
    script = bytes.fromhex(install_command() + "80e4000012")
    response = platform.send(RAM, script).packet
    assert CompactResponse.decode(response.data) == CompactResponse(0, 0x6700)
    assert platform.card.enterprise_applications() == ()


def test_the_registry_is_read_in_pages() -> None:
    """Eight applications and the menu take more than one answer."""
    platform = a_platform(spi="1639")
    for slot in range(1, 9):
        issue(platform, enterprise=100 + slot, slot=slot)
    first = platform.run(RAM, "80f24002024f00", GET_RESPONSE)
    assert first.sw == 0x6310
    # Pages belong to one script: ask on within it.
    second = platform.run(RAM, "80f24002024f00", "80f24003024f00", GET_RESPONSE)
    third = platform.run(RAM, "80f24002024f00", "80f24003024f00", "80f24003024f00", GET_RESPONSE)
    pages = first.data + second.data + third.data
    entries = RegistryEntry.decode_all(pages)
    assert [entry.aid for entry in entries] == [MENU_AID] + [application_aid(100 + n, n) for n in range(1, 9)]
    assert {entry.life_cycle for entry in entries[1:]} == {LifeCycle.ACTIVE}


def test_the_registry_answers_our_own_reader() -> None:
    """The codec's reading loop understands each page."""
    platform = a_platform()
    issue(platform)
    reading = RegistryReading(RegistryScope.APPLICATIONS, application_aid(ENTERPRISE, 1).octets)
    assert reading.command is not None
    answer = platform.run(RAM, reading.command.encode().hex())
    reading.feed(ResponseApdu(answer.data, answer.sw))
    assert [entry.aid for entry in reading.entries] == [application_aid(ENTERPRISE, 1)]
    for scope in ("80", "20", "10"):
        assert RegistryEntry.decode_all(platform.run(RAM, f"80f2{scope}02024f00", GET_RESPONSE).data)
    assert platform.run(RAM, "80f24002064f04ffffffff").sw == 0x6A88


def test_get_data_tells_keys_and_room() -> None:
    """Free by the contacts and over the air."""
    platform = a_platform()
    keys = key_information(platform.run(RAM, "80ca00e000").data)
    assert {(key.key_version, key.key_id) for key in keys} == {
        (index, number) for index in (1, 5) for number in (1, 2, 3)
    }
    issue(platform)
    resources = ExtendedCardResources.decode(exchange(platform.card, "80caff2100").data)
    assert (resources.applications, resources.free_non_volatile) == (1, 9216 - 1024)
    recognition = exchange(platform.card, "80ca006600").data.hex().upper()
    assert recognition.startswith("66")
    assert "06092A864886FC6B040360" in recognition  # SCP03, i = 60; no 3DES keys, no SCP02
    assert "2A864886FC6B0402" not in recognition
    assert exchange(platform.card, "80ca00cf00").data == b"\xcf\x0a" + platform.card.iccid.octets()
    assert exchange(platform.card, "80ca9f7f00").sw == 0x6A88


def test_management_by_the_contacts_wants_a_secure_channel() -> None:
    """Select the card manager, try to install: 6982."""
    card = a_card()
    assert exchange(card, "00A4040008" + CARD_MANAGER_AID.octets.hex()).data[:2].hex() == "6f0c"
    assert exchange(card, install_command()).sw == 0x6982
    assert exchange(card, "80F24002024F00").sw == 0x6982
    assert exchange(card, "00A4040000").sw == 0x9000
