"""The commands that bring applications and keys to a card, and what the card tells of itself."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telecom_codecs.card.apdu import CommandApdu, ResponseApdu
from telecom_codecs.card.identities import Aid, Tar
from telecom_codecs.crypto.openssl import OpenSslProvider
from telecom_codecs.crypto.pycryptodome import PycryptodomeProvider
from telecom_codecs.errors import BadValue, CheckFailed, CodecError, LimitExceeded, LocalError, RemoteError
from telecom_codecs.globalplatform.commands import (
    ApplicationLifeCycle,
    CardLifeCycle,
    Delete,
    DeleteKey,
    Dgi,
    ExtendedCardResources,
    FileAccess,
    GetStatus,
    Install,
    InstallForExtradition,
    InstallForInstall,
    InstallForLoad,
    InstallForMakeSelectable,
    InstallForPersonalisation,
    InstallForRegistryUpdate,
    InstallParameters,
    KeyInformation,
    KeyType,
    LoadFileLifeCycle,
    MenuEntry,
    NewKey,
    PutKey,
    RegistryEntry,
    RegistryReading,
    RegistryScope,
    SetStatus,
    SimToolkitParameters,
    StoreBlock,
    StoreFormat,
    UiccToolkitParameters,
    decode_delete,
    decode_install,
    delete,
    delete_key,
    encode_key_template,
    get_data,
    get_status,
    install_for_extradition,
    install_for_install,
    install_for_load,
    install_for_make_selectable,
    install_for_personalisation,
    install_for_registry_update,
    key_information,
    load_blocks,
    minimum_security_level,
    put_key,
    registry_pages,
    set_status,
    store_data,
)
from telecom_codecs.octets import Cursor
from telecom_codecs.ota.packet_security import BlockCipher, CryptoProvider, SecretKey
from telecom_codecs.tlv import BerTlv
from tests.vectors import curated

PACKAGE = Aid.from_hex("F0594B54310000")
MODULE = Aid.from_hex("F0594B5431000201")
APPLICATION = Aid.from_hex("F0594B543100020000002A594B010000")
DOMAIN = Aid.from_hex("A000000151000000")
PROVIDERS: tuple[CryptoProvider, ...] = (OpenSslProvider(), PycryptodomeProvider())

#: Worked by hand from the tables of GlobalPlatform §11.5.2.3: one length octet before each field.
P, M, A, D = (f"{len(aid.octets):02X}{aid}" for aid in (PACKAGE, MODULE, APPLICATION, DOMAIN))
INSTALLS: list[tuple[Install, CommandApdu, str]] = [
    (InstallForLoad(PACKAGE, DOMAIN), install_for_load(PACKAGE, DOMAIN), f"80E60200 14 {P}{D}000000"),
    (InstallForLoad(PACKAGE), install_for_load(PACKAGE), f"80E60200 0C {P}00000000"),
    (
        InstallForInstall(PACKAGE, MODULE, APPLICATION, token=b"\x01"),
        install_for_install(PACKAGE, MODULE, APPLICATION, token=b"\x01"),
        f"80E60C00 29 {P}{M}{A}0100 02C900 0101",
    ),
    (
        InstallForInstall(PACKAGE, MODULE, APPLICATION, b"\x80\x00\x00", make_selectable=False),
        install_for_install(PACKAGE, MODULE, APPLICATION, privileges=b"\x80\x00\x00", make_selectable=False),
        f"80E60400 2A {P}{M}{A}03800000 02C900 00",
    ),
    (
        InstallForMakeSelectable(APPLICATION, b"\x04"),
        install_for_make_selectable(APPLICATION, privileges=b"\x04"),
        f"80E60800 17 0000{A}01040000",
    ),
    (
        InstallForExtradition(DOMAIN, APPLICATION),
        install_for_extradition(DOMAIN, APPLICATION),
        f"80E61000 1E {D}00{A}000000",
    ),
    (
        InstallForPersonalisation(APPLICATION),
        install_for_personalisation(APPLICATION),
        f"80E62000 16 0000{A}000000",
    ),
    (
        InstallForRegistryUpdate(None, APPLICATION, b"\x00"),
        install_for_registry_update(None, APPLICATION, privileges=b"\x00"),
        f"80E64000 17 0000{A}01000000",
    ),
]


@pytest.mark.parametrize(("value", "written", "octets"), INSTALLS)
def test_every_install_reads_and_writes_as_the_table_says(value: Install, written: CommandApdu, octets: str) -> None:
    """An application goes through load, install, selection, personalisation and extradition."""
    assert written == value.apdu()
    assert written.encode() == bytes.fromhex(octets.replace(" ", ""))
    assert decode_install(written) == value


def test_the_combined_process_has_a_beginning_and_an_end() -> None:
    """[for load, install and make selectable]: P1 0E, P2 01 before LOAD and 03 after it."""
    first = InstallForLoad(PACKAGE, combined=True)
    last = InstallForInstall(PACKAGE, MODULE, APPLICATION, combined=True)
    assert [(value.apdu().p1, value.apdu().p2) for value in (first, last)] == [(0x0E, 1), (0x0E, 3)]
    assert [decode_install(value.apdu()) for value in (first, last)] == [first, last]


@pytest.mark.parametrize(
    "apdu",
    [
        CommandApdu(0x80, 0xE4, 0x04, 0x00, bytes(6)),  # another command
        CommandApdu(0x80, 0xE6, 0x04, 0x01, bytes(6)),  # P2 outside the combined process
        CommandApdu(0x80, 0xE6, 0x04, 0x00, bytes(6)),  # no AIDs
        CommandApdu(0x80, 0xE6, 0x20, 0x00, bytes(6)),  # personalisation of nothing
        CommandApdu(0x80, 0xE6, 0x00, 0x00, bytes(6)),  # no purpose
        CommandApdu(0x80, 0xE6, 0x40, 0x00, bytes(7)),  # something after it
        CommandApdu(0x80, 0xE6, 0x08, 0x00, bytes.fromhex("000005F0594B543102000000")),  # privileges of 2 octets
        CommandApdu(0x80, 0xE6, 0x40, 0x00, bytes.fromhex("0005F0594B5431000000")),  # a module where none belongs
    ],
)
def test_an_install_that_is_none_is_refused(apdu: CommandApdu) -> None:
    """The card answers 6A80; here it is a declared error."""
    with pytest.raises(RemoteError):
        decode_install(apdu)


def test_an_install_cut_anywhere_is_refused() -> None:
    """No cut leaves a valid INSTALL."""
    whole = install_for_install(PACKAGE, MODULE, APPLICATION)
    for end in range(len(whole.data)):
        with pytest.raises(RemoteError):
            decode_install(CommandApdu(0x80, 0xE6, whole.p1, 0, whole.data[:end]))


def test_an_install_too_long_for_one_apdu_is_the_callers_fault() -> None:
    """Parameters of 250 octets do not fit beside three AIDs."""
    with pytest.raises(LocalError):
        install_for_install(PACKAGE, MODULE, APPLICATION, parameters=bytes(250))
    with pytest.raises(LocalError):
        install_for_install(PACKAGE, MODULE, APPLICATION, privileges=bytes(2))


def test_a_load_file_goes_in_numbered_blocks() -> None:
    """C4, length and content, cut; the last block says that it is the last."""
    blocks = load_blocks(bytes(range(200)) * 3, block_size=200)
    assert [(block.p1, block.p2) for block in blocks] == [(0, 0), (0, 1), (0, 2), (0x80, 3)]
    assert b"".join(block.data for block in blocks) == bytes.fromhex("C4820258") + bytes(range(200)) * 3
    for size in (0, 256):
        with pytest.raises(LocalError):
            load_blocks(b"", block_size=size)
    with pytest.raises(LocalError):
        load_blocks(bytes(300), block_size=1)


def a_toolkit(**changes: Any) -> UiccToolkitParameters:
    """The menu applet's resources."""
    values: dict[str, Any] = {
        "priority": 1,
        "text_length": 16,
        "menu": (MenuEntry(1, 1), MenuEntry(0, 0)),
        "msl": minimum_security_level(0x16),
        "tars": (Tar(b"YKT"),),
    }
    return UiccToolkitParameters(**values | changes)


@pytest.mark.parametrize(
    "row", [pytest.param(r, id=r["name"]) for r in curated("ota") if r["kind"] == "install_parameters"]
)
def test_install_parameters_of_live_cards_are_read_and_kept(row: dict[str, str]) -> None:
    """Even a priority of 0, which the builder refuses."""
    octets = bytes.fromhex(row["hex"])
    assert InstallParameters.decode(octets).encode(checked=False) == octets


def test_the_live_toolkit_parameters_have_the_stated_meaning() -> None:
    """One channel, minimum SPI 12, TAR AF4D01, no services."""
    parameters = InstallParameters.decode(bytes.fromhex("EA0F800D000000000102011203AF4D0100"))
    toolkit = parameters.uicc_toolkit
    assert parameters.application is None
    assert toolkit == UiccToolkitParameters(0, 0, 0, (), 1, b"\x01\x12", (Tar.from_hex("AF4D01"),), 0)
    assert toolkit.minimum_spi == 0x12
    with pytest.raises(LocalError, match="priority"):
        parameters.encode()


def test_toolkit_parameters_may_end_before_the_tars() -> None:
    """Five menu entries, and nothing said of TARs and services."""
    (row,) = (row for row in curated("ota") if row["kind"] == "toolkit_parameters")
    octets = bytes.fromhex(row["hex"])
    toolkit = UiccToolkitParameters.decode(Cursor(octets))
    assert (toolkit.tars, toolkit.services, len(toolkit.menu)) == (None, None, 5)
    assert toolkit.encode() == octets


def test_all_install_parameters_together_survive() -> None:
    """Quotas, toolkit, file access and objects nobody knows; a large quota takes four octets."""
    parameters = InstallParameters(
        application=b"\x01",
        non_volatile=70_000,
        volatile=256,
        code_space=4096,
        uicc_toolkit=a_toolkit(),
        uicc_access=(FileAccess(b"", b"\x00"), FileAccess(APPLICATION.octets, b"\x02\x01\x00", b"\x09")),
        uicc_administration=(FileAccess(b"", b"\xff"),),
        system_others=(BerTlv(0xD7, b"\x01"),),
        uicc_others=(BerTlv(0xC3, b"\x01\x02"),),
        others=(BerTlv(0xB6, b""),),
    )
    octets = parameters.encode()
    assert octets.hex().startswith("c90101ef11c6021000c80400011170c7020100d70101ea")
    assert InstallParameters.decode(octets) == parameters


@pytest.mark.parametrize(
    "changes",
    [
        {"priority": 0},
        {"timers": 9},
        {"channels": 8},
        {"services": 9},
        {"text_length": 0},
        {"menu": (MenuEntry(1, 1), MenuEntry(1, 2))},
        {"menu": (MenuEntry(1, 1), MenuEntry(2, 1))},
        {"menu": (MenuEntry(1, 128),)},
        {"msl": b"\x01"},
        {"msl": b"\x02\x16"},
        {"msl": b"\x01\x20"},
        {"tars": (Tar(b"YKT"), Tar(b"YKT"))},
        {"tars": (Tar(bytes(3)),)},
        {"tars": None},
    ],
)
def test_toolkit_parameters_that_a_card_refuses_are_refused_here(changes: dict[str, Any]) -> None:
    """6A80 says nothing of what is wrong; these errors do."""
    with pytest.raises(LocalError):
        InstallParameters(uicc_toolkit=a_toolkit(**changes)).encode()


def test_old_and_new_toolkit_parameters_exclude_each_other() -> None:
    """CA or EA, not both; and CA knows no services."""
    sim = SimToolkitParameters(b"\x00", a_toolkit(services=None))
    assert InstallParameters.decode(InstallParameters(sim_toolkit=sim).encode()).sim_toolkit == sim
    with pytest.raises(LocalError):
        InstallParameters(sim_toolkit=sim, uicc_toolkit=a_toolkit()).encode()
    with pytest.raises(LocalError):
        InstallParameters(sim_toolkit=SimToolkitParameters(b"\x00", a_toolkit())).encode()


@pytest.mark.parametrize(
    "octets",
    [
        "C9",  # no length
        "C900C900",  # twice
        "EF03C70100",  # a quota of one octet
        "EA0380010000",  # something after the toolkit parameters, inside
        "EA0A8008010000000000 0200",  # TARs of two octets
        "EA058103000100",  # file access without DAP length
        "C984FFFFFFFF",  # a length bomb
    ],
)
def test_broken_install_parameters_are_refused(octets: str) -> None:
    """The card's side meets them too."""
    with pytest.raises(RemoteError):
        InstallParameters.decode(bytes.fromhex(octets))


ENTRIES = (
    RegistryEntry(DOMAIN, CardLifeCycle.SECURED, b"\x9e\xfe\x80"),
    RegistryEntry(APPLICATION, ApplicationLifeCycle.SELECTABLE, b"\x00", PACKAGE, DOMAIN),
    RegistryEntry(PACKAGE, LoadFileLifeCycle.LOADED, version=b"\x01\x00", modules=(MODULE, APPLICATION)),
)


def test_a_registry_is_read_page_by_page() -> None:
    """63 10 says that there is more; entries cut in two by a card are put together."""
    octets = b"".join(entry.encode() for entry in ENTRIES)
    reading = RegistryReading(RegistryScope.APPLICATIONS)
    assert reading.command is not None
    assert reading.command.encode().hex() == "80f24002024f0000"
    reading.feed(ResponseApdu(octets[:40], 0x6310))
    assert reading.command is not None
    assert reading.command.encode().hex() == "80f24003024f0000"
    reading.feed(ResponseApdu(octets[40:], 0x9000))
    assert reading.command is None
    assert reading.entries == ENTRIES


def test_an_empty_registry_and_a_registry_without_end() -> None:
    """6A88 means none; a card that always says "more" is stopped."""
    reading = RegistryReading(RegistryScope.LOAD_FILES)
    reading.feed(ResponseApdu(b"", 0x6A88))
    assert (reading.command, reading.entries) == (None, ())
    endless = RegistryReading(RegistryScope.LOAD_FILES)
    for _ in range(511):
        endless.feed(ResponseApdu(b"", 0x6310))
    with pytest.raises(LimitExceeded):
        endless.feed(ResponseApdu(b"", 0x6310))
    with pytest.raises(BadValue):
        RegistryReading(RegistryScope.LOAD_FILES).feed(ResponseApdu(b"", 0x6982))


def test_the_card_pages_its_registry_by_whole_entries() -> None:
    """What it sends is read back, whatever the page size."""
    for size in (60, 100, 255):
        pages = registry_pages(ENTRIES, page_size=size)
        assert all(len(page) <= size for page in pages)
        assert RegistryEntry.decode_all(b"".join(pages)) == ENTRIES
    assert registry_pages(()) == ()
    with pytest.raises(LocalError):
        registry_pages(ENTRIES, page_size=20)


def test_get_status_says_what_it_asks_for() -> None:
    """Scope, AID filter, tags, page."""
    query = GetStatus(RegistryScope.LOAD_FILES_AND_MODULES, PACKAGE.octets, b"\x4f\xc5", True)
    assert query.apdu().encode().hex() == "80f210030d4f07f0594b543100005c024fc5"
    assert GetStatus.decode(query.apdu()) == query
    assert get_status(RegistryScope.APPLICATIONS).encode().hex() == "80f24002024f00"


@pytest.mark.parametrize(
    "octets", ["E300", "E3044F0101", "4F00", "E3094F05F0594B54319F70", "E30C4F05F0594B54319F70020101"]
)
def test_broken_registry_entries_are_refused(octets: str) -> None:
    with pytest.raises(RemoteError):
        RegistryEntry.decode_all(bytes.fromhex(octets))


DELETES = [
    (Delete(APPLICATION), delete(APPLICATION), f"80E40000124F{A}"),
    (Delete(PACKAGE, True, b"\x01"), delete(PACKAGE, related=True, token=b"\x01"), f"80E400800C4F{P}9E0101"),
    (DeleteKey(0x30), delete_key(0x30), "80E4000003D20130"),
    (DeleteKey(0x30, 1), delete_key(0x30, 1), "80E4000006D00101D20130"),
]


@pytest.mark.parametrize(("value", "written", "octets"), DELETES)
def test_delete_reads_and_writes_the_same(value: Delete | DeleteKey, written: CommandApdu, octets: str) -> None:
    """An application, a package with all of its, the keys of a version, one key."""
    assert written == value.apdu()
    assert written.encode() == bytes.fromhex(octets)
    assert decode_delete(written) == value


@pytest.mark.parametrize(
    "data", ["", "4F00", "D20180", "D2020101", "4F05F0594B5431D20101", "5A00", "4F05F0594B54314F05F0594B5431"]
)
def test_a_delete_of_nothing_is_refused(data: str) -> None:
    """Neither an AID nor a key, or both."""
    with pytest.raises(RemoteError):
        decode_delete(CommandApdu(0x80, 0xE4, 0, 0, bytes.fromhex(data)))
    with pytest.raises(LocalError):
        delete_key()


def test_set_status_locks_an_application() -> None:
    """80 F0 40 83 and the AID."""
    written = set_status(0x40, 0x83, APPLICATION)
    assert written.encode().hex() == f"80f0408310{APPLICATION.octets.hex()}"
    assert SetStatus.decode(written) == SetStatus(0x40, 0x83, APPLICATION)
    assert SetStatus.decode(set_status(0x80, 0x7F)).aid is None


def test_get_data_asks_for_a_tag() -> None:
    """Key information and free memory."""
    assert get_data(0x00E0).encode().hex() == "80ca00e000"
    assert get_data(0xFF21).encode().hex() == "80caff2100"
    with pytest.raises(LocalError):
        get_data(0x10000)


def test_free_memory_is_read() -> None:
    """FF21: applications, free non-volatile and volatile octets."""
    octets = bytes.fromhex("FF210B81010282020F0083020800".replace(" ", ""))
    assert ExtendedCardResources.decode(octets) == ExtendedCardResources(2, 0x0F00, 0x0800)
    assert ExtendedCardResources(2, 0x0F00, 0x0800).encode() == octets
    for broken in ("FF2100", "E300", "FF2107810102820200008300"):
        with pytest.raises(RemoteError):
            ExtendedCardResources.decode(bytes.fromhex(broken))


def test_data_is_stored_in_numbered_blocks() -> None:
    """The last block is flagged; form and encryption are told."""
    blocks = store_data(bytes(300), format=StoreFormat.DGI, encryption=3)
    assert [(block.p1, block.p2, len(block.data)) for block in blocks] == [(0x68, 0, 255), (0xE8, 1, 45)]
    read = [StoreBlock.decode(block) for block in blocks]
    assert read == [
        StoreBlock(0, False, bytes(255), StoreFormat.DGI, 3),
        StoreBlock(1, True, bytes(45), StoreFormat.DGI, 3),
    ]
    assert [block.p1 for block in store_data(b"")] == [0x80]
    with pytest.raises(LocalError):
        store_data(bytes(300), block_size=1)


def test_data_groupings_have_short_and_long_lengths() -> None:
    """Below 255 one octet, else FF and two."""
    groups = (Dgi(0x8F01, bytes(16)), Dgi(0x7F01, bytes(300)))
    octets = b"".join(group.encode() for group in groups)
    assert octets[:3].hex() == "8f0110"
    assert octets[19:24].hex() == "7f01ff012c"
    assert Dgi.decode_all(octets) == groups


@pytest.fixture(params=PROVIDERS, ids=lambda provider: type(provider).__name__)
def provider(request: pytest.FixtureRequest) -> CryptoProvider:
    chosen: CryptoProvider = request.param
    return chosen


DEK = SecretKey(bytes(range(0x40, 0x50)))
AES_KEYS = tuple(NewKey(KeyType.AES, SecretKey(bytes(range(n, n + 16)))) for n in range(3))
DES_KEYS = tuple(NewKey(KeyType.DES, SecretKey(bytes(range(n, n + 24)))) for n in range(2))


@pytest.mark.parametrize(("keys", "wrapping"), [(AES_KEYS, BlockCipher.AES), (DES_KEYS, BlockCipher.DES3)])
def test_new_keys_arrive_as_they_were_sent(
    keys: tuple[NewKey, ...], wrapping: BlockCipher, provider: CryptoProvider
) -> None:
    """Key roll-over: three AES keys or two 3DES keys in one command."""
    command = put_key(keys, 0x12, DEK, provider, replaced=0x11, wrapping=wrapping)
    assert (command.p1, command.p2, command.data[0]) == (0x11, 0x81, 0x12)
    assert all(new.key.octets() not in command.data for new in keys)
    opened = PutKey.open(command, DEK, provider, wrapping=wrapping)
    assert opened == PutKey(keys, 0x12, 0x11)
    confirmation = opened.confirmation(provider)
    assert confirmation == b"\x12" + b"".join(new.key.kcv(provider, new.cipher) for new in keys)


def test_one_aes_key_has_the_layout_of_amendment_d(provider: CryptoProvider) -> None:
    """88 | 11 | 10 | sixteen octets | 03 | check value; P2 without the multiple bit."""
    command = put_key(AES_KEYS[:1], 1, DEK, provider)
    assert command.p2 == 1
    assert command.data[:4].hex() == "01881110"
    assert command.data[-4:].hex() == "03" + AES_KEYS[0].key.kcv(provider).hex()
    long = NewKey(KeyType.AES, SecretKey(bytes(24)))
    assert PutKey.open(put_key((long,), 1, DEK, provider), DEK, provider).keys == (long,)


def test_keys_under_another_dek_are_refused(provider: CryptoProvider) -> None:
    """The check value finds it before the old keys are gone."""
    command = put_key(AES_KEYS, 1, DEK, provider)
    with pytest.raises(CheckFailed):
        PutKey.open(command, SecretKey(bytes(16)), provider)


def test_a_put_key_cut_anywhere_is_refused(provider: CryptoProvider) -> None:
    """No cut leaves a valid key set."""
    whole = put_key(AES_KEYS[:1], 1, DEK, provider)
    for end in range(len(whole.data)):
        with pytest.raises(RemoteError):
            PutKey.open(CommandApdu(0x80, 0xD8, 0, whole.p2, whole.data[:end]), DEK, provider)


def test_put_key_numbers_and_types_are_checked(provider: CryptoProvider) -> None:
    """Version 0 is no version, and a TLS key is no block cipher key."""
    for put in (PutKey(AES_KEYS, 0), PutKey((), 1), PutKey(AES_KEYS, 1, first_key_id=128), PutKey(AES_KEYS * 4, 1)):
        with pytest.raises(LocalError):
            put.apdu(DEK, provider)
    with pytest.raises(LocalError):
        put_key((NewKey(KeyType.TLS_PSK, SecretKey(bytes(16))),), 1, DEK, provider)


@pytest.mark.parametrize(
    "row", [pytest.param(r, id=r["name"]) for r in curated("ota") if r["kind"] == "key_information"]
)
def test_the_keys_of_a_card_are_listed(row: dict[str, str]) -> None:
    """Three AES keys and an RSA key with its usage, in the extended form."""
    keys = key_information(bytes.fromhex(row["hex"]))
    assert encode_key_template(keys) == bytes.fromhex(row["hex"])
    assert [(key.key_id, key.key_version, key.usage) for key in keys][-1] == (1, 0x73, b"\x84")


@pytest.mark.parametrize("octets", ["C000", "C0020101", "C003010180", "C004010180", "C10101", "C00501FF808000"])
def test_broken_key_information_is_refused(octets: str) -> None:
    with pytest.raises(RemoteError):
        key_information(bytes.fromhex(octets))


@given(st.integers(0, 255), st.integers(0, 255), st.binary(max_size=60))
def test_random_data_is_read_or_refused(p1: int, p2: int, data: bytes) -> None:
    """What is accepted is written so that it reads the same; anything else is a declared error."""
    for ins, decode in ((0xE6, decode_install), (0xE4, decode_delete)):
        try:
            value = decode(CommandApdu(0x80, ins, p1, p2, data))
        except CodecError:
            continue
        assert decode(value.apdu()) == value
    try:
        parameters = InstallParameters.decode(data)
        assert InstallParameters.decode(parameters.encode(checked=False)) == parameters
    except RemoteError:
        pass
    for kind in (GetStatus, SetStatus, StoreBlock):
        try:
            read = kind.decode(
                CommandApdu(0x80, {GetStatus: 0xF2, SetStatus: 0xF0, StoreBlock: 0xE2}[kind], p1, p2, data)
            )
        except CodecError:
            continue
        assert kind.decode(read.apdu()) == read
    for many in (RegistryEntry, KeyInformation, Dgi):
        try:
            items = many.decode_all(data)
        except CodecError:
            continue
        assert many.decode_all(b"".join(item.encode() for item in items)) == items
    with contextlib.suppress(CodecError):
        PutKey.open(CommandApdu(0x80, 0xD8, p1, p2, data), DEK, PROVIDERS[0])
