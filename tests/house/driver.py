"""Run a supervisor over the processes that a JSON file lists, as a program of its own."""

import json
import sys
from pathlib import Path

from config import instance
from config.supervisor import CannotStart, Spec, StopAsked, Supervisor


def say(sentence: str) -> None:
    print(sentence, flush=True)


def main(home: Path) -> int:
    listed = json.loads((home / "specs.json").read_text())
    try:
        with instance.held(home), Supervisor(home, mark="test", say=say) as supervisor:
            for fields in listed:
                supervisor.start(Spec(**fields))
            say("started")
            if any(fields["name"] == "hopeless" for fields in listed):
                supervisor.await_ready(lambda: False, seconds=60, names=["hopeless"])
            supervisor.serve()
    except instance.Busy:
        say("busy")
        return 3
    except CannotStart as error:
        say(f"cannot start: {error}")
        return 4
    except StopAsked:
        say("stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
