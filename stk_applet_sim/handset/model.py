"""Models of phones: what each can do (TERMINAL PROFILE, TS 102 223 §5.2), where its screen ends, how long it waits.

A model claims no more than me.py does. :func:`model_named` reads the shipped ones of models.toml.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final, Self

from telecom_codecs.card.identities import luhn_digit
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
    "poll_interval",
    "polling_off",
    "refresh",
    "select_item",
    "send_short_message",
    "set_up_call",
    "set_up_menu",
    "provide_location_imei",
    "set_up_event_list",
    "event_call_disconnected",
    "event_location_status",
    "event_idle_screen",
    "timer_management",
    "timer_current_value",
    "provide_date_time",
    "get_inkey_yes_no",
    "display_text_sustained",
    "provide_language",
    "language_notification",
    "provide_access_technology",
    "display_text_duration",
    "get_inkey_help",
    "get_inkey_duration",
)
SERIAL: Final = "000001"  #: of every simulated phone: the IMEI names the model


@dataclass(frozen=True, slots=True)
class HandsetModel:
    """One model. Limits of 0 do not exist; `answer`, `read` and `clear` are seconds."""

    name: str
    about: str
    tac: str
    facilities: tuple[str, ...] = CAPABILITIES
    text: int = 0
    prompt: int = 0
    lines: int = 0
    line: int = 0
    help: bool = True
    answer: float = 30.0
    read: float = 60.0
    clear: float = 15.0

    @classmethod
    def of(cls, name: str, table: Mapping[str, Any]) -> Self:
        """From a table of models.toml; TypeError for a key that does not exist, ValueError for an unknown facility."""
        without = frozenset(table.get("without", ()))
        if unknown := without - set(CAPABILITIES):
            raise ValueError(f"{name}: no facility {min(unknown)!r}")
        rest = {key: value for key, value in table.items() if key != "without"}
        return cls(name, facilities=tuple(one for one in CAPABILITIES if one not in without), **rest)

    @property
    def terminal_profile(self) -> bytes:
        """The data of TERMINAL PROFILE."""
        return _profile_octets(self.facilities)

    @property
    def imei(self) -> str:
        """15 digits: type allocation code, serial, Luhn digit (TS 23.003 §6.2)."""
        return self.tac + SERIAL + luhn_digit(self.tac + SERIAL)


@functools.cache
def model_named(name: str) -> HandsetModel:
    """A shipped model: standard, feature, android, iphone, basic. KeyError for another name."""
    return HandsetModel.of(name, _shipped()[name])


def model_names() -> tuple[str, ...]:
    return tuple(_shipped())


@functools.cache
def _shipped() -> Mapping[str, Mapping[str, Any]]:
    return tomllib.loads(resources.files(__package__).joinpath("models.toml").read_text(encoding="utf-8"))


@functools.cache
def _profile_octets(facilities: tuple[str, ...]) -> bytes:
    return TerminalProfile.of(*facilities).encode()
