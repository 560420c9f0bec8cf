"""`ykt smsc probe` and `ykt sms send`: an operator's tools for an SMSC, a real one or the simulator."""

from __future__ import annotations

import json
import os
import ssl
import time
from collections.abc import Sequence
from contextlib import closing

import click

from telecom_codecs.errors import CodecError
from telecom_codecs.sms.concat import TextSegment, split_text

from ..smpp import operations as op
from ..smpp.receipt import Receipt, canonical_ids, find_receipt
from ..smpp.status import RetryClass, named, retry_class
from .caller import Caller, CallFailed

_MARKS = {True: "ok  ", False: "ODD ", None: "    "}


def _connection(command: click.decorators.FC) -> click.decorators.FC:
    """Where to and as whom: the same for every tool. The password comes from the environment or is asked."""
    options = (
        click.argument("host"),
        click.argument("port", type=click.IntRange(1, 65535)),
        click.option("--system-id", required=True, help="Who we are."),
        click.option(
            "--password",
            envvar="YKT_SMPP_PASSWORD",
            prompt="SMPP password",
            hide_input=True,
            help="Better in YKT_SMPP_PASSWORD; asked when absent.",
        ),
        click.option("--tls", is_flag=True, help="Speak TLS."),
        click.option("--authority", type=click.Path(exists=True), help="PEM file to believe instead of the system's."),
        click.option("--timeout", default=10.0, show_default=True, type=float, help="Seconds for each answer."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
@_connection
@click.option("--from", "source", default="", help="Source address of the probe's messages.")
@click.option("--to", "destination", default="", help="Send two messages to this number and await their receipts.")
@click.option("--wait", default=10.0, show_default=True, type=float, help="Seconds to wait for receipts.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def probe(
    *,
    host: str,
    port: int,
    system_id: str,
    password: str,
    tls: bool,
    authority: str | None,
    timeout: float,
    source: str,
    destination: str,
    wait: float,
    as_json: bool,
) -> None:
    """Ask an SMSC at HOST PORT what it can do, how fast it answers, and where it is odd."""
    from .probe import Probe, smpplib_finding  # noqa: PLC0415 - `ykt --help` stays quick

    context = ssl.create_default_context(cafile=authority) if tls else None
    asking = Probe(
        lambda: Caller(host, port, timeout=timeout, tls=context),
        system_id,
        password,
        source=source,
        destination=destination,
        wait=wait,
    )
    findings = asking.run()
    if not tls:
        findings.append(smpplib_finding(host, port, system_id, password))
    for finding in findings:
        if as_json:
            line = {"question": finding.question, "answer": finding.answer, "well": finding.well}
            click.echo(json.dumps(line, ensure_ascii=False))
        else:
            click.echo(f"{_MARKS[finding.well]}{finding.question}: {finding.answer}")
    if not any(finding.well and finding.question.startswith("bind_") for finding in findings):
        raise SystemExit(1)


@click.group()
def sms() -> None:
    """Short messages by hand, over SMPP."""


@sms.command()
@_connection
@click.option("--from", "source", default="", help="Source address.")
@click.option("--to", "destination", required=True, help="The number, international, with or without +.")
@click.option("--text", required=True, help="The text; it is split when it is long.")
@click.option("--wait", default=0.0, show_default=True, type=float, help="Ask for receipts and wait so many seconds.")
def send(
    *,
    host: str,
    port: int,
    system_id: str,
    password: str,
    tls: bool,
    authority: str | None,
    timeout: float,
    source: str,
    destination: str,
    text: str,
    wait: float,
) -> None:
    """Send a text over the SMSC at HOST PORT.

    Ends with 0 when every segment was accepted (and, with --wait, delivered), with 3 when that is unknown, else with 1.
    """
    try:
        segments = split_text(text, reference=os.urandom(1)[0])
        context = ssl.create_default_context(cafile=authority) if tls else None
        caller = Caller(host, port, timeout=timeout, tls=context)
    except (CallFailed, CodecError, OSError) as error:
        raise click.ClickException(str(error)) from error
    with closing(caller):
        try:
            caller.bind(op.BindTransceiver(system_id=system_id.encode("latin-1"), password=password.encode("latin-1")))
        except (CallFailed, CodecError, UnicodeEncodeError) as error:
            raise click.ClickException(str(error)) from error
        code = _sent(caller, segments, source, destination, wait)
        caller.unbind()
    raise SystemExit(code)


def _sent(caller: Caller, segments: Sequence[TextSegment], source: str, destination: str, wait: float) -> int:
    """Submit every segment; the exit code."""
    ids: list[str] = []
    for number, segment in enumerate(segments, 1):
        pdu = op.SubmitSm(
            source_addr=source.encode("latin-1"),
            source_addr_ton=1 if source.isdecimal() else 5 if source else 0,
            source_addr_npi=1 if source.isdecimal() else 0,
            destination_addr=destination.lstrip("+").encode("latin-1"),
            dest_addr_ton=1,
            dest_addr_npi=1,
            esm_class=op.EsmClass.UDHI if segment.udhi else 0,
            data_coding=segment.dcs,
            registered_delivery=1 if wait else 0,
            short_message=segment.user_data,
        )
        ids.append(_submitted(caller, pdu, f"segment {number} of {len(segments)}"))
    return _await_receipts(caller, ids, wait) if wait else 0


def _submitted(caller: Caller, pdu: op.SubmitSm, name: str) -> str:
    """The id; leaves the program when the segment was not accepted."""
    begun = time.monotonic()
    try:
        answer = caller.submit(pdu)
    except CodecError as error:
        raise click.ClickException(str(error)) from error
    except CallFailed as failed:
        click.echo(f"{name}: unknown, it may have been accepted: {failed}", err=True)
        raise SystemExit(3) from failed
    if answer.status or not isinstance(answer, op.SubmitSmResp):
        again = "do not send it again" if retry_class(answer.status) is RetryClass.FINAL else "it may be sent again"
        click.echo(f"{name}: refused, {named(answer.status)!r}; {again}", err=True)
        caller.unbind()
        raise SystemExit(1)
    identity = answer.message_id.decode("latin-1")
    click.echo(f"{name}: accepted as {identity or '(no id)'} in {(time.monotonic() - begun) * 1e3:.1f} ms")
    return identity


def _await_receipts(caller: Caller, ids: list[str], seconds: float) -> int:
    """Print the receipts as they come; 0 when all were delivered, 1 when one was not, 3 when one is missing."""
    outstanding = {key: one for one in ids for key in canonical_ids(one)}
    missing = set(ids)
    failed = False
    end = time.monotonic() + seconds
    seen = 0
    while missing and time.monotonic() < end:
        try:
            caller.listen(end - time.monotonic(), seen + 1)
        except CallFailed as lost:
            click.echo(f"the line went: {lost}", err=True)
            return 3
        for pdu in caller.received[seen:]:
            receipt = find_receipt(pdu)
            if receipt is not None:
                failed |= _told(receipt, outstanding, missing)
        seen = len(caller.received)
    if failed:
        return 1
    return 3 if missing else 0


def _told(receipt: Receipt, outstanding: dict[str, str], missing: set[str]) -> bool:
    """Print one receipt of ours; whether it is a final failure."""
    mine = next((outstanding[key] for key in canonical_ids(receipt.message_id) if key in outstanding), None)
    if mine is None:
        return False
    click.echo(f"{mine}: {receipt.state.name.lower()}" + (f", error {receipt.error}" if receipt.error else ""))
    if receipt.is_final:
        missing.discard(mine)
    return receipt.is_final and receipt.state is not op.MessageState.DELIVERED
