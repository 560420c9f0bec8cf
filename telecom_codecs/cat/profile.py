"""TERMINAL PROFILE: what the ME can do, one bit per facility — TS 102 223 §5.2, TS 31.111 §5.2.

Octets and bits in the order of the standard's list; :data:`FACILITIES` names the single bits, :data:`NUMBERS` the
fields that count something. Bits that nobody named, and octets beyond the list, are kept and written again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from ..errors import LimitExceeded, LocalError
from .names import CommandType

CLAUSE: Final = "TS 102 223 5.2"
MAX_OCTETS: Final = 255

#: The names of bits 1 to 8 of each octet; "-" where the bit has no name of its own.
_TABLE: Final = """
profile_download sms_pp_download cell_broadcast_download menu_selection sms_pp_download_by_usim timer_expiration
    ussd_in_call_control redial_in_call_control
command_result call_control cell_identity_in_call_control mo_short_message_control alpha_in_control ucs2_entry
    ucs2_display display_extension_text
display_text get_inkey get_input more_time play_tone poll_interval polling_off refresh
select_item send_short_message send_ss send_ussd set_up_call set_up_menu provide_location_imei provide_measurements
set_up_event_list event_mt_call event_call_connected event_call_disconnected event_location_status
    event_user_activity event_idle_screen event_card_reader_status
event_language_selection event_browser_termination event_data_available event_channel_status
    event_access_technology event_display_parameters event_local_connection event_network_search_mode
power_on_card power_off_card perform_card_apdu get_reader_status get_reader_identifier - - -
timer_management timer_current_value provide_date_time get_inkey_yes_no set_up_idle_mode_text run_at_command
    second_alpha_in_set_up_call second_capability_in_call_control
display_text_sustained send_dtmf provide_bcch_list provide_language provide_timing_advance language_notification
    launch_browser provide_access_technology
soft_keys_in_select_item soft_keys_in_set_up_menu - - - - - -
- - - - - - - -
open_channel close_channel receive_data send_data get_channel_status service_search get_service_information
    declare_service
bearer_csd bearer_gprs bearer_bluetooth bearer_irda bearer_rs232 - - -
- - - - - no_display no_keypad screen_sizing
- - - - - - - variable_fonts
display_resize text_wrapping text_scrolling text_attributes - - - -
tcp_client_remote udp_client_remote tcp_server tcp_client_local udp_client_local direct_channel bearer_e_utran
    bearer_hsdpa
display_text_duration get_inkey_help bearer_usb get_inkey_duration provide_esn call_control_on_gprs provide_imeisv
    provide_search_mode
- - - - - - - -
- - - - - - - -
browser_wml browser_xhtml browser_html browser_chtml - - - -
utran_extended_parameters provide_battery_state play_tone_melody multimedia_in_set_up_call toolkit_initiated_gba
    retrieve_multimedia_message submit_multimedia_message display_multimedia_message
set_frames get_frames_status mms_notification_download alpha_in_refresh geographical_location_reporting
    provide_meid provide_measurements_utran ussd_download
- - - - - - - -
event_browsing_status event_mms_transfer_status event_frames_information event_i_wlan_access
    event_network_rejection event_hci_connectivity event_network_rejection_e_utran multiple_access_technologies
event_csg_cell_selection event_contactless_state_request - - - - - -
- - - - - - - -
align_left align_centre align_right font_normal font_large font_small - -
style_normal style_bold style_italic style_underlined style_strikethrough foreground_colour background_colour -
bearer_i_wlan provide_wsid terminal_applications steering_of_roaming activate geographical_location_request
    provide_broadcast_network steering_of_roaming_i_wlan
contactless_state_changed csg_cell_discovery open_channel_confirmation ims_communication_control cat_over_modem
    event_incoming_ims_data event_ims_registration command_container
bearer_ims provide_henb_address provide_henb_macrocells open_channel_launch_parameters
    open_channel_direct_in_server_mode secured_container ecat_service_list refresh_enforcement
dns_address_request network_access_name_reuse event_poll_interval_negotiation - - - - -
"""

_BITS_PER_OCTET: Final = 8
_NAMES: Final = _TABLE.split()
#: Facility → (octet from 0, mask).
FACILITIES: Final[dict[str, tuple[int, int]]] = {
    name: (at // _BITS_PER_OCTET, 1 << at % _BITS_PER_OCTET) for at, name in enumerate(_NAMES) if name != "-"
}
#: Field that counts something → (octet from 0, mask).
NUMBERS: Final[dict[str, tuple[int, int]]] = {
    "soft_keys": (10, 0xFF),
    "channels": (12, 0xE0),
    "screen_height": (13, 0x1F),
    "screen_width": (14, 0x7F),
    "menu_width_reduction": (15, 0xE0),
    "tia_version": (18, 0x0F),
    "frames": (23, 0x0F),
}
_OCTETS_NAMED: Final = len(_NAMES) // _BITS_PER_OCTET

_COMMAND_FACILITIES: Final = {
    CommandType.PROVIDE_LOCAL_INFORMATION: "provide_location_imei",
    CommandType.ENCAPSULATED_SESSION_CONTROL: "command_container",
}


def _shift(mask: int) -> int:
    return (mask & -mask).bit_length() - 1


@dataclass(frozen=True, slots=True)
class TerminalProfile:
    """Facilities the ME has, counts it tells, and how many octets it used to say so.

    >>> TerminalProfile.of("profile_download", "display_text").encode().hex()
    '010001'
    """

    facilities: frozenset[str] = frozenset()
    numbers: frozenset[tuple[str, int]] = frozenset()  #: (field of NUMBERS, value above 0)
    reserved: tuple[int, ...] = ()  #: bits without a name, octet by octet, without zeros at the end
    octets: int = 0  #: length; at least what the facilities need

    @classmethod
    def of(cls, *facilities: str, octets: int = 0, **numbers: int) -> Self:
        """A profile of facilities and counts by name; LocalError for a name that does not exist."""
        for name in facilities:
            if name not in FACILITIES:
                raise LocalError(f"no facility {name!r}", clause=CLAUSE)
        profile = cls(frozenset(facilities), frozenset((name, value) for name, value in numbers.items() if value))
        return cls(profile.facilities, profile.numbers, (), max(octets, len(profile.encode())))

    def supports(self, facility: str) -> bool:
        """The ME says it has `facility`; LocalError for a name that does not exist."""
        if facility not in FACILITIES:
            raise LocalError(f"no facility {facility!r}", clause=CLAUSE)
        return facility in self.facilities

    def supports_command(self, kind: CommandType) -> bool:
        """The ME says it knows this proactive command."""
        return _COMMAND_FACILITIES.get(kind, kind.name.lower()) in self.facilities

    def number(self, name: str) -> int:
        """A count such as `channels` or `screen_width`; 0 when the ME does not tell it."""
        return dict(self.numbers).get(name, 0)

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """From the data field of TERMINAL PROFILE; any octets mean something."""
        if len(octets) > MAX_OCTETS:
            raise LimitExceeded(f"{len(octets)} octets of profile", clause=CLAUSE)
        padded = octets + bytes(max(0, _OCTETS_NAMED - len(octets)))
        rest = bytearray(padded)
        for at, mask in (*FACILITIES.values(), *NUMBERS.values()):
            rest[at] &= ~mask
        numbers = {name: (padded[at] & mask) >> _shift(mask) for name, (at, mask) in NUMBERS.items()}
        return cls(
            frozenset(name for name, (at, mask) in FACILITIES.items() if padded[at] & mask),
            frozenset((name, value) for name, value in numbers.items() if value),
            tuple(rest.rstrip(b"\x00")),
            len(octets),
        )

    def encode(self) -> bytes:
        """The data field of TERMINAL PROFILE; LocalError for unknown names and counts that do not fit."""
        found = bytearray(MAX_OCTETS)
        try:
            for name in self.facilities:
                at, mask = FACILITIES[name]
                found[at] |= mask
            for name, value in self.numbers:
                at, mask = NUMBERS[name]
                if value & ~(mask >> _shift(mask)):
                    raise LocalError(f"{name} {value} does not fit", clause=CLAUSE)
                found[at] |= value << _shift(mask)
        except KeyError as error:
            raise LocalError(f"no facility {error.args[0]!r}", clause=CLAUSE) from error
        _add_reserved(found, self.reserved)
        return bytes(found[: max(self.octets, len(found.rstrip(b"\x00")))])


def _add_reserved(found: bytearray, reserved: Iterable[int]) -> None:
    for at, bits in enumerate(reserved):
        if at >= MAX_OCTETS or not 0 <= bits <= 0xFF:
            raise LocalError(f"reserved bits {bits} of octet {at}", clause=CLAUSE)
        found[at] |= bits
