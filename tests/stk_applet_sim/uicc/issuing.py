"""The platform's side of issuing and money orders, written from docs/wire/card-application.md for card tests."""

from __future__ import annotations

from stk_applet_sim.applet.enterprise import EnterpriseApplication
from stk_applet_sim.uicc.card import Uicc
from telecom_codecs.card.identities import Aid
from telecom_codecs.crypto.key_derivation import KeyUsage, derive_application_key
from telecom_codecs.crypto.secret_key import BlockCipher, SecretKey
from telecom_codecs.globalplatform.commands import install_for_install, install_for_personalisation
from telecom_codecs.onecard.names import APPLICATION_MODULE, LOAD_FILE
from telecom_codecs.ota.remote_command import CompactResponse

from .ota import OPENSSL, Platform

MOTHER = SecretKey(bytes(range(0x40, 0x50)))
ENTERPRISE = 1001
ALL_KEYS = tuple(KeyUsage)
GET_RESPONSE = "00C0000000"
TERMINAL = bytes.fromhex("000000000007")
NOON = bytes.fromhex("20261122120000")


def application_aid(enterprise: int, slot: int) -> Aid:
    """As §1 says, also for what no card takes."""
    return Aid(bytes.fromhex(f"F0594B54310002{enterprise:08X}594B{slot:02X}0000"))


def application_key(card: Uicc, usage: KeyUsage, *, enterprise: int = ENTERPRISE, slot: int = 1) -> SecretKey:
    aid = application_aid(enterprise, slot)
    return derive_application_key(MOTHER, usage, 1, card.iccid, aid, OPENSSL)


def code(card: Uicc, usage: KeyUsage, covered: bytes, *, enterprise: int = ENTERPRISE, slot: int = 1) -> bytes:
    """MAC or TAC as §6 says."""
    binding = application_aid(enterprise, slot).octets + card.iccid.octets()
    key = application_key(card, usage, enterprise=enterprise, slot=slot)
    return OPENSSL.cmac(key, binding + covered)[:8]


def install_command(*, enterprise: int = ENTERPRISE, slot: int = 1, rights: int = 7, cap: int = 0) -> str:
    name = "华信科技".encode("utf-16-be")
    c9 = b"\x01" + enterprise.to_bytes(4, "big") + bytes([slot, rights]) + cap.to_bytes(4, "big")
    c9 += bytes([len(name)]) + name
    aid = application_aid(enterprise, slot)
    parameters = b"\xc9" + bytes([len(c9)]) + c9
    return install_for_install(LOAD_FILE, APPLICATION_MODULE, aid, parameters=parameters).encode().hex()


def personalise_command(*, enterprise: int = ENTERPRISE, slot: int = 1) -> str:
    return install_for_personalisation(application_aid(enterprise, slot)).encode().hex()


def keys_command(
    card: Uicc, usages: tuple[KeyUsage, ...] = ALL_KEYS, *, enterprise: int = ENTERPRISE, slot: int = 1
) -> str:
    """STORE DATA with one DGI 8201."""
    wrapping = card.profile.keys[1].keys.key_encryption
    assert wrapping is not None
    value = b"\x01"
    for usage in usages:
        key = application_key(card, usage, enterprise=enterprise, slot=slot)
        cryptogram = OPENSSL.encrypt(BlockCipher.AES, "ecb", wrapping, b"", key.octets())
        value += bytes([usage]) + cryptogram + key.kcv(OPENSSL)
    dgi = b"\x82\x01" + bytes([len(value)]) + value
    return (b"\x80\xe2\xe8\x00" + bytes([len(dgi)]) + dgi).hex()


def issue(
    platform: Platform, *, enterprise: int = ENTERPRISE, slot: int = 1, rights: int = 7, cap: int = 0
) -> EnterpriseApplication:
    """The whole issue flow over the air."""
    answer = platform.run(
        "000000",
        install_command(enterprise=enterprise, slot=slot, rights=rights, cap=cap),
        personalise_command(enterprise=enterprise, slot=slot),
        keys_command(platform.card, enterprise=enterprise, slot=slot),
    )
    assert answer == CompactResponse(3, 0x9000)
    application = platform.card.application_of(enterprise)
    assert application is not None
    return application


def load_command(
    card: Uicc, old_rsn: int, rsn: int, amount: int, job: int, *, valid_until: str = "00000000", mac: bytes = b""
) -> str:
    fields = b"".join(number.to_bytes(4, "big") for number in (old_rsn, rsn, amount))
    fields += bytes.fromhex(valid_until) + job.to_bytes(4, "big")
    header = bytes.fromhex("805A00011C")
    return (header + fields + (mac or code(card, KeyUsage.LOAD, header + fields))).hex()


def order_command(card: Uicc, order: int, job: int, *, mac: bytes = b"") -> str:
    header = bytes([0x80, 0x5E, order, 0x00, 0x10])
    fields = job.to_bytes(4, "big") + bytes(4)
    return (header + fields + (mac or code(card, KeyUsage.LOAD, header + fields))).hex()


class Answer:
    """The 27 octets of §6.2, their TAC checked."""

    def __init__(self, card: Uicc, response: CompactResponse, challenge: bytes = b"") -> None:
        assert response.sw == 0x9000
        assert len(response.data) == 27
        told, self.tac = response.data[:19], response.data[19:]
        assert self.tac == code(card, KeyUsage.TAC, told + challenge)
        self.status = told[0]
        self.rsn, self.amount, self.job, self.balance = (
            int.from_bytes(told[at : at + 4], "big") for at in (1, 5, 9, 13)
        )
        self.offline_counter = int.from_bytes(told[17:19], "big")


def load(platform: Platform, old_rsn: int, rsn: int, amount: int, job: int, **changes: object) -> Answer:
    command = load_command(platform.card, old_rsn, rsn, amount, job, **changes)  # type: ignore[arg-type]
    return Answer(platform.card, platform.run("594B01", command, GET_RESPONSE))


def order(platform: Platform, number: int, job: int) -> Answer:
    return Answer(platform.card, platform.run("594B01", order_command(platform.card, number, job), GET_RESPONSE))


def query(platform: Platform, challenge: bytes = b"\x11" * 8) -> Answer:
    command = "805C000108" + challenge.hex()
    return Answer(platform.card, platform.run("594B01", command, GET_RESPONSE), challenge)
