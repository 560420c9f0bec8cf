"""What the `ykt` commands are handed: the door to an installation, how one is made, how the service runs."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from ..faces.cli.access import Made
from ..faces.cli.logs import configure_logs
from ..registry.keys.wrapping import KEK_LENGTH, create_kek, open_key_ring
from ..registry.people.principals import list_principals
from ..registry.people.tokens import Token
from ..runtime.clock import SystemClock
from ..runtime.errors import Refusal
from ..runtime.settings import Settings, read_settings
from ..runtime.tokens import SystemTokens
from ..storage.database import address_of, is_there, open_database
from ..storage.migrations.upgrading import upgrade
from ..storage.numbers import highest_number
from ..storage.schema import SCHEMA_VERSION
from ..usecases.means import means_of
from ..usecases.office import Asker, Office
from ..usecases.people import ADD_USER, AddUser
from ..usecases.results import Done
from .doors import InstallationDoor, NoDatabase, opened, said_plainly
from .orders import user_name
from .transactions import HeldDatabase, drive

FIRST_USER = "admin"
_FIRST_CONFIGURATION = """\
# YKT Telecom. Every key has a default but the links; environment variables YKT_… overrule this file.
data_dir = {data!r}

[http]
host = "127.0.0.1"
port = 8080

[sms]
access_code = "106572000"

# [[smsc.links]]
# host = "127.0.0.1"
# port = 2775
# system_id = "ykt"
# password_file = "{data_plain}/secrets/smsc-password"
"""


class KekMissing(Refusal):
    """There is a database, and the key that opens what is in it is gone. Restore it; a new one would open nothing."""


class Wired:
    """The installation of this machine, by the settings that a command names."""

    def door(self, settings: Settings, token: Token | None) -> InstallationDoor:
        return InstallationDoor(settings, token)

    def make(self, data: Path) -> Made:
        """Folders, key, database, first configuration and first user: each only when it is not there."""
        os.umask(0o077)
        configuration = data / "ykt.toml"
        settings = read_settings(configuration if configuration.exists() else None, {}, data_dir=data)
        kek = settings.kek_path
        if settings.database_path.exists() and not kek.exists():
            raise KekMissing(f"{data} has a database but no KEK at {kek}: restore the KEK, do not make a new one")
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        data.chmod(0o700)
        kek_is_new = not kek.exists()
        if kek_is_new:
            create_kek(kek, SystemTokens().octets(KEK_LENGTH))
        configuration_is_new = not configuration.exists()
        if configuration_is_new:
            text = _FIRST_CONFIGURATION.format(data=str(data), data_plain=data)
            configuration.write_text(text, encoding="utf-8")
        with said_plainly():
            token = _first_token(settings)
        return Made(kek, kek_is_new, address_of(settings.database_location), configuration, configuration_is_new, token)

    def upgrade(self, settings: Settings) -> tuple[int, int]:
        os.umask(0o077)
        if not is_there(settings.database_location):
            raise NoDatabase(f"no database at {settings.database_path}: `ykt init --data DIR` makes one")
        database = open_database(settings.database_location)
        try:
            return upgrade(database, SystemClock().now()), SCHEMA_VERSION
        finally:
            database.close()

    def serve(self, settings: Settings) -> str | None:
        from smsc_gateway.line.reactor import install  # noqa: PLC0415 - installs the reactor before anything imports it

        reactor = install()
        from .service import serve as run  # noqa: PLC0415 - imports Twisted's reactor users

        configure_logs(settings.log.format, settings.log.level)
        try:
            with said_plainly():
                return run(settings, reactor)
        finally:
            asyncio.set_event_loop(None)


def _first_token(settings: Settings) -> str | None:
    """Make what is missing in the database; the administrator's token, in an installation without users."""
    tokens, clock = SystemTokens(), SystemClock()
    means = means_of(settings, open_key_ring(settings.kek_path, settings.database_path), tokens)
    with opened(settings, clock, means, reads=False) as database:
        with database.reading() as conn:
            if list_principals(conn, tenant=None):
                return None
            tokens.at_least(highest_number(conn))
        office = Office(HeldDatabase(database, clock, tokens), means)
        asker = Asker(user_name(os.geteuid()))
        (result,) = drive(office.perform(asker, ADD_USER, [AddUser(FIRST_USER, ("admin",))]))
    return result.value.token if isinstance(result, Done) else None
