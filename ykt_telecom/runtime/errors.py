"""The two families of what is raised: the caller's fault, and ours. Each message is one line that ends with what to do.

A refusal that a step can foresee is a value (`usecases/refusals.py`); what is raised here ends the whole step.
"""

from __future__ import annotations


class Refusal(Exception):
    """What was asked for cannot be done. The one who asked changes the order, then asks again."""

    exit_status = 1


class Trouble(Exception):
    """It could be done, but not by this installation as it is now. The operator mends it first."""

    exit_status = 1


class Misconfigured(Trouble):
    """The configuration does not fit. The message names the key and the remedy."""

    exit_status = 2
