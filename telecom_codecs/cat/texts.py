"""Texts inside data objects: alpha identifiers, text strings, USSD strings.

TS 102 223 §8.2 and annex A of TS 102 221 (alpha: default alphabet or the UCS-2 codings 80, 81, 82), §8.15 (text string:
a DCS of TS 23.038 §4, then the text), TS 31.111 §8.17 (USSD string: a DCS of TS 23.038 §5).

The standard often allows several codings of one text. Objects hold the text; the coding that arrived is held apart
and used again as long as it can carry the text, else the coding we would have chosen. Where a sender's octets follow
none of the codings exactly (fill at the end), they are held as :class:`Verbatim` and serve only as long as they still
say the same text.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

from ..errors import BadValue, CodecError, LocalError
from ..sms import gsm7, ucs2
from ..sms.dcs import DCS_GSM7, DCS_OCTET, DCS_UCS2, Alphabet, DataCoding
from ..sms.ucs2 import AlphaForm, AlphaText
from .objects import DataObject, data_object


@dataclass(frozen=True, slots=True)
class Verbatim:
    """Octets of a text that no coding of ours gives back; used only while they decode to the text."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class AlphaCoding:
    """How an alpha field is coded: the form of TS 102 221 annex A and the first character of its half page."""

    form: AlphaForm
    base: int = 0

    def spell(self, text: str) -> bytes:
        """The octets of `text`; LocalError if the coding cannot carry it."""
        return AlphaText(text, self.form, self.base).encode()


def one_further(error: CodecError) -> CodecError:
    """The fault of a text, its offset counted from the octet before the text."""
    return type(error)(error.message, offset=(error.offset or 0) + 1, clause=error.clause)


def read_alpha(octets: bytes) -> tuple[str, AlphaCoding | Verbatim | None]:
    """Text and coding of an alpha field; the coding is None when it is the one we would choose."""
    found = AlphaText.decode(octets)
    try:
        kept = found.encode() == octets
    except LocalError:
        kept = False
    if not kept:
        return found.text, Verbatim(octets)
    best = AlphaText.of(found.text)
    return found.text, None if found == best else AlphaCoding(found.form, found.base)


def write_alpha(text: str, coding: AlphaCoding | Verbatim | None) -> bytes:
    """The octets of an alpha field in `coding` if it can carry `text`, else in the best one."""
    if isinstance(coding, Verbatim) and ucs2.decode_alpha(coding.octets) == text:
        return coding.octets
    if isinstance(coding, AlphaCoding):
        try:
            return coding.spell(text)
        except LocalError:
            pass
    return ucs2.encode_alpha(text)


@data_object(0x05, "alpha identifier", "TS 102 223 8.2")
@dataclass(frozen=True, slots=True)
class AlphaIdentifier(DataObject):
    """A name to show. An empty one means: show nothing at all; a missing one leaves it to the ME."""

    text: str
    coding: AlphaCoding | Verbatim | None = None

    @classmethod
    def decode(cls, value: bytes) -> Self:
        return cls(*read_alpha(value))

    def encode(self) -> bytes:
        return write_alpha(self.text, self.coding)

    def plain(self) -> Any:
        return self.text

    @classmethod
    def of(cls, plain: Any) -> Self:
        return plain if isinstance(plain, cls) else cls(plain)

    @property
    def spelling(self) -> object | None:
        return self.coding

    def respelled(self, spelling: object) -> Self:
        return replace(self, coding=spelling) if isinstance(spelling, AlphaCoding | Verbatim) else self


@data_object(0x0F, "item", "TS 102 223 8.9")
@dataclass(frozen=True, slots=True)
class Item(DataObject):
    """One line of a menu: identifier 1 to 255 and text. Item(0, "") is the empty item, which removes a menu."""

    id: int
    text: str
    coding: AlphaCoding | Verbatim | None = None

    @classmethod
    def decode(cls, value: bytes) -> Self:
        if not value:
            return cls(0, "")
        if not value[0]:
            raise BadValue("identifier 00 of an item is reserved", clause=cls.CLAUSE)
        try:
            return cls(value[0], *read_alpha(value[1:]))
        except CodecError as error:
            raise one_further(error) from error

    def encode(self) -> bytes:
        if self.id == 0 and not self.text:
            return b""
        if not 1 <= self.id <= 0xFF:
            raise LocalError(f"item identifier {self.id} is not 1 to 255", clause=self.CLAUSE)
        return bytes((self.id,)) + write_alpha(self.text, self.coding)

    def plain(self) -> Any:
        return self if self.coding is None else Item(self.id, self.text)

    @property
    def spelling(self) -> object | None:
        return self.coding

    def respelled(self, spelling: object) -> Self:
        return replace(self, coding=spelling) if isinstance(spelling, AlphaCoding | Verbatim) else self


def _packed_text(octets: bytes) -> str:
    """Packed septets that fill whole octets: where seven bits are left at the end and zero, they are fill."""
    count = len(octets) * 8 // 7
    septets = gsm7.unpack(octets, count)
    if len(octets) % 7 == 0 and septets.endswith(b"\x00"):
        septets = septets[:-1]
    return gsm7.decode(septets)


def read_text(octets: bytes, alphabet: Alphabet) -> str:
    """The text of `octets` in `alphabet`; BadValue for a reserved alphabet."""
    if alphabet is Alphabet.GSM7:
        return _packed_text(octets)
    if alphabet is Alphabet.OCTET:
        return gsm7.decode(octets)
    if alphabet is Alphabet.UCS2:
        return ucs2.decode(octets)
    raise BadValue("DCS with a reserved alphabet", clause="TS 23.038 4")


def write_text(text: str, alphabet: Alphabet) -> bytes:
    """The octets of `text` in `alphabet`; LocalError if it cannot carry the text."""
    if alphabet is Alphabet.GSM7:
        return gsm7.pack(gsm7.encode(text))
    if alphabet is Alphabet.OCTET:
        return gsm7.encode(text)
    if alphabet is Alphabet.UCS2:
        return ucs2.encode(text)
    raise LocalError("DCS with a reserved alphabet", clause="TS 23.038 4")


def broadcast_alphabet(dcs: int) -> Alphabet:
    """The alphabet of a cell broadcast or USSD data coding scheme — TS 23.038 §5."""
    group = dcs >> 4
    if dcs in {0x11} or (4 <= group <= 7 and not dcs & 0x20 and dcs & 0x0C == 0x08):
        return Alphabet.UCS2
    if group == 9 and dcs & 0x0C == 0x08:
        return Alphabet.UCS2
    if (4 <= group <= 7 or group == 9) and dcs & 0x0C:
        return Alphabet.OCTET if dcs & 0x0C == 0x04 and not dcs & 0x20 else Alphabet.RESERVED
    if group == 0xF:
        return Alphabet.OCTET if dcs & 0x04 else Alphabet.GSM7
    return Alphabet.GSM7


@dataclass(frozen=True, slots=True)
class CodedText(DataObject):
    """A data coding scheme and a text. `dcs` None stands for the value without octets, the null text string."""

    text: str
    dcs: int | None = None
    verbatim: Verbatim | None = None

    @staticmethod
    def alphabet_of(dcs: int) -> Alphabet:
        """The alphabet a DCS stands for in this object."""
        return DataCoding.decode(dcs).alphabet

    @classmethod
    def best(cls, text: str) -> Self:
        """An empty text as null; 8-bit (04) where the default alphabet and ASCII agree on every character, else packed
        septets (00) if they carry the text and leave no doubt about its end, else UCS-2 (08: Chinese).

        8-bit text strings are of the default alphabet, yet many readers take them for ASCII: what the two spell
        differently (``@ $ _ é``, brackets) is not left to chance.
        """
        if not text:
            return cls("", None)
        if not gsm7.can_encode(text):
            return cls(text, DCS_UCS2)
        septets = gsm7.encode(text)
        if text.isascii() and septets == text.encode("ascii"):
            return cls(text, DCS_OCTET)
        # seven bits of fill read as one more @ to some, a last @ in their place as fill to others
        is_ambiguous = len(septets) % 8 == 7 or (len(septets) % 8 == 0 and septets.endswith(b"\x00"))
        return cls(text, DCS_UCS2 if is_ambiguous else DCS_GSM7)

    @classmethod
    def decode(cls, value: bytes) -> Self:
        if not value:
            return cls("", None)
        alphabet = cls.alphabet_of(value[0])
        try:
            text = read_text(value[1:], alphabet)
        except CodecError as error:
            raise one_further(error) from error
        try:
            kept = write_text(text, alphabet) == value[1:]
        except LocalError:
            kept = False
        return cls(text, value[0], None if kept else Verbatim(value[1:]))

    def encode(self) -> bytes:
        if self.dcs is None:
            if self.text:
                raise LocalError("a text needs a data coding scheme", clause=self.CLAUSE)
            return b""
        alphabet = self.alphabet_of(self.dcs)
        if self.verbatim is not None and read_text(self.verbatim.octets, alphabet) == self.text:
            return bytes((self.dcs,)) + self.verbatim.octets
        return bytes((self.dcs,)) + write_text(self.text, alphabet)

    def plain(self) -> Any:
        return self.text

    @classmethod
    def of(cls, plain: Any) -> Self:
        return plain if isinstance(plain, cls) else cls.best(plain)

    @property
    def spelling(self) -> object | None:
        return None if self == self.best(self.text) else (self.dcs, self.verbatim)

    def respelled(self, spelling: object) -> Self:
        match spelling:
            case (int() | None as dcs, Verbatim() | None as verbatim):
                candidate = replace(self, dcs=dcs, verbatim=verbatim)
                try:
                    candidate.encode()
                except CodecError:
                    return self
                return candidate
        return self


@data_object(0x0D, "text string", "TS 102 223 8.15")
class TextString(CodedText):
    """The text of a display, a question or an answer."""

    __slots__ = ()


@data_object(0x17, "default text", "TS 102 223 8.23", required=False)
class DefaultText(CodedText):
    """What GET INPUT shows before the user types."""

    __slots__ = ()


@data_object(0x0A, "USSD string", "TS 31.111 8.17")
class UssdString(CodedText):
    """A USSD string with its cell broadcast data coding scheme."""

    __slots__ = ()

    @staticmethod
    def alphabet_of(dcs: int) -> Alphabet:
        return broadcast_alphabet(dcs)

    @classmethod
    def best(cls, text: str) -> Self:
        """Packed default alphabet, language unspecified (0F), where it can carry the text, else UCS-2 (48)."""
        return cls(text, 0x0F if gsm7.can_encode(text) else 0x48)
