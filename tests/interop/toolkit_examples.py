"""One proactive command of every type and more where texts matter: what is shown to another program's decoder."""

from __future__ import annotations

from telecom_codecs import cat
from telecom_codecs.cat import Item, ProactiveCommand
from telecom_codecs.sms import gsm7
from telecom_codecs.sms.address import Address
from telecom_codecs.sms.concat import split_packet, split_text
from telecom_codecs.sms.dcs import DCS_OTA
from telecom_codecs.sms.time import RelativeValidity, Scts
from telecom_codecs.sms.tpdu import SmsDeliver, SmsSubmit
from telecom_codecs.sms.udh import IEI_COMMAND_PACKET, IEI_RESPONSE_PACKET

CODE = Address("106572000", 0, 1)
ME = Address("8613800000001")
MIDNIGHT = Scts(2026, 11, 22, 0, 0, 0, 32)

CHINESE = (
    "余额 12.30 元",
    "您的考勤记录：8月1日 08:00 上班",
    "请输入六位服务密码",
    "一卡通业务",
    "删除应用“第一食堂”？",
    "充值成功，余额 100.00 元。",
)
ASCII = ("Balance 12.30 yuan", "Enter password", "OK?", "Attendance: 22 days")


def texts() -> tuple[ProactiveCommand, ...]:
    """Commands that show something: every text in every kind."""
    found: list[ProactiveCommand] = []
    for text in (*CHINESE, *ASCII):
        found += [
            cat.DisplayText(text, high_priority=True, wait_for_user=True),
            cat.GetInkey(text),
            cat.GetInkey(text, yes_no=True),
            cat.GetInput(text, 6, 6, hidden=True),
            cat.SetUpIdleModeText(text),
            cat.SetUpMenu(text, (Item(1, text), Item(2, "退出"))),
            cat.SelectItem(text, (Item(1, "第一项"), Item(2, text), Item(3, "Third"))),
        ]
    return tuple(found)


def one_of_each() -> tuple[ProactiveCommand, ...]:
    """Every other type of command."""
    tcp = cat.TransportLevel(2, 443)
    second = cat.Duration(cat.TimeUnit.SECONDS, 10)
    return (
        cat.MoreTime(),
        cat.PollInterval(second),
        cat.PollingOff(),
        cat.SetUpEventList((0x04, 0x05, 0x07)),
        cat.PlayTone("提示音", 0x10, second),
        cat.RefreshCommand(cat.RefreshMode.FILE_CHANGE, (bytes.fromhex("3f002fe2"),)),
        cat.SetUpCall(Address("10086", 0, 1), "拨打客服？"),
        cat.SendSs(Address("*21*10086#", 1, 1), "呼叫转移"),
        cat.SendUssd("*100#", "查询"),
        cat.SendDtmf("1234", "DTMF"),
        cat.GeographicalLocationRequest(),
        cat.ProvideLocalInformation(cat.LocalInformation.LOCATION),
        cat.TimerManagement(1, cat.TimerAction.START, cat.TimerValue(0, 5, 0)),
        cat.LanguageNotification("zh", specific=True),
        cat.PerformCardApdu(1, bytes.fromhex("00a40004023f00")),
        cat.PowerOnCard(1),
        cat.PowerOffCard(1),
        cat.GetReaderStatus(),
        cat.RunAtCommand("AT+CGSN"),
        cat.LaunchBrowser("http://www.example.com/"),
        cat.SetFrames(1, b"\x01\x32\x32"),
        cat.GetFramesStatus(),
        cat.RetrieveMultimediaMessage(b"\x01", (bytes.fromhex("3f002fe2"),)),
        cat.SubmitMultimediaMessage((bytes.fromhex("3f002fe2"),)),
        cat.DisplayMultimediaMessage((bytes.fromhex("3f002fe2"),), b"\x01"),
        cat.Activate(1),
        cat.ContactlessStateChanged(1),
        cat.CommandContainer(encrypted=bytes(16)),
        cat.EncapsulatedSessionControl(0),
        cat.SendShortMessage(submits()[0], "发送"),
        cat.EndOfProactiveSession(),
        cat.OpenChannel(
            cat.BearerDescription(3),
            1400,
            tcp,
            cat.OtherAddress.ipv4("192.0.2.1"),
            network_access_name="internet",
            immediate=True,
        ),
        cat.CloseChannel(1),
        cat.ReceiveData(1, 100),
        cat.SendData(1, b"GET / HTTP/1.1", immediate=True),
        cat.GetChannelStatus(),
        cat.ServiceSearch(b"\x01\x02"),
        cat.GetServiceInformation(b"\x01\x02"),
        cat.DeclareService(b"\x01\x02"),
    )


def submits() -> tuple[bytes, ...]:
    """What the card sends: texts in every alphabet, their segments, a request in a command packet."""
    found = [
        SmsSubmit(CODE, 0, segment.dcs, segment.user_data, segment.udhi, reference, RelativeValidity(0xA7))
        for text in (*CHINESE, *ASCII, "很长的一条消息" * 20, "A long message " * 14)
        for reference, segment in enumerate(split_text(text, reference=7))
    ]
    found += [
        SmsSubmit(CODE, 0, DCS_OTA, user_data, udhi=True)
        for packet in (bytes(60), bytes(300))
        for user_data in split_packet(packet, iei=IEI_RESPONSE_PACKET, reference=9)
    ]
    return tuple(submit.encode() for submit in found)


def delivers() -> tuple[bytes, ...]:
    """What the network hands to the card: command packets, whole and in segments, and texts."""
    found = [
        SmsDeliver(ME, 0x7F, DCS_OTA, MIDNIGHT, user_data, udhi=True)
        for packet in (bytes(40), bytes(132), bytes(400))
        for user_data in split_packet(packet, iei=IEI_COMMAND_PACKET, reference=5)
    ]
    found += [
        SmsDeliver(ME, 0, segment.dcs, MIDNIGHT, segment.user_data, segment.udhi)
        for text in (*CHINESE, *ASCII)
        for segment in split_text(text, reference=3)
    ]
    found.append(SmsDeliver(Address("YKT", 5, 0), 0, 0, MIDNIGHT, gsm7.encode("from a name")))
    return tuple(deliver.encode() for deliver in found)
