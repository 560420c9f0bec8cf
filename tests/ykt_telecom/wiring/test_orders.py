"""Orders beside a running service, through its real socket: nothing is stopped, nobody else is let in."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import stat
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.tasks import in_task
from tests.ykt_telecom.lab import ICCID, MSISDN
from tests.ykt_telecom.wiring.test_service import Running, a_service, settings_in
from ykt_telecom.ota.states import JobState
from ykt_telecom.registry.people.tokens import Token
from ykt_telecom.usecases import applications, cards, enterprises, jobs, members, people
from ykt_telecom.usecases.results import Done, Refused, Result
from ykt_telecom.usecases.runner import UseCase
from ykt_telecom.wiring import doors, orders
from ykt_telecom.wiring.doors import InstallationDoor
from ykt_telecom.wiring.orders import OrderSocket, join_orders
from ykt_telecom.wiring.socket_frames import LARGEST_FRAME, LENGTH_OCTETS, frame, length_of, short_name

I = TypeVar("I")  # noqa: E741 - an item
R = TypeVar("R")


def nobody_looks(_done: int, _of: int) -> None:
    return None


class Counter:
    """A command line beside the service: what it orders goes over the socket from another thread."""

    def __init__(self, folder: Path, running: Running) -> None:
        self.settings = settings_in(folder)
        self.running = running

    async def ask(self, use_case: UseCase[I, R], order: I, token: str | None = None, **options: Any) -> Result[R]:
        door = InstallationDoor(self.settings, None if token is None else Token(token))
        options.setdefault("progress", nobody_looks)
        results = await asyncio.to_thread(lambda: door.perform(use_case, [order], **options))
        assert len(results) == 1
        return results[0]

    async def value(self, use_case: UseCase[I, R], order: I, token: str | None = None) -> R:
        result = await self.ask(use_case, order, token)
        assert isinstance(result, Done), result
        return result.value

    async def code(self, use_case: UseCase[I, Any], order: I, token: str | None = None) -> str:
        result = await self.ask(use_case, order, token)
        assert isinstance(result, Refused), result
        return result.code

    async def job(self, ordered: applications.Ordered) -> jobs.JobFacts:
        """The job when the card has answered."""
        async with asyncio.timeout(10):
            while True:
                found = await self.value(jobs.SHOW_JOB, jobs.ShowJob(ordered.job))
                if found.line.state in (JobState.APPLIED, JobState.FAILED):
                    return found
                await asyncio.sleep(0.01)


@asynccontextmanager
async def a_counter(folder: Path, *, fresh: bool = True) -> AsyncIterator[Counter]:
    async with a_service(folder, fresh=fresh, joins=[join_orders]) as running:
        yield Counter(folder, running)


@in_task
async def test_a_member_comes_gets_an_application_and_leaves_without_a_restart(tmp_path: Path) -> None:
    """Entered, issued, asked, closed and deleted from the command line, each proved by the card itself."""
    async with a_counter(tmp_path) as counter:
        assert await counter.code(applications.ISSUE_APPLICATION, applications.IssueApplication(ICCID, "acme")) == (
            "not-a-member"
        )
        await counter.value(members.ADD_MEMBER, members.AddMember("ACME", "138 0000 0001", "张三"))
        issued = await counter.value(
            applications.ISSUE_APPLICATION, applications.IssueApplication("13800000001", "acme")
        )
        assert (await counter.job(issued)).line.state is JobState.APPLIED
        order = applications.CardAndEnterprise(ICCID[-6:], "ACME")
        assert await counter.code(applications.DELETE_APPLICATION, order) == "not-closed"
        for use_case in (applications.QUERY_CARD, applications.CLOSE_APPLICATION, applications.DELETE_APPLICATION):
            job = await counter.job(await counter.value(use_case, order))
            assert (job.line.state, job.line.reason) == (JobState.APPLIED, None)
        assert counter.running.link.card.applications == {}
        shown = await counter.value(cards.SHOW_CARD, cards.ShowCard(MSISDN))
        assert [one.state for one in shown.applications] == ["DELETED"]


@in_task
async def test_ten_thousand_members_are_imported_beside_the_service(tmp_path: Path) -> None:
    """With a word on how far it is, in one transaction, and the same file again changes nothing."""
    lines = "".join(f"139{number:08d},成员{number},{number}\r\n" for number in range(10_000))
    order = members.ImportMembers("ACME", ("手机号,姓名,工号\r\n" + lines).encode("gbk"))
    told: list[tuple[int, int]] = []
    async with a_counter(tmp_path) as counter:
        result = await counter.ask(members.IMPORT_MEMBERS, order, progress=lambda *far: told.append(far))
        assert result == Done(members.Entered(10_000, 0))
        assert told == [(done, 10_000) for done in range(1000, 10_001, 1000)]
        assert await counter.value(members.IMPORT_MEMBERS, order) == members.Entered(0, 10_000)
        listed = await counter.value(members.LIST_MEMBERS, members.ListMembers("ACME"))
        assert len(listed) == 10_000


@in_task
async def test_a_token_is_held_to_its_role_and_its_enterprise(tmp_path: Path) -> None:
    """A clerk may enter members and nothing else; a second tenant finds nothing of the first."""
    async with a_counter(tmp_path) as counter:
        await counter.value(members.ADD_MEMBER, members.AddMember("ACME", MSISDN, "张三"))
        await counter.value(enterprises.ADD_ENTERPRISE, enterprises.AddEnterprise("OTHER", "别家"))
        clerk = (await counter.value(people.ADD_USER, people.AddUser("clerk", ("enterprise-clerk",), "ACME"))).token
        other = (await counter.value(people.ADD_USER, people.AddUser("other", ("enterprise-admin",), "OTHER"))).token
        await counter.value(members.ADD_MEMBER, members.AddMember("ACME", "13800000002", "李四"), clerk)
        issue = applications.IssueApplication(ICCID, "ACME")
        assert await counter.code(applications.ISSUE_APPLICATION, issue, clerk) == "role-missing"
        assert await counter.code(people.LIST_USERS, people.ListUsers(), clerk) == "role-missing"
        assert await counter.code(applications.ISSUE_APPLICATION, issue, other) == "no-such-card"
        assert await counter.value(members.LIST_MEMBERS, members.ListMembers(), other) == ()
        assert await counter.value(cards.LIST_CARDS, cards.ListCards(), other) == ()
        assert await counter.code(members.LIST_MEMBERS, members.ListMembers("ACME"), other) == "no-such-enterprise"
        await counter.value(people.REVOKE_USER, people.RevokeUser("clerk"))
        assert await counter.code(members.LIST_MEMBERS, members.ListMembers(), clerk) == "unauthenticated"


@in_task
async def test_without_the_service_the_same_command_opens_the_database(tmp_path: Path) -> None:
    """The same answer and the same refusal; a socket that a killed service left is no obstacle to either."""
    order = members.AddMember("ACME", MSISDN, "张三")
    async with a_counter(tmp_path) as counter:
        assert await counter.value(members.ADD_MEMBER, order) == members.Entered(1, 0)
        refused = await counter.ask(members.LIST_MEMBERS, members.ListMembers("NOPE"))
    assert not counter.settings.socket_path.exists()
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(counter.settings.socket_path))
    left.close()
    counter.settings.kek_path.parent.mkdir(exist_ok=True)
    counter.settings.kek_path.touch(mode=0o600)
    counter.settings.kek_path.write_text(_lab_kek(), encoding="ascii")
    assert await counter.value(members.ADD_MEMBER, order) == members.Entered(0, 1)
    assert await counter.ask(members.LIST_MEMBERS, members.ListMembers("NOPE")) == refused
    async with a_counter(tmp_path, fresh=False) as counter:
        assert await counter.value(members.ADD_MEMBER, order) == members.Entered(0, 1)


def _lab_kek() -> str:
    from tests.ykt_telecom.lab import a_key  # noqa: PLC0415 - the key that `a_service` is given

    return a_key("kek", 32).octets().hex()


@in_task
async def test_the_socket_is_the_owners_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """0600 from its first moment; somebody else at the other end is turned away without an answer."""
    async with a_counter(tmp_path) as counter:
        mode = counter.settings.socket_path.stat().st_mode
        assert (stat.S_ISSOCK(mode), stat.S_IMODE(mode)) == (True, 0o600)
        monkeypatch.setattr(orders, "_owner_of", lambda _peer: None)
        with pytest.raises(doors.ServiceGone, match="look at its log"):
            await counter.ask(members.LIST_MEMBERS, members.ListMembers())


@pytest.mark.parametrize(("uid", "owner"), [(os.geteuid(), True), (0, True), (12345, False)])
def test_the_kernel_says_who_is_at_the_other_end(uid: int, owner: bool) -> None:
    """The user of the service and root are let in, nobody else."""

    class Peer:
        def getsockopt(self, _level: int, _name: int, size: int) -> bytes:
            return orders._PEER.pack(1, uid, 1)[:size]

    assert (orders._owner_of(Peer()) is not None) is owner  # type: ignore[arg-type]


async def _say(path: Path, octets: bytes) -> bytes:
    """What the service answers to these octets before it ends the connection."""
    reader, writer = await asyncio.open_unix_connection(str(path))
    try:
        writer.write(octets)
        writer.write_eof()
        async with asyncio.timeout(5):
            return await reader.read()
    finally:
        writer.close()


@pytest.mark.parametrize(
    ("octets", "told"),
    [
        (b"", ""),
        (b"\0\0", ""),
        ((LARGEST_FRAME + 1).to_bytes(LENGTH_OCTETS, "big"), "a frame of"),
        (b"\0\0\0\0", "a frame of"),
        (b"\0\0\0\4nope", "no JSON"),
        (b"\0\0\0\2[]", "a JSON object is wanted"),
        (b'\0\0\0\x0a{"versio', ""),
        (frame({"version": 2, "use_case": "list_members", "orders": [{}]}), "another version"),
        (frame({"version": 1, "use_case": "__class__", "orders": [{}]}), "another version"),
        (frame({"version": 1, "use_case": "list_members", "orders": 7}), "validation"),
        (frame({"version": 1, "use_case": "list_members", "orders": [{"role": "admin"}]}), "role: Unexpected"),
        (frame({"version": 1, "use_case": "add_member", "orders": [{"enterprise": "ACME"}]}), "msisdn"),
        (frame({"version": 1, "use_case": "list_members", "token": 7, "orders": [{}]}), "unauthenticated"),
    ],
    ids=range(13),
)
@in_task
async def test_what_is_no_order_is_refused(tmp_path: Path, octets: bytes, told: str) -> None:
    """Short, long, no JSON, another version, unknown fields: one answer or none, and the service goes on."""
    async with a_counter(tmp_path) as counter:
        answer = await _say(counter.settings.socket_path, octets)
        if told:
            assert length_of(answer[:LENGTH_OCTETS]) == len(answer) - LENGTH_OCTETS
            assert told in json.dumps(json.loads(answer[LENGTH_OCTETS:]), ensure_ascii=False)
        else:
            assert answer == b""
        assert await counter.value(members.LIST_MEMBERS, members.ListMembers()) == ()


@in_task
async def test_a_stop_waits_for_the_order_that_is_being_carried_out(tmp_path: Path) -> None:
    """What was begun is answered; after that nobody is heard."""

    class Slow:
        def __init__(self) -> None:
            self.begun, self.go_on = asyncio.Event(), asyncio.Event()

        async def perform(self, _asker: object, _use_case: object, orders: Sequence[object], **_: object) -> list[Any]:
            self.begun.set()
            await self.go_on.wait()
            return [Done(members.Entered(1, 0)) for _ in orders]

    slow = Slow()
    listening = OrderSocket(tmp_path / "ykt.sock", slow)  # type: ignore[arg-type]
    await listening.start()
    order = {"version": 1, "use_case": "add_member", "orders": [{"enterprise": "A", "msisdn": "1", "name": "x"}]}
    saying = asyncio.ensure_future(_say(tmp_path / "ykt.sock", frame(order)))
    await slow.begun.wait()
    stopping = asyncio.ensure_future(listening.stop())
    await asyncio.sleep(0)
    slow.go_on.set()
    assert json.loads((await saying)[LENGTH_OCTETS:]) == {"results": [{"done": {"added": 1, "unchanged": 0}}]}
    await stopping
    assert not (tmp_path / "ykt.sock").exists()


@in_task
async def test_a_folder_may_lie_deep(tmp_path: Path) -> None:
    """The kernel takes names of 107 octets; a data folder may have more."""
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    with short_name(deep / "ykt.sock") as name:
        assert len(name) < 108
    async with a_counter(deep) as counter:
        assert await counter.value(members.LIST_MEMBERS, members.ListMembers()) == ()
