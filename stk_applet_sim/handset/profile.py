"""What this handset can do, told to the card as TERMINAL PROFILE (TS 102 223 §5.2): no more than me.py does."""

from __future__ import annotations

from typing import Final

from telecom_codecs.cat import TerminalProfile

CAPABILITIES: Final = (
    "profile_download",
    "sms_pp_download",
    "menu_selection",
    "sms_pp_download_by_usim",
    "timer_expiration",
    "command_result",
    "ucs2_entry",
    "ucs2_display",
    "display_extension_text",
    "display_text",
    "get_inkey",
    "get_input",
    "more_time",
    "select_item",
    "send_short_message",
    "set_up_menu",
    "timer_management",
    "get_inkey_yes_no",
    "display_text_sustained",
    "display_text_duration",
    "get_inkey_duration",
)

TERMINAL_PROFILE: Final = TerminalProfile.of(*CAPABILITIES).encode()
