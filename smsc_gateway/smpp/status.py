"""command_status: the values of SMPP 3.4 §5.1.3 (and 5.0 §4.7.6), and what each means for a retry.

The question a sender has is not "which error" but "can the SMSC have taken the message, and is there
any sense in sending it again". :func:`retry_class` answers it; unknown and vendor values stay ints.
"""

from __future__ import annotations

from enum import Enum, IntEnum


class CommandStatus(IntEnum):
    """command_status — SMPP 3.4 §5.1.3, names without the ESME_ prefix."""

    ROK = 0x00000000
    RINVMSGLEN = 0x00000001
    RINVCMDLEN = 0x00000002
    RINVCMDID = 0x00000003
    RINVBNDSTS = 0x00000004
    RALYBND = 0x00000005
    RINVPRTFLG = 0x00000006
    RINVREGDLVFLG = 0x00000007
    RSYSERR = 0x00000008
    RINVSRCADR = 0x0000000A
    RINVDSTADR = 0x0000000B
    RINVMSGID = 0x0000000C
    RBINDFAIL = 0x0000000D
    RINVPASWD = 0x0000000E
    RINVSYSID = 0x0000000F
    RCANCELFAIL = 0x00000011
    RREPLACEFAIL = 0x00000013
    RMSGQFUL = 0x00000014
    RINVSERTYP = 0x00000015
    RINVNUMDESTS = 0x00000033
    RINVDLNAME = 0x00000034
    RINVDESTFLAG = 0x00000040
    RINVSUBREP = 0x00000042
    RINVESMCLASS = 0x00000043
    RCNTSUBDL = 0x00000044
    RSUBMITFAIL = 0x00000045
    RINVSRCTON = 0x00000048
    RINVSRCNPI = 0x00000049
    RINVDSTTON = 0x00000050
    RINVDSTNPI = 0x00000051
    RINVSYSTYP = 0x00000053
    RINVREPFLAG = 0x00000054
    RINVNUMMSGS = 0x00000055
    RTHROTTLED = 0x00000058
    RINVSCHED = 0x00000061
    RINVEXPIRY = 0x00000062
    RINVDFTMSGID = 0x00000063
    RX_T_APPN = 0x00000064
    RX_P_APPN = 0x00000065
    RX_R_APPN = 0x00000066
    RQUERYFAIL = 0x00000067
    RINVTLVSTREAM = 0x000000C0
    RTLVNOTALLWD = 0x000000C1
    RINVTLVLEN = 0x000000C2
    RMISSINGTLV = 0x000000C3
    RINVTLVVAL = 0x000000C4
    RDELIVERYFAILURE = 0x000000FE
    RUNKNOWNERR = 0x000000FF
    RSERTYPUNAUTH = 0x00000100
    RPROHIBITED = 0x00000101
    RSERTYPUNAVAIL = 0x00000102
    RSERTYPDENIED = 0x00000103
    RINVDCS = 0x00000104
    RINVSRCADDRSUBUNIT = 0x00000105
    RINVDSTADDRSUBUNIT = 0x00000106


class RetryClass(Enum):
    """What a submission's answer, or the lack of one, allows."""

    __hash__ = object.__hash__  # members are single, and these are looked up for every submission

    ACCEPTED = "accepted"  #: the SMSC has the message
    THROTTLED = "throttled"  #: certainly not accepted; pause the link, same message first, not an attempt
    RETRY = "retry"  #: certainly not accepted; send again with backoff
    UNCLEAR = "unclear"  #: certainly not accepted, nobody knows why (vendor value, generic_nack): :data:`UNCLEAR_TRIES`
    FINAL = "final"  #: certainly not accepted and never will be: tell the sender
    UNKNOWN = "unknown"  #: may have been accepted: only the script's own idempotency may allow a resend


class BindFailure(Enum):
    """What a refused bind allows."""

    CREDENTIALS = "credentials"  #: wrong system_id or password: back off long and call a person
    BUSY = "busy"  #: already bound (a half-open leftover) or bind failed: back off short
    OTHER = "other"  #: anything else: ordinary backoff


#: tries, with growing waits, before a message whose refusals have no clear cause is given up
UNCLEAR_TRIES = 4

_S = CommandStatus
_RETRY = frozenset(
    {_S.RSYSERR, _S.RMSGQFUL, _S.RSUBMITFAIL, _S.RX_T_APPN, _S.RDELIVERYFAILURE, _S.RUNKNOWNERR, _S.RINVBNDSTS}
)
#: RX_P_APPN is permanent by the standard, but some centres give it for a temporary refusal; and what has the length
#: and command_id of the standard is refused for those only by a centre that is out of step
_UNCLEAR = frozenset({_S.RX_P_APPN, _S.RINVCMDLEN, _S.RINVCMDID})
_FINAL = frozenset(CommandStatus) - _RETRY - _UNCLEAR - {_S.ROK, _S.RTHROTTLED}


def named(value: int) -> CommandStatus | int:
    """The member for a known value, the int itself for vendor and reserved ones."""
    try:
        return CommandStatus(value)
    except ValueError:
        return value


def retry_class(status: int, *, nacked: bool = False) -> RetryClass:
    """What the command_status of a submit_sm_resp allows, or (`nacked`) of a generic_nack that names our sequence.

    A nack says nothing of the message itself, whatever its status: only that of throttling is clear.
    """
    if status == _S.RTHROTTLED:
        return RetryClass.THROTTLED
    if nacked:
        return RetryClass.UNCLEAR
    if status == _S.ROK:
        return RetryClass.ACCEPTED
    if status in _RETRY:
        return RetryClass.RETRY
    if status in _FINAL:
        return RetryClass.FINAL
    return RetryClass.UNCLEAR


def bind_failure(status: int) -> BindFailure:
    """What a refused bind's status asks of the link's backoff."""
    if status in (_S.RINVPASWD, _S.RINVSYSID, _S.RINVSYSTYP, _S.RPROHIBITED):
        return BindFailure.CREDENTIALS
    if status in (_S.RALYBND, _S.RBINDFAIL, _S.RSYSERR, _S.RTHROTTLED):
        return BindFailure.BUSY
    return BindFailure.OTHER
