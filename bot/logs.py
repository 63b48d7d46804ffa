"""Structured logs that cannot hold an answer: only the names listed here pass, everything else is dropped."""

import io
import logging
import sys
import traceback
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any, TextIO, cast

import structlog

_ALLOWED = frozenset(
    {"event", "level", "timestamp", "request", "method", "route", "status", "ms", "error", "where", "count", "address", "trouble", "do"}
)

_log = structlog.get_logger()


def configure_logs() -> None:
    """One line of JSON an event, on stderr, also for what libraries log by themselves."""
    logging.basicConfig(handlers=[_Libraries()], level=logging.WARNING, force=True)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            only_allowed,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, _Lossy(sys.stderr))),
    )


class _Lossy(io.TextIOBase):
    """A stream that swallows what cannot be written: a full disk under the log must not fail a turn that was kept."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()


class _Libraries(logging.Handler):
    """Tells of a library's trouble its kind and place. Its words are dropped: of a request that cannot be read they repeat every line."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        kind = type(error).__name__ if error else record.levelname
        _log.warning("library", error=kind, where=places(error) if error else [f"{record.filename}:{record.lineno}"])


def only_allowed(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Drop every name that is not on the list, so that no answer about health or poverty can slip in."""
    return {name: value for name, value in event.items() if name in _ALLOWED}


def places(error: BaseException) -> list[str]:
    """Where an error happened, file and line only: its message could repeat what a person said."""
    return [f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
