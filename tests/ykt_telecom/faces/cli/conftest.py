"""The installation that the commands' tests share in kind, never in fact."""

from tests.ykt_telecom.faces.cli.typed import ykt

__all__ = ["ykt"]
