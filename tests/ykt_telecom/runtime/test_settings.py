"""The configuration: one line that names the key and the remedy, or settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from ykt_telecom.runtime.settings import BadConfiguration, read_settings


def a_file(folder: Path, text: str) -> Path:
    path = folder / "ykt.toml"
    path.write_text(f'data_dir = "{folder}"\n{text}', encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[http]\nprot = 1", "http.prot: unknown key; did you mean port?"),
        ("[htpp]\n", "htpp: unknown key; did you mean http?"),
        ('[[smsc.links]]\nsystem_id="a"\nwindwo=3', "smsc.links.0.windwo: unknown key; did you mean window?"),
        ("[[smsc.links]]\n", "smsc.links.0.system_id: missing; set it"),
        ("[http]\nport = 70000", "http.port: "),
        ('[http]\nhost = "0.0.0.0"', "http: host 0.0.0.0 is not loopback"),
        ('[ota]\nspi = "0000"', "ota.spi: the SPI must ask for CC"),
        ('[ota]\nspi = "16"', "ota.spi: four hexadecimal digits"),
        ("[ota]\nresend_delays = []", "ota.resend_delays: at least one"),
        ('[database]\nurl = "mysql://x"', "database.url: sqlite:///PATH or postgresql"),
        ('[sms]\naccess_code = "abc"', "sms.access_code: "),
        ("port = ", "not TOML"),
        ("http = 5", "http: a section is wanted; write [http]"),
        (
            '[[smsc.links]]\nsystem_id="a"\npassword="hunter2hunter2"',
            "smsc.links.0.password: an SMPP password has at most 8",
        ),
        (
            '[[smsc.links]]\nsystem_id="a"\npassword_file="/nowhere/secret"',
            "smsc.links.password_file: /nowhere/secret: No such",
        ),
    ],
)
def test_a_wrong_file_is_refused_in_one_line(tmp_path: Path, text: str, told: str) -> None:
    """The key, what is wrong, and the nearest known key."""
    with pytest.raises(BadConfiguration) as caught:
        read_settings(a_file(tmp_path, text), {})
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_environment_overrules_the_file(tmp_path: Path) -> None:
    """YKT_HTTP_PORT beats [http] port; the test suite's own variables are passed over."""
    environment = {"YKT_HTTP_PORT": "9090", "YKT_OTA_RESEND_DELAYS": "1,2", "YKT_VECTORS": "/x", "HOME": "/"}
    settings = read_settings(a_file(tmp_path, "[http]\nport = 1"), environment)
    assert settings.http.port == 9090
    assert settings.ota.resend_delays == (1.0, 2.0)


def test_a_misspelt_key_is_named_before_the_one_that_is_missing_for_it(tmp_path: Path) -> None:
    """`data_dri` leaves data_dir missing; the typo is what the reader needs to hear of."""
    path = tmp_path / "ykt.toml"
    path.write_text('data_dri = "/x"\n', encoding="utf-8")
    with pytest.raises(BadConfiguration, match="data_dri: unknown key; did you mean data_dir"):
        read_settings(path, {})
    path.write_text('data_dir = "/x"\nhttp = 5\n', encoding="utf-8")
    with pytest.raises(BadConfiguration, match="http: a section is wanted"):
        read_settings(path, {"YKT_HTTP_PORT": "1"})


def test_a_long_password_in_a_file_is_refused_without_printing_it(tmp_path: Path) -> None:
    """SMPP 3.4 carries eight octets; the file's name is told, not what it holds."""
    secret = tmp_path / "password"
    secret.write_text("correct-horse\n", encoding="utf-8")
    secret.chmod(0o600)
    with pytest.raises(BadConfiguration, match="at most 8") as caught:
        read_settings(a_file(tmp_path, f'[[smsc.links]]\nsystem_id="a"\npassword_file="{secret}"'), {})
    assert "horse" not in str(caught.value)


def test_a_password_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    """As the KEK is: the line names the file and the remedy."""
    secret = tmp_path / "password"
    secret.write_text("hunter2\n", encoding="utf-8")
    secret.chmod(0o640)
    with pytest.raises(BadConfiguration, match="can be read by others: `chmod 600 "):
        read_settings(a_file(tmp_path, f'[[smsc.links]]\nsystem_id="a"\npassword_file="{secret}"'), {})


def test_an_unknown_variable_is_refused(tmp_path: Path) -> None:
    """A typo in a variable must not be silence."""
    with pytest.raises(BadConfiguration, match="YKT_HTTP_PORT"):
        read_settings(a_file(tmp_path, ""), {"YKT_HTTP_PROT": "1"})


def test_the_password_is_not_printed(tmp_path: Path) -> None:
    """Neither by repr nor in an error; it may come from a file."""
    secret = tmp_path / "password"
    secret.write_text("hunter2\n", encoding="utf-8")
    secret.chmod(0o600)
    first = '[[smsc.links]]\nsystem_id = "a"\npassword = "letmein"\n'
    text = f'{first}[[smsc.links]]\nname = "two"\nsystem_id = "b"\npassword_file = "{secret}"'
    settings = read_settings(a_file(tmp_path, text), {})
    assert [link.secret() for link in settings.smsc.links] == ["letmein", "hunter2"]
    assert "letmein" not in repr(settings)


def test_the_places_follow_the_data_folder(tmp_path: Path) -> None:
    """Database and KEK lie in different folders."""
    settings = read_settings(a_file(tmp_path, ""), {})
    assert settings.database_path == tmp_path / "database" / "ykt.db"
    assert settings.kek_path == tmp_path / "secrets" / "kek"


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    """`ykt init` writes a first one."""
    with pytest.raises(BadConfiguration, match="ykt init"):
        read_settings(tmp_path / "none.toml", {})
