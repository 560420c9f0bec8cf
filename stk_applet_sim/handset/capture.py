"""A handset's talk with its card as a GSMTAP capture that Wireshark dissects.

Record a session by adding a :class:`Capture` to `Handset.observers`. GET RESPONSE is merged into the command it belongs
to, as on the analysers of the field: one frame holds the command with its data, the whole answer, the last status word.
"""

from __future__ import annotations

from telecom_codecs.pcap import file_header, gsmtap_sim_frame, packet_record

from .card_link import INS_GET_RESPONSE, MORE_ANSWER, WRONG_LE, Exchange


class Capture:
    """Collects exchanges; `started_at` is the time of the handset's second 0, in seconds since 1970."""

    def __init__(self, started_at: float = 0.0) -> None:
        self.started_at = started_at
        self.exchanges: list[Exchange] = []

    def __call__(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)

    def pcap(self) -> bytes:
        """The capture file so far."""
        records = [
            packet_record(gsmtap_sim_frame(one.command, one.response), self.started_at + one.at)
            for one in merged(self.exchanges)
        ]
        return file_header() + b"".join(records)


def merged(exchanges: list[Exchange]) -> list[Exchange]:
    """One exchange per command: answers fetched by GET RESPONSE join it, repetitions for a wrong Le take its place."""
    result: list[Exchange] = []
    for one in exchanges:
        before = result[-1] if result else None
        waiting = before is not None and len(before.response) >= 2 and before.response[-2] in (*MORE_ANSWER, WRONG_LE)
        if before is not None and waiting and before.response[-2] == WRONG_LE and one.command[:4] == before.command[:4]:
            result[-1] = Exchange(before.at, one.command, one.response)
        elif before is not None and waiting and one.command[1:2] == bytes((INS_GET_RESPONSE,)):
            result[-1] = Exchange(before.at, before.command, before.response[:-2] + one.response)
        else:
            result.append(one)
    return result
