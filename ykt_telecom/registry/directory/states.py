"""What a membership can be. A person who comes back is a new member: the old row keeps its history."""

from __future__ import annotations

from enum import StrEnum

from ...runtime.errors import Refusal
from ...runtime.machine import Machine, refuse


class MemberState(StrEnum):
    """A member of an enterprise."""

    ACTIVE = "ACTIVE"  #: gets statements and applications
    LEFT = "LEFT"  #: end: gets nothing any more


class MemberEvent(StrEnum):
    LEAVE = "LEAVE"


class MemberRefused(Refusal, ValueError):
    """The member has left already. Add the person again to make a new member."""


MEMBER: Machine[MemberState, MemberEvent] = Machine(
    "member",
    (MemberState.ACTIVE,),
    MemberRefused,
    {
        MemberState.ACTIVE: {MemberEvent.LEAVE: MemberState.LEFT},
        MemberState.LEFT: refuse(*MemberEvent),
    },
)
