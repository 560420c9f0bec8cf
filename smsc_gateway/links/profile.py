"""What one SMSC wants otherwise: numbering, validity and receipts of the submissions to it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from telecom_codecs.sms.dcs import PID_DATA_DOWNLOAD

from ..smpp import operations as op

NEVER, FAILURES = 0, 2  #: registered_delivery — SMPP 3.4 §5.2.17
_ASKED = 0x03


@dataclass(frozen=True, slots=True)
class Profile:
    """None or empty: as it was submitted. `receipts` and, for secured packets, `packet_receipts` count where a receipt
    was asked for."""

    source_ton: int | None = None
    source_npi: int | None = None
    destination_ton: int | None = None
    destination_npi: int | None = None
    validity: bytes = b""  #: validity_period of what has none
    receipts: int | None = None
    packet_receipts: int | None = None

    def applied(self, pdu: op.SubmitSm) -> op.SubmitSm:
        """The submission as this SMSC wants it."""
        wanted = {
            "source_addr_ton": self.source_ton,
            "source_addr_npi": self.source_npi,
            "dest_addr_ton": self.destination_ton,
            "dest_addr_npi": self.destination_npi,
            "registered_delivery": self._receipts(pdu),
        }
        changes: dict[str, Any] = {name: value for name, value in wanted.items() if value is not None}
        if self.validity and not pdu.validity_period:
            changes["validity_period"] = self.validity
        return replace(pdu, **changes)

    def _receipts(self, pdu: op.SubmitSm) -> int | None:
        if not pdu.registered_delivery & _ASKED:
            return None
        return self.packet_receipts if pdu.protocol_id == PID_DATA_DOWNLOAD else self.receipts


AS_SUBMITTED = Profile()
