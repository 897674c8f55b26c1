"""Logging: key-values, as JSON lines for machines and readable ones for people."""

from __future__ import annotations

import logging
import sys

import structlog

from services.settings import LogSettings

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def configure_logging(settings: LogSettings) -> None:
    """After this structlog and the libraries' loggers write to standard error, one line each."""
    console = settings.format == "console" or (settings.format == "auto" and sys.stderr.isatty())
    level = _LEVELS[settings.level]
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if console else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.dict_tracebacks
            if not console
            else structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(level=max(level, logging.WARNING), stream=sys.stderr, force=True)
