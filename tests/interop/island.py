"""A private PC/SC world for one test module: network and mount namespace, pcscd with the virtual reader, one card.

Nothing outside is touched and nothing outside is reached: the island has a loopback interface of its own and its own
/run/pcscd. Needs root, util-linux (unshare, nsenter) and the Debian packages pcscd, vsmartcard-vpcd.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DRIVER = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
READER = "Virtual PCD 00 00"
SECOND_READER, SECOND_PORT = "Virtual PCD 00 01", 0x8C7C
ENABLE = "apt-get install -y pcscd pcsc-tools opensc vsmartcard-vpcd util-linux"
CONFIGURATION = f"""FRIENDLYNAME "Virtual PCD"
DEVICENAME /dev/null:0x8C7B
LIBPATH {DRIVER}
CHANNELID 0x8C7B
"""
SERVE = "from stk_applet_sim.cli.sim import sim; sim()"
SECONDS_TO_APPEAR = 20


def missing(*programs: str) -> str:
    """Why there can be no island with these programs, empty when there can."""
    names = [name for name in ("pcscd", "unshare", "nsenter", *programs) if shutil.which(name) is None]
    if not DRIVER.exists():
        names.append("vpcd")
    if names:
        return f"{', '.join(names)} not installed; {ENABLE}"
    probe = subprocess.run(["unshare", "-m", "-n", "true"], capture_output=True, check=False)
    return "" if probe.returncode == 0 else "no right to make namespaces; run as root"


class Island:
    """Programs run inside see one reader with one card."""

    def __init__(self, process: int, folder: Path) -> None:
        self._process = process
        self._folder = folder

    def _inside(self, cwd: Path | None = None) -> list[str]:
        """What goes before a command; entering a mount namespace leads to its root, so the folder is entered after."""
        enter = ["sh", "-c", 'cd "$0" && exec "$@"', str(cwd or Path.cwd())]
        return ["nsenter", "--target", str(self._process), "--mount", "--net", *enter]

    def run(
        self, *command: str | Path, timeout: float = 60, cwd: Path | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a program inside; its output, both streams together."""
        return subprocess.run(
            [*self._inside(cwd), *map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=timeout, env={**os.environ, **environment}, check=False,
        )  # fmt: skip

    @contextmanager
    def card(self, profile: str, *options: str, reader: str = READER) -> Iterator[None]:
        """`ykt sim serve` inside, from when the reader sees the card until it is taken out by SIGTERM."""
        log = self._folder / f"sim-{profile}-{time.monotonic_ns()}.log"
        command = [*self._inside(), sys.executable, "-c", SERVE, "serve", "--profile", profile, *options]
        with log.open("a") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
            try:
                self._await_card(reader, log)
                yield
                process.terminate()
                status = process.wait(15)
                assert status == 0, f"exit status {status}: {log.read_text()}"
            finally:
                process.kill()

    @contextmanager
    def background(self, *command: str | Path, ready: str, cwd: Path | None = None, **env: str) -> Iterator[None]:
        """A program that stays, from when it has printed `ready` until it is stopped."""
        log = self._folder / "background.log"
        with (
            log.open("w") as output,
            subprocess.Popen(
                [*self._inside(cwd), *map(str, command)], stdout=output, stderr=output, env={**os.environ, **env}
            ) as process,
        ):
            try:
                until = time.monotonic() + SECONDS_TO_APPEAR
                while ready not in log.read_text():
                    if process.poll() is not None or time.monotonic() > until:
                        raise AssertionError(log.read_text())
                    time.sleep(0.05)
                yield
            finally:
                process.terminate()
                process.wait(10)

    def _await_card(self, reader: str, log: Path) -> None:
        probe = f"import sys; from stk_applet_sim.readers.pcsc import card_in; card_in({reader!r}).__enter__()"
        last = ""
        until = time.monotonic() + SECONDS_TO_APPEAR
        while "card in" not in log.read_text() and time.monotonic() < until:
            time.sleep(0.05)  # a card that was there before may still answer for a while
        while time.monotonic() < until:
            ran = self.run(sys.executable, "-c", probe)
            if ran.returncode == 0:
                return
            last = ran.stdout
        raise AssertionError(f"no card within {SECONDS_TO_APPEAR} s: {last}; {log.read_text()}")


def _await_service(process: subprocess.Popen[bytes], folder: Path) -> None:
    """Until pcscd listens in its own world: whoever enters earlier would still be in ours."""
    listening = Path(f"/proc/{process.pid}/root/run/pcscd/pcscd.comm")
    ours = os.readlink("/proc/self/ns/mnt")
    until = time.monotonic() + SECONDS_TO_APPEAR
    while os.readlink(f"/proc/{process.pid}/ns/mnt") == ours or not listening.exists():
        if process.poll() is not None or time.monotonic() > until:
            raise AssertionError((folder / "pcscd.log").read_text())
        time.sleep(0.02)


@contextmanager
def island(folder: Path) -> Iterator[Island]:
    """pcscd with the virtual reader in namespaces of its own; it and its world end with the block."""
    readers = folder / "readers"
    readers.mkdir()
    (readers / "vpcd").write_text(CONFIGURATION)
    prepare = "ip link set lo up && mkdir -p /run/pcscd && mount -t tmpfs tmpfs /run/pcscd && exec pcscd -f -c "
    command = ["unshare", "-m", "-n", "sh", "-c", prepare + str(readers)]
    with (
        (folder / "pcscd.log").open("w") as log,
        subprocess.Popen(command, stdout=log, stderr=log) as process,
    ):
        try:
            _await_service(process, folder)
            yield Island(process.pid, folder)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
