"""What every section of the configuration has in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from .errors import Misconfigured


class BadConfiguration(Misconfigured, ValueError):
    """The configuration does not fit. The message is one line: the key, what is wrong, the remedy."""


class Section(BaseModel):
    """A table of the file: keys that it does not know are refused, and nothing changes it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
