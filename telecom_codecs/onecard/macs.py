"""The inner MACs of an enterprise application: who signed, bound to card and application.

docs/wire/card-application.md §6 and §7: CMAC-64 over AID 16 | ICCID 10 | what is covered, under the load key for
orders, under the TAC key for what the card says.
"""

from __future__ import annotations

from typing import Final

from ..card.identities import Aid, Iccid
from ..crypto.secret_key import CryptoProvider, SecretKey

MAC_OCTETS: Final = 8


def application_mac(key: SecretKey, aid: Aid, iccid: Iccid, covered: bytes, provider: CryptoProvider) -> bytes:
    """The MAC of an order, or a TAC: the first 8 octets of the CMAC."""
    return provider.cmac(key, aid.octets + iccid.octets() + covered)[:MAC_OCTETS]
