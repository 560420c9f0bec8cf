"""[smsc]: the links to SMSCs and the routes over them. `docs/running.md` has the table of keys."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, field_validator, model_validator

from .sections import BadConfiguration, Section

#: Octets of an SMPP 3.4 password, without its NUL (§5.2.2).
PASSWORD_LENGTH = 8

Seconds = Annotated[float, Field(ge=0.1, le=300)]
TypeOfNumber = Annotated[int, Field(ge=0, le=6)]
NumberingPlan = Annotated[int, Field(ge=0, le=18)]


class TlsSettings(Section):
    """`tls` of a link; empty (`tls = {}`): the system's authorities and the host's name."""

    #: PEM file of the one authority to believe.
    authority: Path | None = None
    #: SHA-256 of the one certificate to believe, in hex.
    pin: Annotated[str, Field(pattern=r"^([0-9A-Fa-f]{2}:?){32}$|^$")] = ""
    #: PEM file with our certificate and key.
    certificate: Path | None = None
    server_name: str = ""


class CallerSettings(Section):
    """`outbind` of a link: the SMSC connects to us at `host` and `port` and says this."""

    system_id: Annotated[str, Field(min_length=1, max_length=15)]
    password: SecretStr = SecretStr("")

    @field_validator("password")
    @classmethod
    def _short(cls, password: SecretStr) -> SecretStr:
        return SecretStr(_smpp_password(password.get_secret_value()))


class LinkSettings(Section):
    """[[smsc.links]], one per SMSC. Give `password` or `password_file` (at most 8 octets, SMPP 3.4)."""

    name: Annotated[str, Field(min_length=1, max_length=40)] = "smsc"
    #: False: it stands here and is not started.
    enabled: bool = True
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 2775
    system_id: Annotated[str, Field(min_length=1, max_length=15)]
    password: SecretStr = SecretStr("")
    password_file: Path | None = None
    system_type: Annotated[str, Field(max_length=12)] = ""
    #: `pair`: a transmitter and a receiver as one link.
    bind: Literal["transceiver", "transmitter", "receiver", "pair"] = "transceiver"
    tls: TlsSettings | None = None
    outbind: CallerSettings | None = None
    #: Submissions without an answer at a time.
    window: Annotated[int, Field(ge=1, le=1000)] = 50
    #: Segments a second; 0 as fast as the window and the SMSC allow.
    rate: Annotated[float, Field(ge=0, le=100_000)] = 0.0
    #: Messages from the SMSC being stored at a time; more are refused for now.
    deliveries: Annotated[int, Field(ge=1, le=100_000)] = 1000
    #: Seconds of silence before an enquire_link.
    enquire_link: Annotated[float, Field(ge=1, le=3600)] = 15.0
    #: Seconds until a submission without an answer counts as unknown.
    response_timeout: Seconds = 10.0
    connect_timeout: Seconds = 10.0
    bind_timeout: Seconds = 10.0
    #: Seconds that a good-bye may take.
    drain_timeout: Seconds = 5.0
    #: Of the bind: what the SMSC is to send us.
    address_ton: TypeOfNumber = 0
    address_npi: NumberingPlan = 0
    address_range: Annotated[str, Field(max_length=40)] = ""
    #: Of submissions, where this SMSC wants others than ours.
    source_ton: TypeOfNumber | None = None
    source_npi: NumberingPlan | None = None
    destination_ton: TypeOfNumber | None = None
    destination_npi: NumberingPlan | None = None
    #: Seconds that a message without a validity of its own is kept by the SMSC; 0 as long as it likes.
    validity: Annotated[int, Field(ge=0, le=30 * 86_400)] = 0
    #: Receipts of texts: as we ask, on failure only, or never.
    receipts: Literal["asked", "failures", "never"] = "asked"
    #: The same of secured packets, which the card answers itself.
    packet_receipts: Literal["asked", "failures", "never"] = "asked"
    #: What a command_status of this SMSC means, where it is not the standard's: { "0x450" = "throttled" }.
    statuses: dict[str, Literal["throttled", "retry", "unclear", "final"]] = Field(default_factory=dict)
    #: Files for every PDU of this link: one JSON object a line, and a capture for Wireshark. Passwords are asterisks.
    pdu_log: Path | None = None
    capture: Path | None = None

    @field_validator("password")
    @classmethod
    def _short(cls, password: SecretStr) -> SecretStr:
        return SecretStr(_smpp_password(password.get_secret_value()))

    @field_validator("statuses")
    @classmethod
    def _numbers(cls, statuses: dict[str, Any]) -> dict[str, Any]:
        for word in statuses:
            _status(word)
        return statuses

    @model_validator(mode="after")
    def _fits(self) -> LinkSettings:
        if self.outbind is not None and (self.tls is not None or self.bind == "pair"):
            raise ValueError("outbind goes without tls, and with one bind: the SMSC makes the connection")
        if self.outbind is None and self.port == 0:
            raise ValueError("port is missing: the SMSC's, 1 to 65535")
        return self

    def status_words(self) -> dict[int, str]:
        """`statuses` by number."""
        return {_status(word): meaning for word, meaning in self.statuses.items()}

    def secret(self) -> str:
        """The password, read from its file when there is one."""
        if self.password_file is None:
            return self.password.get_secret_value()
        try:
            if self.password_file.stat().st_mode & 0o077:
                raise BadConfiguration(
                    f"smsc.links.password_file: {self.password_file} can be read by others: "
                    f"`chmod 600 {self.password_file}`"
                )
            return _smpp_password(self.password_file.read_text(encoding="utf-8").strip())
        except OSError as error:
            raise BadConfiguration(
                f"smsc.links.password_file: {self.password_file}: {error.strerror}; write the password there, mode 0600"
            ) from None
        except BadConfiguration:
            raise
        except ValueError as error:
            raise BadConfiguration(f"smsc.links.password_file: {self.password_file}: {error}") from None


class RouteSettings(Section):
    """[[smsc.routes]]: numbers that begin with `prefix` go over `links`; the longest prefix counts."""

    prefix: Annotated[str, Field(pattern=r"^[0-9]*$")] = ""
    links: Annotated[tuple[str, ...], Field(min_length=1)]
    #: Over whichever has the most room, instead of the first that works.
    balance: bool = False


class SmscSettings(Section):
    """[smsc]"""

    links: tuple[LinkSettings, ...] = ()
    #: None: every number over the links in their order.
    routes: tuple[RouteSettings, ...] = ()
    #: Messages handed to a link at a time.
    in_flight: Annotated[int, Field(ge=1, le=10_000)] = 100

    @model_validator(mode="after")
    def _known(self) -> SmscSettings:
        names = [link.name for link in self.links]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two links are named {twice[0]}: give each a name of its own")
        sending = {link.name for link in self.links if link.bind != "receiver"}
        for route in self.routes:
            unknown = [name for name in route.links if name not in sending]
            if unknown:
                raise ValueError(f"the route {route.prefix!r} names {unknown[0]}, which is no link that may submit")
        enabled = {link.name for link in self.links if link.enabled}
        if self.routes and not any(enabled.intersection(route.links) for route in self.routes):
            raise ValueError("every link of every route is disabled: enable one, or take the routes out")
        return self


#: Tables that stand in lists, by their key.
LISTED: dict[str, type[Section]] = {"links": LinkSettings, "routes": RouteSettings}


def _smpp_password(text: str) -> str:
    if len(text) > PASSWORD_LENGTH or not text.isascii():
        raise ValueError(f"an SMPP password has at most {PASSWORD_LENGTH} ASCII characters; agree on one with the SMSC")
    return text


def _status(word: str) -> int:
    try:
        number = int(word, 0)
    except ValueError:
        number = 0
    if not 0 < number <= 0xFFFFFFFF:
        raise ValueError(f'{word!r} is no command_status; write "0x450"')
    return number
