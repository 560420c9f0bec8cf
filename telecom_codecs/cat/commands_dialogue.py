"""Commands that show, ask and play: menus, texts, input, tones — TS 102 223 §6.6."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from .core_objects import Duration, ItemIdentifier, ResponseLength
from .display_objects import (
    FrameIdentifier,
    Icon,
    ImmediateResponse,
    ItemIcons,
    ItemsNextAction,
    ItemTextAttributes,
    TextAttribute,
    TextSpan,
    Tone,
)
from .messages import many, maybe, one
from .names import CommandType, Device
from .objects import DataObject
from .proactive import Bits, ProactiveCommand, command
from .texts import AlphaIdentifier, DefaultText, Item, TextString

NO_LIMIT = 0xFF  #: maximum of a response length that sets none
HELP = Bits("help_available", 0x80)


@command(
    CommandType.DISPLAY_TEXT,
    "TS 102 223 6.6.1",
    one("text", TextString),
    maybe("icon", Icon),
    maybe("immediate_response", ImmediateResponse),
    maybe("duration", Duration),
    maybe("text_attribute", TextAttribute),
    maybe("frame", FrameIdentifier),
    qualifier=(Bits("high_priority", 0x01), Bits("wait_for_user", 0x80)),
    destination=Device.DISPLAY,
)
@dataclass(frozen=True, slots=True)
class DisplayText(ProactiveCommand):
    """Show a text. Normal priority is refused when the screen is busy; without `wait_for_user` it clears by itself."""

    text: str
    high_priority: bool = False
    wait_for_user: bool = False
    icon: Icon | None = None
    immediate_response: bool = False
    duration: Duration | None = None
    text_attribute: tuple[TextSpan, ...] | None = None
    frame: int | None = None


@command(
    CommandType.GET_INKEY,
    "TS 102 223 6.6.2",
    one("text", TextString),
    maybe("icon", Icon),
    maybe("duration", Duration),
    maybe("text_attribute", TextAttribute),
    maybe("frame", FrameIdentifier),
    qualifier=(
        Bits("digits_only", 0x01, inverted=True),
        Bits("ucs2", 0x02),
        Bits("yes_no", 0x04),
        Bits("immediate_digit", 0x08),
        HELP,
    ),
)
@dataclass(frozen=True, slots=True)
class GetInkey(ProactiveCommand):
    """Ask for one key. With `yes_no` the answer is a text string of one octet, 01 or 00."""

    text: str
    yes_no: bool = False
    digits_only: bool = True
    ucs2: bool = False
    immediate_digit: bool = False
    help_available: bool = False
    icon: Icon | None = None
    duration: Duration | None = None
    text_attribute: tuple[TextSpan, ...] | None = None
    frame: int | None = None


@command(
    CommandType.GET_INPUT,
    "TS 102 223 6.6.3",
    one("text", TextString),
    one("length", ResponseLength),
    maybe("default_text", DefaultText),
    maybe("icon", Icon),
    maybe("text_attribute", TextAttribute),
    maybe("frame", FrameIdentifier),
    maybe("duration", Duration),
    qualifier=(
        Bits("digits_only", 0x01, inverted=True),
        Bits("ucs2", 0x02),
        Bits("hidden", 0x04),
        Bits("packed", 0x08),
        HELP,
    ),
)
@dataclass(frozen=True, slots=True)
class GetInput(ProactiveCommand):
    """Ask for a line. `hidden` (no echo) is only meant for digits; `packed` wants the answer in packed septets."""

    text: str
    min_length: int = 0
    max_length: int = NO_LIMIT
    digits_only: bool = True
    hidden: bool = False
    ucs2: bool = False
    packed: bool = False
    help_available: bool = False
    default_text: str | None = None
    icon: Icon | None = None
    text_attribute: tuple[TextSpan, ...] | None = None
    frame: int | None = None
    duration: Duration | None = None

    @property
    def length(self) -> ResponseLength:
        """Bounds of the answer as one object."""
        return ResponseLength(self.min_length, self.max_length)

    @classmethod
    def from_values(cls, values: dict[str, object], extras: tuple[DataObject, ...]) -> Self:
        length = values.pop("length")
        assert isinstance(length, ResponseLength)
        values |= {"min_length": length.minimum, "max_length": length.maximum}
        return super(GetInput, cls).from_values(values, extras)


@command(
    CommandType.MORE_TIME,
    "TS 102 223 6.6.4",
)
@dataclass(frozen=True, slots=True)
class MoreTime(ProactiveCommand):
    """The card needs more time; the ME only answers."""


@command(
    CommandType.PLAY_TONE,
    "TS 102 223 6.6.5",
    maybe("alpha", AlphaIdentifier),
    maybe("tone", Tone),
    maybe("duration", Duration),
    maybe("icon", Icon),
    maybe("text_attribute", TextAttribute),
    maybe("frame", FrameIdentifier),
    qualifier=(Bits("vibrate", 0x01),),
    destination=Device.EARPIECE,
)
@dataclass(frozen=True, slots=True)
class PlayTone(ProactiveCommand):
    """Play a tone; without one the ME plays its general beep."""

    alpha: str | None = None
    tone: int | None = None
    duration: Duration | None = None
    vibrate: bool = False
    icon: Icon | None = None
    text_attribute: tuple[TextSpan, ...] | None = None
    frame: int | None = None


@command(
    CommandType.SET_UP_MENU,
    "TS 102 223 6.6.7",
    one("title", AlphaIdentifier),
    many("items", Item),
    maybe("next_actions", ItemsNextAction),
    maybe("icon", Icon),
    maybe("item_icons", ItemIcons),
    maybe("text_attribute", TextAttribute),
    maybe("item_text_attributes", ItemTextAttributes),
    qualifier=(Bits("soft_key", 0x01), HELP),
)
@dataclass(frozen=True, slots=True)
class SetUpMenu(ProactiveCommand):
    """The card's entry in the ME's main menu. The choice comes back as ENVELOPE (menu selection)."""

    title: str
    items: tuple[Item, ...]
    help_available: bool = False
    soft_key: bool = False
    next_actions: tuple[int, ...] | None = None
    icon: Icon | None = None
    item_icons: ItemIcons | None = None
    text_attribute: tuple[TextSpan, ...] | None = None
    item_text_attributes: tuple[TextSpan, ...] | None = None

    @classmethod
    def removal(cls) -> Self:
        """The command that removes the menu: one empty item."""
        return cls("", (Item(0, ""),))

    @property
    def removes_menu(self) -> bool:
        """True for one empty item."""
        return self.items == (Item(0, ""),)


@command(
    CommandType.SELECT_ITEM,
    "TS 102 223 6.6.8",
    maybe("title", AlphaIdentifier),
    many("items", Item),
    maybe("next_actions", ItemsNextAction),
    maybe("default_item", ItemIdentifier),
    maybe("icon", Icon),
    maybe("item_icons", ItemIcons),
    maybe("text_attribute", TextAttribute),
    maybe("item_text_attributes", ItemTextAttributes),
    maybe("frame", FrameIdentifier),
    qualifier=(
        Bits("presentation_given", 0x01),
        Bits("navigation", 0x02),
        Bits("soft_key", 0x04),
        HELP,
    ),
)
@dataclass(frozen=True, slots=True)
class SelectItem(ProactiveCommand):
    """Let the user choose. `default_item` is shown first; `navigation` counts only with `presentation_given`."""

    title: str | None
    items: tuple[Item, ...]
    default_item: int | None = None
    help_available: bool = False
    soft_key: bool = False
    presentation_given: bool = False
    navigation: bool = False
    next_actions: tuple[int, ...] | None = None
    icon: Icon | None = None
    item_icons: ItemIcons | None = None
    text_attribute: tuple[TextSpan, ...] | None = None
    item_text_attributes: tuple[TextSpan, ...] | None = None
    frame: int | None = None


@command(
    CommandType.SET_UP_IDLE_MODE_TEXT,
    "TS 102 223 6.6.22",
    one("text", TextString),
    maybe("icon", Icon),
    maybe("text_attribute", TextAttribute),
    maybe("frame", FrameIdentifier),
)
@dataclass(frozen=True, slots=True)
class SetUpIdleModeText(ProactiveCommand):
    """The text of the idle screen; an empty one removes it."""

    text: str
    icon: Icon | None = None
    text_attribute: tuple[TextSpan, ...] | None = None
    frame: int | None = None
