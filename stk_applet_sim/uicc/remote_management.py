"""Who answers the card's own TARs: RAM, RFM of the UICC and of the USIM, enterprise applications (TS 102 226 §8, §9).

docs/wire/card-application.md §1. A receiver is made when a packet comes: a million idle cards need no table of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from telecom_codecs.card.identities import Tar
from telecom_codecs.onecard.names import TAR_CARD_MANAGER, slot_of

from ..applet.enterprise import EnterpriseApplication
from .access import AUTHENTIC, UNSECURED, Access, Rights
from .file_session import FileSession
from .files import Directory
from .globalplatform import CardManager
from .memory import NonVolatile
from .packets import PacketContext, PacketReceiver, Registration
from .profile import CardProfile
from .remote_script import run_script

RFM_UICC = (Tar(bytes.fromhex("B00000")), Tar(bytes.fromhex("B00010")))
RFM_USIM = (Tar(bytes.fromhex("B00001")), Tar(bytes.fromhex("B00011")))
ADF_USIM = 0x7FF0
OUR_FILES = bytes.fromhex("3F007F59")


class RemoteManagement:
    """The receivers of one card. `refresh` tells the ME which files changed (toolkit.py)."""

    __slots__ = ("_installed", "_manager", "_memory", "_profile", "_refresh")

    def __init__(
        self,
        profile: CardProfile,
        memory: NonVolatile,
        manager: CardManager,
        installed: Callable[[int], EnterpriseApplication | None],
        refresh: Callable[[Sequence[bytes]], None],
    ) -> None:
        self._profile = profile
        self._memory = memory
        self._manager = manager
        self._installed = installed
        self._refresh = refresh

    def registration(self, tar: Tar) -> Registration | None:
        """The card's own receivers: RAM, RFM, and enterprise applications under the TAR of their slot."""
        receiver = self._receiver(tar)
        return None if receiver is None else Registration(self._profile.security_of(tar), receiver)

    def _remote_applications(self, script: bytes, context: PacketContext) -> bytes:
        return run_script(script, self._manager.session(context).execute, self._memory)

    def _remote_files(self, script: bytes, context: PacketContext) -> bytes:
        access = Access(self._memory)
        rights = Rights(access, remote=AUTHENTIC if context.authentic else UNSECURED)
        session = FileSession(self._profile.tree, self._memory, access, rights, self._remote_directory(context.tar))
        answer = run_script(script, session.execute, self._memory)
        cached = [file.path for file in session.changed if not file.path.startswith(OUR_FILES)]
        if cached and self._profile.has_menu:
            self._refresh(cached)  # the ME holds copies of these; those of the menu only the applet reads
        return answer

    def _remote_directory(self, tar: Tar) -> Directory | None:
        """Where remote file management under a TAR begins; None where there is none."""
        root = self._profile.tree.root
        place = root if tar in RFM_UICC else root.files.get(ADF_USIM) if tar in RFM_USIM else None
        return place if isinstance(place, Directory) else None

    def _receiver(self, tar: Tar) -> PacketReceiver | None:
        if tar == TAR_CARD_MANAGER:
            return self._remote_applications
        if self._remote_directory(tar) is not None:
            return self._remote_files
        slot = slot_of(tar)
        application = None if slot is None else self._installed(slot)
        if application is None:
            return None

        def receive(script: bytes, context: PacketContext) -> bytes:
            return run_script(script, lambda apdu: application.execute(apdu, authentic=context.authentic), self._memory)

        return receive
