"""Logging: JSON lines or a console, one fact a line."""

from __future__ import annotations

import logging

import structlog


def configure_logs(form: str, level: str) -> None:
    """Set up structlog for the whole process."""
    last = structlog.processors.JSONRenderer(ensure_ascii=False) if form == "json" else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
    )
