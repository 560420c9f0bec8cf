"""SMPP codec rates, ours and smpplib's, in one run on one core: `python -m bench.smpp_codec [--n N] [--repeat R]`.

One JSON line per case: the median of the repetitions with their spread, by CPU time.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import smpplib.client
import smpplib.smpp

from smsc_gateway.smpp import operations as op
from smsc_gateway.smpp.fields import COctetString, declared
from smsc_gateway.smpp.receipt import format_text, receipt_tlvs

TEXT = bytes.fromhex("027000") + bytes(range(1, 138))
SUBMIT = op.SubmitSm(
    sequence=7,
    source_addr_ton=1,
    source_addr_npi=1,
    source_addr=b"106900001",
    dest_addr_ton=1,
    dest_addr_npi=1,
    destination_addr=b"8613800000001",
    esm_class=0x40,
    protocol_id=0x7F,
    registered_delivery=1,
    data_coding=0xF6,
    short_message=TEXT,
)
DELIVER = op.DeliverSm(**{name: getattr(SUBMIT, name) for name in ("sequence", *declared(op.SubmitSm))})
RECEIPT = replace(
    DELIVER,
    esm_class=4,
    data_coding=0,
    short_message=format_text("0000000A", op.MessageState.DELIVERED, submitted="2607251200", done="2607251201"),
    tlvs=receipt_tlvs("0000000A", op.MessageState.DELIVERED),
)
RESPONSE = op.SubmitSmResp(sequence=7, message_id=b"0000000A")


def rate(case: Callable[[Any], Any], subject: Any, n: int, repeat: int) -> dict[str, float]:
    """Calls a second: median, least and most of the repetitions."""
    rates = []
    for _ in range(repeat):
        start = time.process_time()
        for _ in range(n):
            case(subject)
        rates.append(n / (time.process_time() - start))
    return {"rate": round(statistics.median(rates)), "least": round(min(rates)), "most": round(max(rates))}


def smpplib_cases() -> list[tuple[str, Callable[[Any], Any], Any]]:
    """The same PDUs through smpplib."""
    client = smpplib.client.Client("localhost", 1, allow_unknown_opt_params=True)
    cases: list[tuple[str, Callable[[Any], Any], Any]] = []
    for pdu in (SUBMIT, DELIVER):
        name = op.name_of(pdu.command_id)
        values = {
            field: getattr(pdu, field).decode() if isinstance(kind, COctetString) else getattr(pdu, field)
            for field, kind in declared(type(pdu)).items()
        }
        theirs = smpplib.smpp.make_pdu(name, client=client, **values)
        theirs.sequence = pdu.sequence
        assert theirs.generate() == op.encode(pdu), name
        cases.append((f"smpplib encode {name}", lambda one: one.generate(), theirs))
        cases.append(
            (f"smpplib decode {name}", lambda octets: smpplib.smpp.parse_pdu(octets, client=client), op.encode(pdu))
        )
    return cases


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    fields = {name: getattr(SUBMIT, name) for name in declared(op.SubmitSm)}
    ours: list[tuple[str, Callable[[Any], Any], Any]] = [
        ("construct submit_sm", lambda values: op.SubmitSm(**values), fields)
    ]
    for pdu in (SUBMIT, DELIVER, RESPONSE):
        name = op.name_of(pdu.command_id)
        assert op.decode(op.encode(pdu)) == pdu
        ours.append((f"encode {name}", op.encode, pdu))
        ours.append((f"decode {name}", op.decode, op.encode(pdu)))
    assert op.decode(op.encode(RECEIPT)) == RECEIPT
    ours.append(("decode receipt with 2 TLVs", op.decode, op.encode(RECEIPT)))
    for divisor, cases in ((1, ours), (10, smpplib_cases())):
        for name, case, subject in cases:
            n = max(1, options.n // divisor)
            figures = rate(case, subject, n, options.repeat)
            rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            line = {"bench": f"smpp_codec: {name}", "n": n, **figures, "unit": "PDU/s", "rss_mb": round(rss, 1)}
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
