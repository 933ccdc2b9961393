"""The Celery app; tasks are named as strings, none is imported."""

import logging
import os
from datetime import timedelta
from typing import Any

from celery import Celery, Task
from django.db import DatabaseError

from config.timetable import EVERY
from handoffs import jobs

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
logger = logging.getLogger(__name__)


class Noted(Task):  # type: ignore[misc]
    """A task that notes in PostgreSQL when it was last done; `/healthz/jobs` reads that."""

    abstract = True

    def on_success(self, *_: Any, **__: Any) -> None:
        try:
            jobs.done(self.name)
        except DatabaseError as error:
            logger.warning(
                "A job is done, and that could not be noted.",
                extra={"action": "jobs.not_noted", "job": self.name, "error": str(error)},
            )


app = Celery("overread", task_cls=Noted)
app.config_from_object(
    {
        "broker_url": os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0"),
        "result_backend": None,
        "task_ignore_result": True,
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "worker_prefetch_multiplier": 1,
        "task_time_limit": 60,
        "task_soft_time_limit": 45,
        "worker_max_tasks_per_child": 500,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "worker_cancel_long_running_tasks_on_connection_loss": True,
        "worker_soft_shutdown_timeout": 10,
        "broker_transport_options": {
            "visibility_timeout": 120,
            "unacked_restore_interval": 5,
            "unacked_restore_throttle": 1,
            "socket_timeout": 10,
            "socket_connect_timeout": 3,
            "socket_keepalive": True,
            "health_check_interval": 10,
        },
        "task_create_missing_queues": False,
        "task_default_queue": "overread",
        "task_serializer": "json",
        "accept_content": ["json"],
        "timezone": "UTC",
        "worker_send_task_events": False,
        "worker_hijack_root_logger": False,
        "beat_schedule": {
            name: {
                "task": name,
                "schedule": timedelta(seconds=seconds),
                "options": {"expires": max(10, seconds)},
            }
            for name, seconds in EVERY.items()
        },
    }
)
app.autodiscover_tasks(["handoffs", "reviews", "governance", "oversight"])
