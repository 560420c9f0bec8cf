"""The signature of a short message: first, exactly once, put there by the platform only (domain.md §4.2)."""

from __future__ import annotations

DEFAULT_SIGNATURE = "移动一卡通"
#: English texts go in GSM 7-bit, which has no 【】.
ENGLISH_SIGNATURE = "YKT"


class BadSignature(ValueError):
    """The signature is not 2 to 12 characters without brackets. Correct it in the enterprise's record."""


def signed(body: str, signature: str = DEFAULT_SIGNATURE) -> str:
    """The body behind its signature.

    >>> signed("已退订考勤账单。")
    '【移动一卡通】已退订考勤账单。'
    """
    if not 2 <= len(signature) <= 12 or any(mark in signature for mark in "【】\r\n"):
        raise BadSignature(f"signature of {len(signature)} characters: 2 to 12 are wanted, no brackets")
    if "【" in body or "】" in body:
        raise BadSignature("the body brings signature brackets of its own")
    return f"【{signature}】{body}"


def signed_english(body: str) -> str:
    """An English body behind the English signature.

    >>> signed_english("Opted out.")
    '[YKT] Opted out.'
    """
    if body.startswith("["):
        raise BadSignature("the body brings a signature of its own")
    return f"[{ENGLISH_SIGNATURE}] {body}"
