"""The configuration: one TOML file, overruled by `YKT_…` environment variables, checked whole before anything starts.

An unknown key is an error that names the nearest known one. `YKT_HTTP_PORT=8080` stands for `port` in `[http]`;
links are configured in the file only.
"""

from __future__ import annotations

import difflib
import ipaddress
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, ValidationError, field_validator, model_validator

from telecom_codecs.errors import CodecError
from telecom_codecs.ota.secured_packet import CounterCheck, PacketCheck, PorRequest, Spi

from .link_settings import LISTED, LinkSettings, SmscSettings
from .sections import BadConfiguration, Section

__all__ = ["BadConfiguration", "LinkSettings", "Settings", "SmscSettings", "read_settings"]

#: Environment variables of the test suite, which are none of ours.
_NOT_OURS = ("YKT_TEST_", "YKT_VECTORS", "YKT_REQUIRE", "YKT_CONFIG", "YKT_BENCH_", "YKT_TOKEN")


class DatabaseSettings(Section):
    """[database]"""

    #: `sqlite:///PATH` or `postgresql://USER@HOST/NAME`; empty: `database/ykt.db` inside `data_dir`. A password
    #: belongs into `~/.pgpass` (0600), where libpq finds it; the schema is the first of the session's search_path.
    url: Annotated[str, Field(repr=False)] = ""

    @field_validator("url")
    @classmethod
    def _known(cls, url: str) -> str:
        if url and not url.startswith(("sqlite:///", "postgresql://")):
            raise ValueError("sqlite:///PATH or postgresql://USER@HOST/NAME, please")
        return url


class HttpSettings(Section):
    """[http]"""

    enabled: bool = True
    host: str = "127.0.0.1"
    #: 0: any free port.
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    #: Allow an address other than loopback without TLS.
    insecure_bind: bool = False

    @model_validator(mode="after")
    def _loopback_only(self) -> HttpSettings:
        try:
            loopback = ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            loopback = self.host == "localhost"
        if not loopback and not self.insecure_bind:
            raise ValueError(f"host {self.host} is not loopback: use 127.0.0.1, or set insecure_bind = true")
        return self


class SmsSettings(Section):
    """[sms]"""

    #: Source of everything we send and destination of the cards' requests.
    access_code: Annotated[str, Field(pattern=r"^[0-9]{3,15}$")] = "106572000"


class OtaSettings(Section):
    """[ota]"""

    #: SPI of command packets, four hexadecimal digits: 1639, or 1619 where the SMSC relays DELIVER-REPORT data.
    spi: str = "1639"
    #: Seconds to wait for the card's PoR once the SMSC has the packet.
    por_timeout: Annotated[float, Field(ge=0.05, le=86_400)] = 60.0
    #: Seconds before attempt 2, 3…; the last one repeats until the job expires.
    resend_delays: tuple[Annotated[float, Field(ge=0.05, le=604_800)], ...] = (5, 30, 120, 600, 3600, 14_400)
    #: Allow single DES and degenerate 3DES keys. Laboratories only.
    weak_algorithms: bool = False

    @field_validator("spi")
    @classmethod
    def _secured(cls, text: str) -> str:
        try:
            spi = Spi.decode(bytes.fromhex(text))
        except (ValueError, CodecError):
            raise ValueError("four hexadecimal digits like 1639, please") from None
        secured = spi.check is PacketCheck.CC and spi.ciphered and spi.counter is CounterCheck.HIGHER
        proven = spi.por is PorRequest.ALWAYS and spi.por_check is PacketCheck.CC
        if not (secured and proven):
            raise ValueError("the SPI must ask for CC, ciphering, a higher counter and a PoR with CC: 1639 or 1619")
        return text.lower()

    @field_validator("resend_delays")
    @classmethod
    def _some(cls, delays: tuple[float, ...]) -> tuple[float, ...]:
        if not delays:
            raise ValueError("at least one delay, please")
        return delays


class KeySettings(Section):
    """[keys]"""

    #: The KEK, 0600, outside the database's folder. Empty: `secrets/kek` inside `data_dir`.
    kek_file: Path | None = None


class AuditSettings(Section):
    """[audit]"""

    #: Where the head of the audit chain is noted after each commit, outside the database's folder. Empty:
    #: `audit.head` beside the KEK.
    anchor_file: Path | None = None


class LogSettings(Section):
    """[log]"""

    format: Literal["json", "console"] = "json"
    level: Literal["debug", "info", "warning", "error"] = "info"


class Settings(Section):
    """The whole configuration."""

    data_dir: Path
    database: DatabaseSettings = DatabaseSettings()
    smsc: SmscSettings = SmscSettings()
    http: HttpSettings = HttpSettings()
    sms: SmsSettings = SmsSettings()
    ota: OtaSettings = OtaSettings()
    keys: KeySettings = KeySettings()
    audit: AuditSettings = AuditSettings()
    log: LogSettings = LogSettings()

    @property
    def database_location(self) -> Path | str:
        """The file of the embedded database, or the URL of a server's."""
        url = self.database.url
        return url if url.startswith("postgresql:") else self.database_path

    @property
    def database_path(self) -> Path:
        """The file of the embedded database; with a server it is not there."""
        url = self.database.url
        embedded = url.startswith("sqlite:///")
        return Path(url.removeprefix("sqlite:///")) if embedded else self.data_dir / "database" / "ykt.db"

    @property
    def socket_path(self) -> Path:
        """Where a running service takes orders."""
        return self.data_dir / "ykt.sock"

    @property
    def kek_path(self) -> Path:
        return self.keys.kek_file or self.data_dir / "secrets" / "kek"

    @property
    def anchor_path(self) -> Path:
        return self.audit.anchor_file or self.kek_path.with_name("audit.head")

    def insecure(self) -> list[str]:
        """The switches that a real installation does not set."""
        found = []
        if self.ota.weak_algorithms:
            found.append("ota.weak_algorithms")
        if self.http.insecure_bind:
            found.append("http.insecure_bind")
        return found


def read_settings(path: Path | None, environment: Mapping[str, str], **overrides: Any) -> Settings:
    """The settings of a file (if any), the environment, and the caller's own; raises :class:`BadConfiguration`."""
    values: dict[str, Any] = {}
    if path is not None:
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise BadConfiguration(f"{path}: {error.strerror}; `ykt init --data DIR` writes a first one") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise BadConfiguration(f"{path}: not TOML: {error}") from None
    for keys, text in _from_environment(environment):
        place = values
        for key in keys[:-1]:
            place = place.setdefault(key, {})
            if not isinstance(place, dict):
                raise BadConfiguration(f"{key}: a section is wanted; write [{key}]")
        place[keys[-1]] = text
    values.update(overrides)
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        raise BadConfiguration(_one_line(error)) from None
    for link in settings.smsc.links:
        link.secret()
    return settings


def _variables() -> dict[str, tuple[str, ...]]:
    """Environment variable → key path, for every scalar key."""
    found: dict[str, tuple[str, ...]] = {}
    for name, field in Settings.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, Section):
            for key in section.model_fields:
                if key not in ("links", "routes"):
                    found[f"YKT_{name}_{key}".upper()] = (name, key)
        else:
            found[f"YKT_{name}".upper()] = (name,)
    return found


def _from_environment(environment: Mapping[str, str]) -> list[tuple[tuple[str, ...], Any]]:
    known = _variables()
    found: list[tuple[tuple[str, ...], Any]] = []
    for name, text in environment.items():
        if not name.startswith("YKT_") or name.startswith(_NOT_OURS):
            continue
        if name not in known:
            raise BadConfiguration(f"{name}: unknown variable{_nearest(name, known)}")
        keys = known[name]
        found.append((keys, text.split(",") if keys[-1] == "resend_delays" else text))
    return found


def _nearest(name: str, known: Mapping[str, Any] | set[str]) -> str:
    close = difflib.get_close_matches(name, list(known), 1, 0.5)
    return f"; did you mean {close[0]}?" if close else f"; known are {', '.join(sorted(known))}"


def _one_line(error: ValidationError) -> str:
    found = error.errors()
    first = next((one for one in found if one["type"] == "extra_forbidden"), found[0])
    names = [str(part) for part in first["loc"]]
    where = ".".join(names) or "configuration"
    if first["type"] == "extra_forbidden":
        return f"{where}: unknown key{_nearest(names[-1], _keys_beside(names))}"
    if where == "data_dir" and first["type"] == "missing":
        return "data_dir: missing; name an installation with --data DIR or --config FILE (`ykt init` makes one)"
    if first["type"] == "missing":
        return f"{where}: missing; set it"
    if first["type"] in {"model_type", "model_attributes_type"}:
        return f"{where}: a section is wanted; write [{where}]"
    return f"{where}: {first['msg'].removeprefix('Value error, ')}"


def _keys_beside(names: list[str]) -> set[str]:
    """The keys that are known where the unknown one stands."""
    section: Any = Settings
    for name in names[:-1]:
        if not name.isdigit():
            section = LISTED.get(name) or _section_of(section.model_fields[name].annotation)
    return set(section.model_fields)


def _section_of(annotation: Any) -> Any:
    """The section itself where it may also be absent."""
    choices = [one for one in get_args(annotation) if isinstance(one, type) and issubclass(one, Section)]
    return choices[0] if choices else annotation
