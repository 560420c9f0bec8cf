"""Every result text of the platform, Chinese and English, in one place.

Screen texts carry no signature; short messages get theirs from :func:`signed`. Texts of statements are in
`statements/texts.py`. What each refusal means, and who acts: docs/errors.md.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from telecom_codecs.onecard.language import Language

from .amount import format_yuan
from .names import clean_name, mask_tail
from .signature import DEFAULT_SIGNATURE, signed, signed_english

#: Of an enterprise's name on the card's screen.
SCREEN_NAME_UNITS = 16


class Refusal(StrEnum):
    """Why a request was not carried out (docs/errors.md)."""

    NOT_VERIFIED = "E101"
    #: The same text as E101: a locked password is told once by a security SMS, never by a different answer.
    LOCKED = "E102"
    CARD_LOST = "E103"
    NOT_A_MEMBER = "E104"
    BALANCE_LEFT = "E105"
    IN_PROGRESS = "E106"
    BUSY = "E107"
    NOT_SENT = "E108"
    NO_RESULT_YET = "E109"
    CARD_FULL = "E110"
    CARD_CHECK_FAILED = "E111"


_REFUSALS: dict[Refusal, tuple[str, str]] = {
    Refusal.NOT_VERIFIED: ("验证未通过，连续3次错误将锁定", "Not verified; 3 errors in a row lock it"),
    Refusal.LOCKED: ("验证未通过，连续3次错误将锁定", "Not verified; 3 errors in a row lock it"),
    Refusal.CARD_LOST: ("本卡已挂失，不能办理", "Card is reported lost"),
    Refusal.NOT_A_MEMBER: ("您不是该单位成员", "Not a member there"),
    Refusal.BALANCE_LEFT: ("该应用有余额{amount}元，请先处理余额", "Settle balance first: CNY {amount}"),
    Refusal.IN_PROGRESS: ("上一请求处理中，请稍候", "Previous request in progress"),
    Refusal.BUSY: ("系统忙，请稍后再试({code})", "System busy, try later ({code})"),
    Refusal.NOT_SENT: ("短信发送失败，请求未提交", "Not sent"),
    Refusal.NO_RESULT_YET: ("未收到结果，请查短信或稍后查询进度", "No result yet"),
    Refusal.CARD_FULL: ("卡空间不足，请先删除其他应用", "Card is full"),
    Refusal.CARD_CHECK_FAILED: ("卡安全校验失败，请到营业厅检测", "Card security check failed"),
}


def refusal_text(refusal: Refusal, language: Language, *, amount_fen: int = 0, code: str = "") -> str:
    """What the member reads. `amount_fen` is shown by E105, `code` (ASCII letters and digits) by E107."""
    shown = "".join(character for character in code if character.isascii() and character.isalnum())[:8]
    template = _REFUSALS[refusal][language]
    return template.replace("{amount}", format_yuan(amount_fen)).replace("{code}", shown or "0")


def deleted_text(enterprise: str, language: Language) -> str:
    """The answer to a deletion that was carried out; the name is cut so that one segment carries it."""
    name = clean_name(enterprise, SCREEN_NAME_UNITS)
    return f"“{name}”应用已删除" if language is Language.ZH else f"{name} application deleted"


def result_sms(text: str, serial: int, language: Language, signature: str = DEFAULT_SIGNATURE) -> str:
    """A result that the screen could not show, with the serial that the screen would have carried."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if language is Language.EN:
        told = ", ".join(lines).replace("[", "(").replace("]", ")")  # brackets belong to the signature
        return signed_english(f"{told}. Ref {serial:08d}.")
    return signed(f"{'，'.join(lines)}。{_numbered(serial)}", signature)


def deleted_sms(enterprise: str, serial: int | None = None, signature: str = DEFAULT_SIGNATURE) -> str:
    """An application left the card; the serial stands at the end when a screen text carried it too."""
    name = clean_name(enterprise)
    return signed(f"{name}应用已从卡中删除，释放空间。如需恢复请联系{name}管理员。{_numbered(serial)}", signature)


def balance_left_sms(
    enterprise: str, balance_fen: int, serial: int | None = None, signature: str = DEFAULT_SIGNATURE
) -> str:
    """A deletion was refused because of the money on the purse."""
    amount = format_yuan(balance_fen)
    body = f"{clean_name(enterprise)}应用尚有余额{amount}元，请先办理余额处理再删除。{_numbered(serial)}"
    return signed(body, signature)


def _numbered(serial: int | None) -> str:
    return "" if serial is None else f"编号{serial:08d}。"


def password_locked_sms(msisdn: str, at: datetime, signature: str = DEFAULT_SIGNATURE) -> str:
    """The security notice that tells of a lock, once; it names the phone, whose number its holder knows."""
    moment = f"{at.month}月{at.day}日{at:%H:%M}"
    body = f"尾号{mask_tail(msisdn)}的一卡通服务密码因连续3次错误已于{moment}锁定，刷卡不受影响。解锁请联系企业管理员。"
    return signed(body, signature)


def issued_sms(enterprise: str, rights: str, signature: str = DEFAULT_SIGNATURE) -> str:
    """An application came onto the card; `rights` as in 门禁、考勤、消费."""
    name = clean_name(enterprise)
    return signed(f"{name}已为您开通{rights}应用，刷手机即可使用。菜单：一卡通>余额查询。", signature)
