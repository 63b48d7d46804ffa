"""Structured logs that cannot hold an answer: only the names listed here pass, everything else is dropped."""

import logging
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any

import structlog

_ALLOWED = frozenset(
    {"event", "level", "timestamp", "request", "method", "route", "status", "ms", "error", "where", "count", "address", "library"}
)


def configure_logs() -> None:
    """One line of JSON an event, on stderr."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            only_allowed,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(handlers=[_Libraries(logging.WARNING)], force=True)


class _Libraries(logging.Handler):
    """What libraries log, without their words: a request that is no HTTP is told with its bytes and its sender's address otherwise."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        more = {"error": type(error).__name__, "where": places(error)} if error else {}
        structlog.get_logger().log(record.levelno, "library", library=record.name, **more)


def only_allowed(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Drop every name that is not on the list, so that no answer about health or poverty can slip in."""
    return {name: value for name, value in event.items() if name in _ALLOWED}


def places(error: BaseException) -> list[str]:
    """Where an error happened, file and line only: its message could repeat what a person said."""
    return [f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
