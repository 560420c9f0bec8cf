"""What SELECT and STATUS tell about a file: the FCP template (TS 102 221 §11.1.1.3), for 2G that of TS 51.011 §9.2.1.

Access rules are written out (expanded format, TS 102 221 §9.2.4), so no EF.ARR is needed.
"""

from __future__ import annotations

from functools import lru_cache

from telecom_codecs.card.fcp import Fcp, FileDescriptor, FileStructure, LifeCycle, PinReference
from telecom_codecs.card.identities import Aid
from telecom_codecs.tlv import BerTlv

from .access import Access, Condition, KeyReference
from .files import MF, Directory, ElementaryFile, Structure

FREE_MEMORY = 0xFFFF  #: reported to 2G terminals: "plenty"
_STRUCTURE = {
    Structure.TRANSPARENT: FileStructure.TRANSPARENT,
    Structure.LINEAR: FileStructure.LINEAR_FIXED,
    Structure.CYCLIC: FileStructure.CYCLIC,
}
_CHARACTERISTICS = (BerTlv(0x80, b"\x71"),)  #: any supply voltage, the clock may stop, TS 102 221 §11.1.1.4.6.1
_2G_STRUCTURE = {Structure.TRANSPARENT: 0, Structure.LINEAR: 1, Structure.CYCLIC: 3}
_2G_CONDITION = {Condition.ALWAYS: 0, Condition.PIN: 1, Condition.PIN2: 2, Condition.ADM: 4, Condition.NEVER: 15}

#: Security condition data objects, TS 102 221 §9.2.4.
_SECURITY_CONDITION = {
    Condition.ALWAYS: BerTlv(0x90, b""),
    Condition.PIN: BerTlv(0xA4, b"\x83\x01\x01\x95\x01\x08"),
    Condition.PIN2: BerTlv(0xA4, b"\x83\x01\x81\x95\x01\x08"),
    Condition.ADM: BerTlv(0xA4, b"\x83\x01\x0a\x95\x01\x08"),
    Condition.NEVER: BerTlv(0x97, b""),
}


def describe_file(node: Directory | ElementaryFile, access: Access) -> bytes:
    """The FCP template (tag 62)."""
    if isinstance(node, ElementaryFile):
        return _of_file(node)
    references = [key for key in (KeyReference.PIN1, KeyReference.PIN2) if access.has(key)]
    return _of_directory(node, tuple((key, access.state(key).enabled) for key in references))


@lru_cache(maxsize=256)
def _of_directory(node: Directory, pins: tuple[tuple[int, bool], ...]) -> bytes:
    fcp = Fcp(
        FileDescriptor(FileStructure.DF),
        file_id=None if node.aid else node.fid,
        df_name=Aid(node.aid) if node.aid else None,
        proprietary=_CHARACTERISTICS,
        life_cycle=LifeCycle.ACTIVATED,
        security_expanded=_rules(Condition.ALWAYS, Condition.ADM),
        pins=tuple(PinReference(reference, enabled) for reference, enabled in pins),
    )
    return fcp.encode()


@lru_cache(maxsize=1024)
def _of_file(node: ElementaryFile) -> bytes:
    has_records = bool(node.record_length)
    fcp = Fcp(
        FileDescriptor(
            _STRUCTURE[node.structure],
            record_length=node.record_length if has_records else None,
            record_count=node.records if has_records else None,
        ),
        file_id=node.fid,
        life_cycle=LifeCycle.ACTIVATED,
        security_expanded=_rules(node.read, node.update),
        file_size=node.size,
        short_file_id=node.sfi,
    )
    return fcp.encode()


def _rules(read: Condition, update: Condition) -> tuple[BerTlv, ...]:
    """Security attributes in expanded format: who may read (access mode 01) and update (02)."""
    return (
        BerTlv(0x80, b"\x01"),
        _SECURITY_CONDITION[read],
        BerTlv(0x80, b"\x02"),
        _SECURITY_CONDITION[update],
    )


def describe_file_2g(node: Directory | ElementaryFile, access: Access) -> bytes:
    """22 octets for a directory, 15 for a file."""
    if isinstance(node, ElementaryFile):
        conditions = bytes([_2G_CONDITION[node.read] << 4 | _2G_CONDITION[node.update], 0xFF, 0x44])
        return (
            bytes(2)
            + node.size.to_bytes(2, "big")
            + node.fid.to_bytes(2, "big")
            + b"\x04\x00"
            + conditions
            + b"\x01\x02"  # not invalidated; two octets follow
            + bytes([_2G_STRUCTURE[node.structure], node.record_length & 0xFF])
        )
    pin1 = access.state(KeyReference.PIN1)
    pin2 = access.state(KeyReference.PIN2)
    counters = bytes(
        [0x80 | pin1.tries_left, 0x80 | pin1.unblock_left, 0x80 | pin2.tries_left, 0x80 | pin2.unblock_left]
    )
    characteristics = (0x80 if not pin1.enabled else 0) | 0x13  # clock may stop; 3 V and 1.8 V
    return (
        bytes(2)
        + FREE_MEMORY.to_bytes(2, "big")
        + node.fid.to_bytes(2, "big")
        + (b"\x01" if node.fid == MF else b"\x02")
        + bytes(5)
        + b"\x09"
        + bytes([characteristics, len(node.directories), len(node.elementary), 4, 0])
        + counters
    )
