"""All targets, and the proof that they are all: which public decoders exist and what runs through each.

A public decoder is a public function, or a public method of a public class, in `telecom_codecs` whose name starts like
one of :data:`VERBS`. Each is covered by a target or named in :data:`EXCUSED` with the reason.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from typing import Final

import telecom_codecs

from . import (
    card_targets,
    message_targets,
    onecard_targets,
    secured_targets,
    service_targets,
    text_targets,
    toolkit_targets,
)
from .target import Target

VERBS: Final = re.compile(r"(decode|open|peek|parse|read|unpack|unwrap|unpadded|split|from|plain_cla|accept|key_info)")

EXCUSED: Final = {
    "telecom_codecs.octets.Cursor.peek": "one octet, left in place: every decoder runs through it",
    "telecom_codecs.sms.concat.split_text": "cuts our own text; reads nothing of strangers",
    "telecom_codecs.sms.concat.split_packet": "cuts our own packet; reads nothing of strangers",
    "telecom_codecs.pcap.TcpConversation.opening": "writes frames",
    "telecom_codecs.cat.objects.DataObject.decode": "declares the method; every class has its own",
    "telecom_codecs.cat.messages.Message.from_values": "a step of cat.proactive, cat.envelope, cat.TerminalResponse",
    "telecom_codecs.cat.messages.read_body": "a step of cat.envelope, cat.TerminalResponse and cat.ControlVerdict",
    "telecom_codecs.cat.messages.read_message": "a step of every cat message",
    "telecom_codecs.cat.envelope.Envelope.from_values": "a step of cat.envelope",
    "telecom_codecs.cat.response.TerminalResponse.from_values": "a step of cat.TerminalResponse",
    "telecom_codecs.cat.proactive.Bits.read": "a step of cat.proactive",
    "telecom_codecs.cat.proactive.ProactiveCommand.from_values": "a step of cat.proactive",
    "telecom_codecs.cat.proactive.ProactiveCommand.read_qualifier": "a step of cat.proactive",
    "telecom_codecs.cat.proactive.ProactiveCommand.read_devices": "a step of cat.proactive",
    "telecom_codecs.cat.commands_dialogue.GetInput.from_values": "a step of cat.proactive",
    "telecom_codecs.cat.numbered_devices.NumberedDevice.read_devices": "a step of cat.proactive",
}


@functools.cache
def all_targets() -> tuple[Target, ...]:
    """Every target; names are unique."""
    modules = (
        text_targets, message_targets, card_targets, onecard_targets, toolkit_targets, secured_targets, service_targets,
    )  # fmt: skip
    return tuple(target for module in modules for target in module.targets())


def covered() -> frozenset[str]:
    """Qualified names of the decoders that some target runs through."""
    return frozenset(name for target in all_targets() for name in target.covers)


def public_decoders() -> frozenset[str]:
    """Qualified names of everything in telecom_codecs that reads."""
    return frozenset(_walk())


def _walk() -> Iterator[str]:
    for found in pkgutil.walk_packages(telecom_codecs.__path__, "telecom_codecs."):
        module = importlib.import_module(found.name)
        for name, value in vars(module).items():
            if name.startswith("_") or getattr(value, "__module__", None) != found.name:
                continue
            if inspect.isfunction(value) and VERBS.match(name):
                yield f"{found.name}.{name}"
            if inspect.isclass(value):
                for method, plain in vars(value).items():
                    is_callable = isinstance(plain, classmethod | staticmethod) or inspect.isfunction(plain)
                    if is_callable and VERBS.match(method):
                        yield f"{found.name}.{value.__name__}.{method}"
