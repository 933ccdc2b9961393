"""Logs: one line per event, JSON in production, readable in development."""

from typing import Any

import structlog

_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def config(form: str) -> dict[str, Any]:
    """Return the dictConfig for `console` or `json`; a traceback goes along, never the payload."""
    renderer: Any = (
        structlog.dev.ConsoleRenderer(colors=False)
        if form == "console"
        else structlog.processors.JSONRenderer()
    )
    tail: list[Any] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    tail += [structlog.processors.format_exc_info] if form != "console" else []
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "overread": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": [*tail, renderer],
                "foreign_pre_chain": _SHARED,
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "overread"}},
        "root": {"handlers": ["stderr"], "level": "INFO"},
        # every 4xx is an answer, not an incident; a 5xx is logged as an error all the same
        "loggers": {"django.request": {"level": "ERROR"}, "httpx": {"level": "WARNING"}},
    }
