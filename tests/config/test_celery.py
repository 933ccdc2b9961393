"""What the clock asks for is done by one worker at a time."""

from config import timetable
from config.celery import app


def test_a_task_is_over_before_the_broker_hands_it_out_again() -> None:
    again = app.conf.broker_transport_options["visibility_timeout"]
    app.loader.import_default_modules()
    for name in timetable.EVERY:
        task = app.tasks[name]
        hard = task.time_limit or app.conf.task_time_limit
        soft = task.soft_time_limit or app.conf.task_soft_time_limit
        assert soft < hard < again, name
