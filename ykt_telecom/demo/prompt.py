"""A phone on the terminal: its screen as text, a line of keys at a time. The browser phone comes later."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from dataclasses import dataclass

from stk_applet_sim.handset.screen import Key, Screen, render

from .files import KeptStation
from .lab import Lab
from .people import member_name

HELP = """\
  ok  back  end  no  clear  help     a key of the phone
  1 … 9                              a line of the list on the screen
  =TEXT                              type TEXT and confirm it (the service password: =135790)
  inbox                              the phone's short messages
  phone N                            another member's phone, from 1
  show                               the screen again
  ?                                  these lines; begin with ok, which opens the SIM's menu
  quit                               end the demo"""


@dataclass(slots=True)
class Prompt:
    """The phone in hand, and what a typed line does to it."""

    lab: Lab
    write: Callable[[str], None]
    number: int = 0
    shown: str = ""

    @property
    def station(self) -> KeptStation:
        return self.lab.world.stations[self.number]

    def obey(self, line: str) -> bool:
        """Do what the line says; False when it says quit. Nonsense gets a hint and changes nothing."""
        words = line.strip()
        handset = self.station.station.handset
        if words in {"quit", "exit"}:
            return False
        if words.startswith("="):
            handset.enter(words[1:])
        elif words in {key.value for key in Key}:
            before = handset.screen
            handset.press(words)
            if words == Key.HELP.value and handset.screen == before:
                self.write(HELP)
                return True
        elif words.isascii() and words.isdigit() and 1 <= int(words) <= 9:
            handset.select(int(words))
        elif words == "inbox":
            self._inbox()
        elif words.split()[:1] == ["phone"]:
            self._take(words.removeprefix("phone").strip())
        elif words == "?":
            self.write(HELP)
            return True
        elif words not in {"", "show"}:
            self.write(f"? {words[:40]!r} means nothing here:\n{HELP}")
            return True
        self.show()
        return True

    def show(self) -> None:
        """The phone as it is now."""
        self.shown = f"{member_name(self.number)} {self.station.msisdn}\n{render(self.station.station.handset.screen)}"
        self.write(self.shown)

    def show_news(self) -> None:
        """The phone, unless it still looks as it was shown last."""
        if not self.shown.endswith(render(self.station.station.handset.screen)):
            self.show()

    def _take(self, text: str) -> None:
        phones = len(self.lab.world.stations)
        if text.isascii() and text.isdigit() and 1 <= int(text) <= phones:
            self.number = int(text) - 1
        else:
            self.write(f"? phones are numbered 1 to {phones}")

    def _inbox(self) -> None:
        messages = self.station.station.handset.inbox.messages
        if not messages:
            self.write("  no short messages")
        for message in messages:
            self.write(f"  from {message.sender}: {message.text}")


async def play_phone(lab: Lab, write: Callable[[str], None]) -> None:
    """Announce the addresses, then obey lines from a terminal until quit or the end; without one, run until stopped."""
    if lab.service.http is not None:
        write(f"health:  {lab.service.http.url}/healthz   {lab.service.http.url}/readyz")
    write(f"SMPP:    127.0.0.1:{lab.port}   (the platform is bound to it)")
    write(f"phones:  {len(lab.world.stations)}, the first is {lab.world.stations[0].msisdn}")
    write("console: none yet; this terminal is a phone.")
    if not sys.stdin.isatty():
        await lab.service.died.wait()
        return
    prompt = Prompt(lab, write)
    write(HELP)
    prompt.show()
    for number, station in enumerate(lab.world.stations):
        station.station.handset.watchers.append(_watch(prompt, number))
    lines: asyncio.Queue[str] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    loop.add_reader(sys.stdin.fileno(), lambda: lines.put_nowait(sys.stdin.readline()))
    try:
        while (line := await lines.get()) and prompt.obey(line):
            pass
    finally:
        loop.remove_reader(sys.stdin.fileno())


def _watch(prompt: Prompt, number: int) -> Callable[[Screen], None]:
    def came_up(_: Screen) -> None:
        if prompt.number == number:
            asyncio.get_running_loop().call_soon(prompt.show_news)

    return came_up
