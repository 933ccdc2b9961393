"""The supervisor over tiny processes: nothing here knows the product."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import instance, processes
from config.processes import Record
from tests.house.instances import STUBBORN, driven, eventually, folder, is_alive, pids, tiny

pytestmark = pytest.mark.slow


@pytest.fixture
def home() -> Iterator[Path]:
    with folder() as path:
        yield path


def test_crashed_child_is_started_again(home: Path) -> None:
    with driven(home, tiny(home, "web")) as supervisor:
        eventually(lambda: pids(home, "web"), "web runs")

        os.kill(pids(home, "web")[0], signal.SIGKILL)

        eventually(lambda: len(pids(home, "web")) == 2, "a second web runs")
        supervisor.hears("web ended (signal SIGKILL); it starts again in 0.5 s")


def test_child_that_keeps_crashing_is_started_ever_later(home: Path) -> None:
    with driven(home, tiny(home, "web", "raise SystemExit(7)")) as supervisor:
        for delay in ("0.5", "1", "2"):
            supervisor.hears(f"web ended (exit code 7); it starts again in {delay} s")


def test_program_that_does_not_exist_does_not_end_the_others(home: Path) -> None:
    missing = tiny(home, "beat", argv=["/nowhere/beat"])
    with driven(home, tiny(home, "web"), missing) as supervisor:
        supervisor.hears("beat ended")
        supervisor.hears("it starts again in 1 s")

        assert is_alive(pids(home, "web")[0])


def test_process_that_never_comes_up_is_named_with_the_end_of_its_log(home: Path) -> None:
    hopeless = tiny(home, "hopeless", "print('the disk is full'); raise SystemExit(1)")
    with driven(home, hopeless) as supervisor:
        assert supervisor.process.wait(60) == 4

        assert "cannot start: hopeless does not start." in supervisor.said()
        assert "the disk is full" in supervisor.said()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_children_stop_in_the_order_of_their_ranks(home: Path, number: int) -> None:
    names = ["web", "wait", "beat", "worker", "valkey", "postgres"]
    specs = [tiny(home, name, rank=rank) for rank, name in enumerate(names)]
    with driven(home, *reversed(specs)) as supervisor:
        eventually(lambda: all(pids(home, name) for name in names), "all run")

        assert supervisor.ends(number) == 0

        assert (home / "ended").read_text().split() == names
        assert not list(home.glob("pids-*.json"))


def test_children_get_no_signal_from_the_terminal(home: Path) -> None:
    with driven(home, tiny(home, "web")):
        eventually(lambda: pids(home, "web"), "web runs")

        assert os.getsid(pids(home, "web")[0]) == pids(home, "web")[0]


def test_child_that_does_not_stop_is_killed_with_its_whole_group(home: Path) -> None:
    stubborn = tiny(home, "worker", STUBBORN, stop=[[signal.SIGTERM, 0.2]])
    with driven(home, stubborn) as supervisor:
        eventually(lambda: len(pids(home, "worker")) == 2, "both run")

        assert supervisor.ends() == 0

        assert not any(is_alive(pid) for pid in pids(home, "worker"))


def test_second_ctrl_c_ends_the_waiting(home: Path) -> None:
    stubborn = tiny(home, "worker", STUBBORN, stop=[[signal.SIGTERM, 600]])
    with driven(home, stubborn) as supervisor:
        eventually(lambda: len(pids(home, "worker")) == 2, "both run")
        supervisor.process.send_signal(signal.SIGINT)

        with pytest.raises(subprocess.TimeoutExpired):
            supervisor.process.wait(0.6)

        assert supervisor.ends(signal.SIGINT) == 0

        assert not any(is_alive(pid) for pid in pids(home, "worker"))


def test_killed_supervisor_leaves_no_orphan(home: Path) -> None:
    soon = [[signal.SIGTERM, 0.2]]
    specs = [tiny(home, "web", stop=soon), tiny(home, "worker", STUBBORN, stop=soon)]
    with driven(home, *specs) as supervisor:
        eventually(lambda: pids(home, "web") and len(pids(home, "worker")) == 2, "all run")
        everyone = pids(home, "web") + pids(home, "worker")

        supervisor.process.kill()
        supervisor.process.wait()

        eventually(lambda: not any(is_alive(pid) for pid in everyone), "all ended")


@pytest.mark.skipif(not processes.LINUX, reason="elsewhere the keeper alone does it")
def test_kernel_tells_children_of_a_killed_supervisor_also_without_a_keeper(home: Path) -> None:
    with driven(home, tiny(home, "web")) as supervisor:
        eventually(lambda: pids(home, "web"), "web runs")
        _kill_keeper(supervisor.process.pid)

        supervisor.process.kill()
        supervisor.process.wait()

        eventually(lambda: not is_alive(pids(home, "web")[0]), "web ended")
        assert (home / "ended").read_text() == "web\n"


def test_start_after_a_kill_ends_what_is_left_and_runs(home: Path) -> None:
    stubborn = tiny(home, "worker", STUBBORN, stop=[[signal.SIGTERM, 0.2]])
    with driven(home, stubborn) as first:
        eventually(lambda: len(pids(home, "worker")) == 2, "both run")
        everyone = pids(home, "worker")
        # the keeper would end them too: without it the next start has to
        _kill_keeper(first.process.pid)
        first.process.kill()
        first.process.wait()
        assert any(is_alive(pid) for pid in everyone)

        with driven(home, tiny(home, "web")) as second:
            eventually(lambda: pids(home, "web"), "the next start runs")

            assert not any(is_alive(pid) for pid in everyone)
            assert "left behind: worker" in second.said()


def _kill_keeper(parent: int) -> None:
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    for pid in children:
        if b"processes.py" in Path(f"/proc/{pid}/cmdline").read_bytes():
            os.kill(int(pid), signal.SIGKILL)
            return
    raise AssertionError("no keeper")


def test_second_start_in_the_same_folder_is_told_so(home: Path) -> None:
    with driven(home, tiny(home, "web")) as first:
        eventually(lambda: pids(home, "web"), "web runs")

        second = subprocess.run(
            [sys.executable, "-m", "tests.house.driver", str(home)],
            cwd=instance.ROOT,
            capture_output=True,
            text=True,
        )

        assert (second.returncode, second.stdout) == (3, "busy\n")
        assert len(pids(home, "web")) == 1
        assert first.process.poll() is None


def test_number_that_is_somebody_elses_by_now_is_left_alone(home: Path) -> None:
    with subprocess.Popen(
        ["sleep", "600"], env={processes.MARK: "other"}, start_new_session=True
    ) as stranger:
        stale = Record(
            name="web", pid=stranger.pid, born="before", stop=[(15, 1.0)], rank=0, mark="test"
        )
        processes.remember(home / "pids-old.json", [stale])
        try:
            with driven(home, tiny(home, "web")):
                eventually(lambda: pids(home, "web"), "web runs")

                assert stranger.poll() is None
                assert not (home / "pids-old.json").exists()
        finally:
            stranger.kill()


def test_list_of_processes_that_was_cut_short_is_no_obstacle(home: Path) -> None:
    (home / "pids-old.json").write_text('[{"name": "we')

    with driven(home, tiny(home, "web")):
        eventually(lambda: pids(home, "web"), "web runs")


def test_warnings_of_children_are_shown_and_their_chatter_is_not(home: Path) -> None:
    talks = "import time; print('fine'); print('ERROR: no room', flush=True); time.sleep(600)"
    with driven(home, tiny(home, "web", talks)) as supervisor:
        supervisor.hears("web | ERROR: no room")

        assert "fine" not in supervisor.said()
        assert "fine" in (home / "logs" / "web.log").read_text()


def test_flood_of_warnings_is_cut_short(home: Path) -> None:
    talks = (
        "import time; words = ['a' * length for length in range(1, 100)];"
        "print(*('ERROR: ' + word for word in words), sep='\\n', flush=True); time.sleep(600)"
    )
    with driven(home, tiny(home, "web", talks)) as supervisor:
        supervisor.hears("… more in")

        assert supervisor.said().count("web | ERROR") == 10


def test_warning_that_comes_again_is_shown_once(home: Path) -> None:
    talks = (
        "import time; [print(f'ERROR: try {number}') for number in range(50)];"
        "print('ERROR: the last', flush=True); time.sleep(600)"
    )
    with driven(home, tiny(home, "web", talks)) as supervisor:
        supervisor.hears("ERROR: the last")

        assert supervisor.said().count("web | ERROR: try") == 1


def test_traceback_is_shown_as_the_line_that_says_what_happened(home: Path) -> None:
    with driven(home, tiny(home, "web", "raise RuntimeError('the shelf is empty')")) as supervisor:
        supervisor.hears("web | RuntimeError: the shelf is empty")

        assert "Traceback" not in supervisor.said()
