"""The parameters that send a card to its administration server."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telecom_codecs.errors import BadValue, LocalError, RemoteError
from telecom_codecs.ota.scp81 import (
    AGENT,
    HOST,
    URI,
    HttpPostParameters,
    SecurityParameters,
    SessionTrigger,
    decode_text,
    encode_text,
)
from tests.vectors import needs_vectors

from ..globalplatform.secure_channels import curated_rows, foreign_rows

TEXT = st.none() | st.text(st.characters(max_codepoint=0x7F), max_size=40)
SECURITY = st.builds(SecurityParameters, st.binary(max_size=200), st.integers(0, 255), st.integers(0, 255))
TRIGGERS = st.builds(
    SessionTrigger,
    st.none() | st.binary(max_size=40),
    st.none() | SECURITY,
    st.none() | st.binary(max_size=8),
    st.none() | st.builds(HttpPostParameters, TEXT, TEXT, TEXT),
)


def check_row(row: dict[str, Any]) -> None:
    """Read to the stated meaning, written back to the same octets."""
    octets, stated = bytes.fromhex(row["hex"]), row["decoded"]
    if isinstance(stated, str):
        assert decode_text(octets) == (HOST, stated)
        assert encode_text(HOST, stated) == octets
        return
    value = SecurityParameters(bytes.fromhex(stated["psk_id"]), stated["kvn"], stated["kid"])
    assert SecurityParameters.decode(octets) == value
    assert value.encode() == octets


@needs_vectors
@pytest.mark.parametrize("row", foreign_rows("scp81"))
def test_objects_of_another_program_agree(row: dict[str, Any]) -> None:
    """Key reference and host, as another tool writes them."""
    check_row(row)


@pytest.mark.parametrize("row", curated_rows("scp81"))
def test_objects_of_another_program_agree_in_every_clone(row: dict[str, Any]) -> None:
    """The same without any further download."""
    check_row(row)


@given(TRIGGERS)
def test_a_trigger_comes_back(trigger: SessionTrigger) -> None:
    """Any parts, any texts."""
    assert SessionTrigger.decode(trigger.encode()) == trigger


def test_a_trigger_is_what_the_standard_nests() -> None:
    """81 around 83 around 84, 85, 86, 89 around 8A, 8B, 8C; worked by hand."""
    trigger = SessionTrigger(
        b"\x01", SecurityParameters(b"\xaa", 1, 0x40), b"\x00\x02", HttpPostParameters("h", "a", "/")
    )
    assert trigger.encode().hex() == (
        "811b" "8319" "840101" "850501aa020140" "86020002" "8909" "8a0168" "8b0161" "8c012f"
    )  # fmt: skip


REFUSED = [
    ("", "nothing"),
    ("8300", "not a trigger"),
    ("81028300ff", "left over"),
    ("81048302 8500", "security parameters without a value"),
    ("81068304 8502aa02", "PSK identity cut"),
    ("81098307 8505 00 03 010203", "a key reference of three octets"),
    ("81078305 8503 00 02 01", "a key reference cut"),
    ("81068304 8400 8400", "connection twice"),
    ("81068304 8600 8400", "out of order"),
    ("81048302 8700", "unknown object"),
    ("81068304 8902 8a05", "host cut"),
    ("81078305 8903 8a01ff", "host is not ASCII"),
    ("81088306 8904 8b008a00", "agent before host"),
    ("8184ffffffff8300", "a length of 2^32-1"),
]


@pytest.mark.parametrize(("octets", "why"), REFUSED, ids=[why for _, why in REFUSED])
def test_a_broken_trigger_is_refused(octets: str, why: str) -> None:
    """A card must not be sent to half an address."""
    with pytest.raises(RemoteError):
        SessionTrigger.decode(bytes.fromhex(octets))


def test_what_an_object_cannot_carry_is_our_fault() -> None:
    """Sizes, alphabets, tags."""
    for value in (SecurityParameters(bytes(256), 0, 0), SecurityParameters(b"", 256, 0), HttpPostParameters("主机")):
        with pytest.raises(LocalError):
            value.encode()
    with pytest.raises(LocalError):
        encode_text(0x8D, "x")
    assert [decode_text(encode_text(tag, "x"))[0] for tag in (HOST, AGENT, URI)] == [HOST, AGENT, URI]
    with pytest.raises(BadValue):
        decode_text(bytes.fromhex("8d0178"))
