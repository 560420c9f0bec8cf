"""Encode templates: a PDU of which few fields change, written from octets that are made once.

A campaign's submissions differ in destination and text; the rest is the same for every one of them. The format comes
from the same declaration as the ordinary writer's.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from telecom_codecs.errors import LocalError

from .codec import HEADER
from .fields import declared
from .operations import Pdu, encode
from .tlvs import write_tlvs


def template(pdu: Pdu, *varying: str) -> Callable[..., bytes]:
    """`write(sequence, **values)` with exactly the fields named: the octets of `pdu` with these fields changed.

    LocalError when a value does not fit, now for the fixed fields, at the call for the varying ones.
    """
    kinds = declared(type(pdu))
    unknown = [name for name in varying if name not in kinds]
    if unknown:
        raise LocalError(f"{type(pdu).__name__} has no field {unknown[0]}")
    encode(pdu)  # the fixed fields fit
    form: list[str] = []
    arguments: list[str] = []
    guards: list[str] = []
    for name, kind in kinds.items():
        piece, values = kind.write(name)
        if name in varying:
            form.append(piece)
            arguments += values
            guards += kind.guard(name)
        else:
            form.append(_literal(pdu, piece, values))
    form.append(_escaped(write_tlvs(pdu.tlvs)))
    scope: dict[str, Any] = {"pack": HEADER.pack, "wrong": _wrong(pdu, varying), "struct_error": struct.error}
    body = f"b'{''.join(form)}' % ({''.join(f'{one}, ' for one in arguments)})".replace("p.", "")
    lines = [f"def write(sequence, *, {', '.join(varying)}):" if varying else "def write(sequence):", "    try:"]
    given = ", ".join(f"{name}={name}" for name in varying)
    if guards:
        lines += [f"        if {' or '.join(guards).replace('p.', '')}:", f"            wrong({given})"]
    lines += [f"        body = {body}", f"        return pack(16 + len(body), {pdu.command_id:#x}, 0, sequence) + body"]
    lines += ["    except (TypeError, OverflowError, struct_error):", f"        wrong({given})"]
    exec(compile("\n".join(lines), "<template>", "exec"), scope)  # noqa: S102 - built from our declarations only
    write: Callable[..., bytes] = scope["write"]
    return write


def _literal(pdu: Pdu, piece: str, values: list[str]) -> str:
    """The octets of a fixed field, as text of a bytes literal in a %-format."""
    known = {"p": pdu, "len": len}
    octets = eval(f"b'{piece}' % ({''.join(f'{one}, ' for one in values)})", known)  # noqa: S307 - as above
    return _escaped(octets)


def _escaped(octets: bytes) -> str:
    return "".join("%%" if octet == 0x25 else f"\\x{octet:02x}" for octet in octets)


def _wrong(pdu: Pdu, varying: tuple[str, ...]) -> Callable[..., None]:
    """What the ordinary writer says of the same values."""

    def complain(**values: Any) -> None:
        encode(type(pdu)(**{**{name: getattr(pdu, name) for name in declared(type(pdu))}, **values}))
        raise LocalError(f"{', '.join(varying)} or the sequence do not fit")

    return complain
