"""From the configuration to links: every key reaches the wire, several links are one, a trace shows what went."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
from twisted.internet import reactor

from smsc_gateway.links.esme import EsmeLink
from smsc_gateway.links.outbind import Caller
from smsc_gateway.links.outcome import SubmitResult
from smsc_gateway.links.route import LinkPair, Links, Route
from smsc_gateway.links.trace import LinkTrace
from smsc_gateway.smpp.status import RetryClass
from telecom_codecs.pcap import decode_file
from tests.smsc_gateway.virtual import START, World, a_text
from tests.tasks import in_task
from ykt_telecom.runtime.settings import BadConfiguration, LinkSettings, SmscSettings, read_settings
from ykt_telecom.wiring.links import make_link, sending_link

FULL: dict[str, Any] = {
    "name": "mobile",
    "host": "smsc.example",
    "port": 3550,
    "system_id": "ykt",
    "password": "secret",
    "system_type": "OTA",
    "window": 7,
    "rate": 20.5,
    "deliveries": 30,
    "enquire_link": 20,
    "response_timeout": 8,
    "connect_timeout": 3,
    "bind_timeout": 4,
    "drain_timeout": 2,
    "address_ton": 1,
    "address_npi": 1,
    "address_range": "^106",
    "source_ton": 0,
    "source_npi": 0,
    "destination_ton": 0,
    "destination_npi": 1,
    "validity": 3600,
    "receipts": "failures",
    "packet_receipts": "never",
    "statuses": {"0x450": "throttled", "20": "final"},
}


def a_link(**settings: Any) -> Any:
    return make_link(
        LinkSettings.model_validate({**FULL, **settings}), reactor=reactor, random=Random(1), clock=lambda: START
    )


@in_task
async def test_every_key_of_a_link_reaches_it() -> None:
    """Binding, limits, timers, table of statuses, and what this SMSC wants of submissions."""
    link = a_link()
    assert isinstance(link, EsmeLink)
    config = link.config
    bind = config.bind_pdu()
    assert (bind.system_type, bind.addr_ton, bind.address_range) == (b"OTA", 1, b"^106")
    assert (config.window, config.rate, config.deliveries) == (7, 20.5, 30)
    assert (config.connect_timeout, config.bind_timeout, config.drain_timeout) == (3.0, 4.0, 2.0)
    assert config.statuses == {0x450: RetryClass.THROTTLED, 20: RetryClass.FINAL}
    text = config.profile.applied(a_text("hello", dest_addr_ton=1))
    assert (text.source_addr_npi, text.dest_addr_ton, text.dest_addr_npi) == (0, 0, 1)
    assert (text.validity_period, text.registered_delivery) == (b"000000010000000R", 2)
    packet = config.profile.applied(a_text("", protocol_id=0x7F, validity_period=b"000000000005000R"))
    assert (packet.validity_period, packet.registered_delivery) == (b"000000000005000R", 0)


@in_task
async def test_ways_of_connecting() -> None:
    """A pair of binds, TLS by a fingerprint, and a centre that calls us."""
    assert isinstance(a_link(bind="pair"), LinkPair)
    pinned = a_link(tls={"pin": "ab" * 32})
    assert (pinned.config.tls.pin, pinned.config.tls.authority) == ("ab" * 32, None)
    called = a_link(outbind={"system_id": "smsc", "password": "calling"})
    assert called.config.caller == Caller("smsc", "calling")


@in_task
async def test_several_links_are_one_under_their_routes() -> None:
    """Receivers submit nothing; a disabled link is in no route; without routes the links stand in their order."""
    tables: list[dict[str, Any]] = [
        {"name": "a", "system_id": "x"},
        {"name": "b", "system_id": "x", "enabled": False},
        {"name": "c", "system_id": "x"},
        {"name": "in", "system_id": "x", "bind": "receiver"},
    ]
    routes = [{"prefix": "86138", "links": ["b", "c"]}, {"links": ["a", "c"], "balance": True}]
    plain = SmscSettings.model_validate({"links": tables})
    routed = SmscSettings.model_validate({"links": tables, "routes": routes})
    made = {one.name: a_link(**one.model_dump(exclude_defaults=True)) for one in plain.links if one.enabled}
    links = sending_link(plain, made, reactor)
    assert isinstance(links, Links)
    assert (list(links.links), links._routes) == (["a", "c"], [Route("", ("a", "c"))])
    links = sending_link(routed, made, reactor)
    assert isinstance(links, Links)
    assert links._routes == [Route("86138", ("c",)), Route("", ("a", "c"), balance=True)]
    alone = SmscSettings.model_validate({"links": tables[2:]})
    assert sending_link(alone, {name: made[name] for name in ("c", "in")}, reactor) is made["c"]
    assert sending_link(SmscSettings(), {}, reactor) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[[smsc.links]]\nsystem_id="a"\n[[smsc.links]]\nsystem_id="b"', "two links are named smsc"),
        ('[[smsc.links]]\nsystem_id="a"\n[[smsc.routes]]\nlinks=["b"]', "names b, which is no link"),
        ('[[smsc.links]]\nsystem_id="a"\nbind="receiver"\n[[smsc.routes]]\nlinks=["smsc"]', "no link that may submit"),
        ('[[smsc.links]]\nsystem_id="a"\nenabled=false\n[[smsc.routes]]\nlinks=["smsc"]', "every link of every route"),
        ('[[smsc.links]]\nsystem_id="a"\nstatuses={"0x450x"="final"}', "is no command_status"),
        ('[[smsc.links]]\nsystem_id="a"\nstatuses={"0x450"="later"}', "throttled"),
        ('[[smsc.links]]\nsystem_id="a"\ntls={pin="ab"}', "pin"),
        ('[[smsc.links]]\nsystem_id="a"\ntls={pinn="ab"}', "unknown key; did you mean pin"),
        ('[[smsc.links]]\nsystem_id="a"\nport=0', "port is missing"),
        ('[[smsc.links]]\nsystem_id="a"\ntls={}\noutbind={system_id="b"}', "outbind goes without tls"),
        ('[[smsc.routes]]\nlinkss=["a"]', "unknown key; did you mean links"),
    ],
)
def test_configuration_that_does_not_fit_says_where(tmp_path: Path, text: str, message: str) -> None:
    """The key and the remedy, before anything starts."""
    path = tmp_path / "ykt.toml"
    path.write_text(f'data_dir = "{tmp_path}"\n{text}\n')
    with pytest.raises(BadConfiguration, match=message):
        read_settings(path, {})


@in_task
async def test_trace_of_a_link_has_every_pdu_and_no_password(tmp_path: Path) -> None:
    """A log and a capture that Wireshark reads, both for their owner's eyes only."""
    world = World()
    log, capture = tmp_path / "pdus.jsonl", tmp_path / "link.pcap"
    trace = LinkTrace(pdu_log=log, capture=capture, smsc=("10.1.2.3", 2775), clock=lambda: START)
    link = world.esme()
    link._on_pdu = trace
    answers: list[tuple[int, SubmitResult]] = []
    link.on_answers = answers.extend
    link.start()
    await world.bound(link)
    link.submit_many([(1, a_text("hello"))])
    await world.reactor.run_until(lambda: len(answers) == 1)
    await world.stop(link)
    trace.close()
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [(line["direction"], line["pdu"]) for line in lines][:4] == [
        ("out", "bind_transceiver"),
        ("in", "bind_transceiver_resp"),
        ("out", "submit_sm"),
        ("in", "submit_sm_resp"),
    ]
    carried = b"".join(frame[40:] for _, frame in decode_file(capture.read_bytes()))
    assert carried == b"".join(bytes.fromhex(line["octets"]) for line in lines)
    assert b"secret" not in carried
    assert {path.stat().st_mode & 0o777 for path in (log, capture)} == {0o600}
