"""Who is in the demo: three enterprises and as many members as wanted, the same for the same number."""

from __future__ import annotations

from dataclasses import dataclass

from telecom_codecs.onecard.rights import Rights

YEAR_OF_VALIDITY = 2027


@dataclass(frozen=True, slots=True)
class DemoEnterprise:
    """An enterprise: number, name on cards and in texts (at most 8 characters), rights of its applications."""

    number: int
    name: str
    rights: Rights

    @property
    def code(self) -> str:
        return f"E{self.number}"


WORK = DemoEnterprise(1001, "华信科技", Rights.DOOR | Rights.ATTENDANCE | Rights.PURSE)
HOME = DemoEnterprise(1002, "翠湖小区", Rights.DOOR | Rights.PURSE)
CLUB = DemoEnterprise(1003, "蓝湾俱乐部", Rights.DOOR | Rights.PURSE)
ENTERPRISES = (WORK, HOME, CLUB)

FAMILY_NAMES = "张王李赵陈刘杨黄周吴徐孙马朱胡郭何高林郑"
GIVEN_NAMES = ("伟", "芳", "敏", "静", "强", "磊", "洋", "勇", "艳", "杰", "娟", "涛")


def member_name(number: int) -> str:
    """The name of the `number`-th member, from 0."""
    return FAMILY_NAMES[number % len(FAMILY_NAMES)] + GIVEN_NAMES[number // len(FAMILY_NAMES) % len(GIVEN_NAMES)]


def enterprises_of(number: int) -> tuple[DemoEnterprise, ...]:
    """Where the `number`-th member belongs: everybody works, every second lives, every fifth swims.

    The first one is the guide of the tour and belongs to all three.
    """
    if number == 0:
        return ENTERPRISES
    extra = ((HOME,) if number % 2 == 0 else ()) + ((CLUB,) if number % 5 == 0 else ())
    return (WORK, *extra)
