"""What the fuzzer found once and must not find again."""

from __future__ import annotations

import pytest

from telecom_codecs.cat import TerminalResponse, decode_envelope, decode_objects
from telecom_codecs.cat.network_objects import BcchChannelList, read_plmn
from telecom_codecs.errors import BadValue, LimitExceeded
from telecom_codecs.ota.toolkit_parameters import FileAccess


@pytest.mark.parametrize("octets", ["02", "32", "415420436f6d"])
def test_an_octet_too_many_is_no_channel_list(octets: str) -> None:
    """It was read as fill that could not be written again."""
    with pytest.raises(BadValue):
        BcchChannelList.decode(bytes.fromhex(octets))


def test_a_long_channel_list_costs_no_more_than_its_length() -> None:
    """It was read as one number of many thousand bits; ten bits a channel, whatever the group."""
    channels = tuple(at * 37 % 1024 for at in range(3003))
    octets = BcchChannelList(channels, 1).encode()
    bits = int.from_bytes(octets, "big")
    assert len(octets) == -(-len(channels) * 10 // 8)
    assert bits == sum(channel << 2 + 10 * (3002 - at) for at, channel in enumerate(channels)) | 1
    assert BcchChannelList.decode(octets) == BcchChannelList(channels, 1)


@pytest.mark.parametrize("octets", ["", "64f0", "64f00000"])
def test_a_plmn_has_three_octets(octets: str) -> None:
    """An empty one was an IndexError."""
    with pytest.raises(BadValue):
        read_plmn(bytes.fromhex(octets))


def test_a_message_of_many_kilobytes_is_refused_before_it_is_read() -> None:
    """Lists and texts of 64 kB took a tenth of a second."""
    names = b"\x85\x82\xff\xf0" + b"\x11" * 0xFFF0
    with pytest.raises(LimitExceeded):
        decode_objects(names)
    with pytest.raises(LimitExceeded):
        TerminalResponse.decode(bytes.fromhex("810301250002028281830100") + names)
    with pytest.raises(LimitExceeded):
        decode_envelope(b"\xd6\x82\xff\xf4" + names)


def test_an_install_names_no_more_file_systems_than_fit() -> None:
    """Three octets for each, 255 in an APDU."""
    assert len(FileAccess.decode_all(bytes(255))) == 85
    with pytest.raises(LimitExceeded):
        FileAccess.decode_all(bytes(258))
