"""The signature of a short message: first, exactly once, put there by the platform only (INV-20)."""

from __future__ import annotations

DEFAULT_SIGNATURE = "移动一卡通"
#: English texts go in GSM 7-bit, which has no 【】.
ENGLISH_SIGNATURE = "YKT"
SHORTEST, LONGEST = 2, 12


class BadSignature(ValueError):
    """The signature is not 2 to 12 characters without brackets. Correct it in the enterprise's record."""


def is_signature(text: str) -> bool:
    """2 to 12 characters on one line, without the brackets that the platform puts around them."""
    return SHORTEST <= len(text) <= LONGEST and not any(mark in text for mark in "【】\r\n")


def signature_from(name: str) -> str:
    """The signature of an enterprise that chose none: the beginning of its name, else the platform's own.

    >>> signature_from("重庆市渝中区某某科技有限公司"), signature_from("甲")
    ('重庆市渝中区某某科技有限', '移动一卡通')
    """
    text = name.replace("【", "").replace("】", "").strip()[:LONGEST].strip()
    return text if is_signature(text) else DEFAULT_SIGNATURE


def signature_or_default(kept: str | None) -> str:
    """The signature as it is kept, or the platform's own: a bad record must not keep a notice from being sent."""
    return kept if kept is not None and is_signature(kept) else DEFAULT_SIGNATURE


def bracketed(signature: str = DEFAULT_SIGNATURE) -> str:
    """What a signed text begins with.

    >>> bracketed("华信科技")
    '【华信科技】'
    """
    if not is_signature(signature):
        raise BadSignature(f"signature of {len(signature)} characters: 2 to 12 are wanted, no brackets")
    return f"【{signature}】"


def signed(body: str, signature: str = DEFAULT_SIGNATURE) -> str:
    """The body behind its signature.

    >>> signed("已退订考勤账单。")
    '【移动一卡通】已退订考勤账单。'
    """
    if "【" in body or "】" in body:
        raise BadSignature("the body brings signature brackets of its own")
    return bracketed(signature) + body


def signed_english(body: str) -> str:
    """An English body behind the English signature.

    >>> signed_english("Opted out.")
    '[YKT] Opted out.'
    """
    if body.startswith("["):
        raise BadSignature("the body brings a signature of its own")
    return f"[{ENGLISH_SIGNATURE}] {body}"
