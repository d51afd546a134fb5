"""Structured logs: readable lines in a terminal, JSON elsewhere."""

import logging
import sys
from typing import Any

import structlog

from api.log_cleaning import clean
from api.log_limit import WINDOW_SECONDS, RepeatLimit

log = structlog.get_logger(__name__)


limit = RepeatLimit(lambda dropped: log.warning("log lines suppressed", seconds=WINDOW_SECONDS, lines=dropped))
"""Counts the lines that are too many; one for the process."""


def configure(level: str = "INFO") -> None:
    """Write our log lines and those of libraries to stderr, in one format, from this level on."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    terminal = sys.stderr.isatty()
    plain = structlog.dev.plain_traceback
    renderer: Any = (
        structlog.dev.ConsoleRenderer(exception_formatter=plain) if terminal else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    rendering: list[Any] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        clean,
        renderer,
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=rendering))
    handler.addFilter(limit)
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for verbose in ("httpx", "alembic", "uvicorn.access", "openai"):
        logging.getLogger(verbose).setLevel(logging.WARNING)
