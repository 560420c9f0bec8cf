"""What an enterprise application is installed and personalised with — docs/wire/card-application.md §5.

The value of C9 in INSTALL, and the keys of DGI 8201 in STORE DATA. The commands around them are GlobalPlatform's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Self

from ..crypto.key_derivation import KeyUsage
from ..errors import BadValue, CodecError, LocalError
from ..globalplatform.commands import Dgi
from ..sms import ucs2
from ..tlv import BerTlv, decode_ber_all, find_ber
from .fields import ClauseCursor, known, unsigned
from .names import SLOTS, VERSION
from .rights import Rights

CLAUSE: Final = "docs/wire/card-application.md §5"
PARAMETERS_TAG: Final = 0xC9
NAME_OCTETS: Final = 16
DEFAULT_CAP_FEN: Final = 100_000  #: what a cap of 0 stands for
KEYS_DGI: Final = 0x8201
KEYS_ENCRYPTION: Final = 3  #: STORE DATA P1 bits 7-6: the contents are ciphered (GlobalPlatform §11.11.2.1)
CRYPTOGRAM_OCTETS: Final = 16
KCV_OCTETS: Final = 3


@dataclass(frozen=True, slots=True)
class ApplicationParameters:
    """The value of C9: version 1 | enterprise 4 | slot 1 | rights 1 | cap 4 | length 1 | name in UCS-2."""

    enterprise_id: int
    slot: int
    rights: int  #: a sum of :class:`Rights`
    name: str
    cap_fen: int = 0

    @property
    def highest_fen(self) -> int:
        """The highest balance and the highest single load."""
        return self.cap_fen or DEFAULT_CAP_FEN

    def encode(self) -> bytes:
        """The install parameters: `C9`, its length, the value."""
        name = ucs2.encode(self.name)
        _check(self, len(name), LocalError)
        value = (
            bytes((VERSION,))
            + unsigned(self.enterprise_id, 4, "enterprise", CLAUSE)
            + bytes((self.slot, self.rights))
            + unsigned(self.cap_fen, 4, "cap", CLAUSE)
            + bytes((len(name),))
            + name
        )
        return BerTlv(PARAMETERS_TAG, value).encode()

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """From the install parameters; objects beside C9 are ignored."""
        found = find_ber(decode_ber_all(octets), PARAMETERS_TAG)
        if found is None:
            raise BadValue("install parameters without C9", clause=CLAUSE)
        cursor = ClauseCursor(found.value, CLAUSE)
        if (version := cursor.u8("version")) != VERSION:
            raise BadValue(f"version {version:02X}: {VERSION:02X} is known", offset=0, clause=CLAUSE)
        enterprise, slot, rights = cursor.u32("enterprise"), cursor.u8("slot"), cursor.u8("rights")
        cap, name = cursor.u32("cap"), cursor.take(cursor.u8("name length"), "name")
        cursor.expect_end("C9")
        try:
            text = ucs2.decode(name)
        except CodecError as error:
            raise BadValue(f"name: {error.message}", offset=12, clause=CLAUSE) from None
        parameters = cls(enterprise, slot, Rights(rights), text, cap)
        _check(parameters, len(name), BadValue)
        return parameters


def _check(parameters: ApplicationParameters, name_octets: int, error: type[BadValue] | type[LocalError]) -> None:
    if not parameters.enterprise_id:
        raise error("enterprise 0", offset=1, clause=CLAUSE)
    if parameters.slot not in SLOTS:
        raise error(f"slot {parameters.slot}: {SLOTS[0]} to {SLOTS[-1]}", offset=5, clause=CLAUSE)
    if not 1 <= parameters.rights <= 7:
        raise error(f"rights {parameters.rights:02X}: a sum of 01, 02 and 04", offset=6, clause=CLAUSE)
    if name_octets > NAME_OCTETS:
        raise error(f"a name of {name_octets} octets: at most {NAME_OCTETS}", offset=11, clause=CLAUSE)


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """One key of DGI 8201 under the DEK, with its check value."""

    usage: KeyUsage
    cryptogram: bytes = field(repr=False)
    check_value: bytes


@dataclass(frozen=True, slots=True)
class ApplicationKeys:
    """DGI 8201: key version 1, then for each key usage 1 | cryptogram 16 | key check value 3."""

    version: int
    keys: tuple[WrappedKey, ...]

    def encode(self) -> bytes:
        """The whole DGI, the contents of STORE DATA."""
        value = unsigned(self.version, 1, "key version", CLAUSE)
        for key in self.keys:
            if len(key.cryptogram) != CRYPTOGRAM_OCTETS or len(key.check_value) != KCV_OCTETS:
                raise LocalError("a key is a cryptogram of 16 octets and a check value of 3", clause=CLAUSE)
            value += bytes((key.usage,)) + key.cryptogram + key.check_value
        return Dgi(KEYS_DGI, value).encode()

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """From the contents of STORE DATA; BadValue for another DGI, an unknown usage or one that comes twice."""
        groupings = Dgi.decode_all(octets)
        if len(groupings) != 1 or groupings[0].identifier != KEYS_DGI:
            raise BadValue(f"one DGI {KEYS_DGI:04X} is wanted", offset=0, clause=CLAUSE)
        cursor = ClauseCursor(groupings[0].value, CLAUSE)
        version = cursor.u8("key version")
        keys: list[WrappedKey] = []
        while cursor.remaining:
            offset = cursor.offset
            usage = known(KeyUsage, cursor.u8("usage"), "key usage", offset, CLAUSE)
            if usage in {key.usage for key in keys}:
                raise BadValue(f"key {usage:02X} comes twice", offset=offset, clause=CLAUSE)
            cryptogram = cursor.take(CRYPTOGRAM_OCTETS, "cryptogram")
            keys.append(WrappedKey(usage, cryptogram, cursor.take(KCV_OCTETS, "check value")))
        return cls(version, tuple(keys))
