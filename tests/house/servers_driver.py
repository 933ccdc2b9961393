"""Run both embedded servers over a data folder until asked to stop, as a program of its own."""

import sys
from pathlib import Path

from config import instance, servers
from config.supervisor import CannotStart, StopAsked, Supervisor


def say(sentence: str) -> None:
    print(sentence, flush=True)


def main(home: Path) -> int:
    try:
        with instance.held(home), Supervisor(home, mark="test", say=say) as supervisor:
            env = servers.start(supervisor, home, say=say)
            instance.note(home, environment=servers.ours(env))
            say("ready")
            supervisor.serve()
    except CannotStart as error:
        say(str(error))
        return 4
    except StopAsked:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
