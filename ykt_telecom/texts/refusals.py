"""Refusals as values: a code for programs, and in both languages why, and what to do. Faces show them as they stand.

Every rule that refuses takes its words from here; a test asserts that each code has both languages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Words:
    """A sentence for people, in both languages."""

    zh: str
    en: str

    def told(self, language: str) -> str:
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True, slots=True)
class BadRow:
    """What is wrong in a file: the line (the heading is 1), the column as the file calls it, and the reason."""

    line: int
    column: str
    words: Words

    def told(self, language: str) -> str:
        if language == "zh":
            return f"第{self.line}行{f'“{self.column}”列' if self.column else ''}：{self.words.zh}"
        return f"line {self.line}{f', column {self.column}' if self.column else ''}: {self.words.en}"


@dataclass(frozen=True, slots=True)
class Refused:
    """It cannot be done. `code` is for programs, `words` say why, `remedy` what to do, `rows` where in a file."""

    code: str
    words: Words
    remedy: Words
    rows: tuple[BadRow, ...] = ()

    def told(self, language: str = "en") -> str:
        """One line."""
        return f"{self.words.told(language)}{'；' if language == 'zh' else '; '}{self.remedy.told(language)}"


class Code(StrEnum):
    """The codes are stable: programs read them."""

    UNAUTHENTICATED = "unauthenticated"
    ROLE_MISSING = "role-missing"
    SCOPE_MISSING = "scope-missing"
    KEY_REUSED = "idempotency-key-reused"
    VALIDATION = "validation"
    DUPLICATE = "duplicate"
    MEMBER_DIFFERS = "member-differs"
    NO_ENTERPRISE = "no-such-enterprise"
    NO_CARD = "no-such-card"
    NO_JOB = "no-such-job"
    NO_USER = "no-such-user"
    AMBIGUOUS = "ambiguous"
    NOT_A_MEMBER = "not-a-member"
    VALIDITY_PAST = "validity-past"
    CARD_STATE = "card-state"
    NOT_CLOSED = "not-closed"
    BALANCE_OPEN = "balance-open"
    UPLOADS_MISSING = "uploads-missing"
    PLAINTEXT_KEYS = "plaintext-keys"
    ROWS = "rows"
    NO_SERVICE_PASSWORD = "no-password"  # noqa: S105 - a code
    WEAK = "weak-password"
    PERIOD = "period-open"
    SCHEDULE = "schedule"
    ROLES = "roles"
    LAST_ADMIN = "last-admin"


#: code -> (why, what to do); `{…}` are filled in by `refuse`.
WORDS: Mapping[Code, tuple[Words, Words]] = {
    Code.UNAUTHENTICATED: (
        Words("令牌无效、已过期或已撤销", "the token is unknown, expired or revoked"),
        Words("请管理员用 ykt user add 重新发放", "have an administrator make another one: `ykt user add`"),
    ),
    Code.ROLE_MISSING: (
        Words("您的角色不能执行 {use_case}", "your role does not allow {use_case}"),
        Words("请由以下角色办理：{roles}", "ask somebody who is one of {roles}"),
    ),
    Code.SCOPE_MISSING: (
        Words("该令牌没有权限范围 {scope}", "the token lacks the scope {scope}"),
        Words("请使用带有该范围的令牌", "use a token that has it"),
    ),
    Code.KEY_REUSED: (
        Words("该幂等键已用于另一内容的请求", "this idempotency key was used for another content"),
        Words("请换一个新键", "use a new key for a new request"),
    ),
    Code.VALIDATION: (
        Words("{zh}", "{en}"),
        Words("请更正后重试", "correct it and order again"),
    ),
    Code.DUPLICATE: (
        Words("{what} 已存在", "{what} is there already"),
        Words("请换一个，或先查看已有的", "choose another one, or look at the one that is there"),
    ),
    Code.MEMBER_DIFFERS: (
        Words("{number} 已是成员，但姓名或工号不同", "{number} is a member already, under another name or number"),
        Words("请核对后更正这一行", "find out which is right, and correct this line"),
    ),
    Code.NO_ENTERPRISE: (
        Words("没有单位 {code}", "no enterprise {code}"),
        Words("ykt enterprise list 列出所有单位", "`ykt enterprise list` shows those there are"),
    ),
    Code.NO_CARD: (
        Words("没有卡 {card}", "no card {card}"),
        Words("ykt card list 列出所有卡；可用手机号、ICCID 或其后六位",
              "`ykt card list` shows those there are; name it by number, ICCID or its last six digits"),
    ),
    Code.NO_JOB: (
        Words("没有任务 {job}", "no job {job}"),
        Words("ykt ota job list 列出所有任务", "`ykt ota job list` shows those there are"),
    ),
    Code.NO_USER: (
        Words("没有用户 {name}", "no user {name}"),
        Words("ykt user list 列出所有用户", "`ykt user list` shows those there are"),
    ),
    Code.AMBIGUOUS: (
        Words("{card} 对应多张卡：{choices}", "{card} names several cards: {choices}"),
        Words("请用完整的 ICCID", "use the whole ICCID"),
    ),
    Code.NOT_A_MEMBER: (
        Words("{card} 的持有人不是 {code} 的成员", "the holder of {card} is no member of {code}"),
        Words("先用 ykt member add 登记该成员", "enter the member first: `ykt member add {code} …`"),
    ),
    Code.VALIDITY_PAST: (
        Words("有效期 {day} 已过", "the last day {day} has passed"),
        Words("请填写今天或以后的日期", "name today or a later day"),
    ),
    Code.NOT_CLOSED: (
        Words("卡 {card} 上 {code} 的应用尚未关闭", "the application of {code} on card {card} is not closed"),
        Words("先用 ykt card close 关闭，再删除", "`ykt card close` it first; delete it once the card has answered"),
    ),
    Code.BALANCE_OPEN: (
        Words("还有余额 {amount} 元", "{amount} yuan are left on it"),
        Words("先结清余额；不删除时用 ykt card reopen 恢复", "settle them; `ykt card reopen` makes it usable again"),
    ),
    Code.UPLOADS_MISSING: (
        Words("卡已刷 {counter} 次，尚有记录未上传", "the card counts {counter} taps; not all are uploaded"),
        Words("上传全部终端记录后再删除", "upload what the terminals hold, then delete it"),
    ),
    Code.CARD_STATE: (
        Words("卡或应用的状态不允许：{reason}", "{reason}"),
        Words("用 ykt card show 查看后再办理", "look at it with `ykt card show`, then order what fits"),
    ),
    Code.PLAINTEXT_KEYS: (
        Words("文件含有明文密钥", "the file holds keys in clear"),
        Words("确认时加 --plaintext-keys，用后销毁文件", "say so with --plaintext-keys, and destroy it afterwards"),
    ),
    Code.ROWS: (
        Words("文件有 {count} 处错误，未导入任何内容", "{count} mistakes in the file; nothing was imported"),
        Words("更正以上各行后重新导入整个文件", "correct these lines and import the whole file again"),
    ),
    Code.NO_SERVICE_PASSWORD: (
        Words("该卡还没有服务密码", "this card has no service password yet"),
        Words("用 ykt password set 设置", "`ykt password set` gives it one"),
    ),
    Code.WEAK: (
        Words("服务密码须为 6 位数字，且不能是相同或连续的数字",
              "a service password is 6 digits, too easy to guess when equal or a run up or down"),
        Words("请另选一个", "choose another one"),
    ),
    Code.PERIOD: (
        Words("{period} 尚未结束", "{period} has not ended"),
        Words("从 {day} 起可以出账", "its statements can be written from {day} on"),
    ),
    Code.SCHEDULE: (
        Words("账单日为 1 至 28 日，时间为 9 至 19 时", "statements go out on day 1 to 28, at hour 9 to 19"),
        Words("请更正日期或时间", "correct the day or the hour"),
    ),
    Code.ROLES: (
        Words("角色 {roles} 不能这样授予：{zh}", "the roles {roles} cannot be given like this: {en}"),
        Words("ykt user add --help 列出角色", "`ykt user add --help` names the roles"),
    ),
    Code.LAST_ADMIN: (
        Words("{name} 是最后一名系统管理员", "{name} is the last administrator"),
        Words("先添加另一名系统管理员", "add another administrator first"),
    ),
}  # fmt: skip


def refuse(code: Code, /, *, rows: Sequence[BadRow] = (), **facts: object) -> Refused:
    """The refusal with its words; `facts` fill the places in them."""
    why, remedy = WORDS[code]
    return Refused(code, _filled(why, facts), _filled(remedy, facts), tuple(rows))


def _filled(words: Words, facts: Mapping[str, object]) -> Words:
    return Words(words.zh.format_map(facts), words.en.format_map(facts))


def invalid(zh: str, en: str) -> Refused:
    """A value that does not fit, said in its own words."""
    return refuse(Code.VALIDATION, zh=zh, en=en)
