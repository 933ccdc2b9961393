"""Fly a map over a file of recorded proposals: what the backtest's worker and the command share."""

from collections.abc import Iterable, Iterator, Mapping

from governance import recordings
from governance.recordings import BadLine, UnknownType
from governance.tally import Tally
from governance.trial import Trial, Verdict
from handoffs.signals import ActionType


def verdicts(
    blocks: Iterable[bytes],
    trial: Trial,
    types: Mapping[str, ActionType],
    counted: Tally,
    *,
    after: int = 0,
) -> Iterator[tuple[int, Verdict | None]]:
    """Yield each line behind `after` with what the trial says of it.

    A line that cannot be read, or is of an unknown type, is counted and named; it stops nothing.
    """
    for number, line in recordings.lines(blocks):
        if number <= after or (line is not None and not line.strip()):
            continue
        yield number, _rule(trial, counted, types, number, line)


def _rule(
    trial: Trial,
    counted: Tally,
    types: Mapping[str, ActionType],
    number: int,
    line: bytes | None,
) -> Verdict | None:
    try:
        return trial.rule(recordings.proposal(line, number, types, counted.types))
    except BadLine as bad:
        counted.add_unread(number, str(bad))
    except UnknownType as unknown:
        counted.add_unknown_type(str(unknown))
    return None


def over(
    blocks: Iterable[bytes],
    trial: Trial,
    types: Mapping[str, ActionType],
    wrong: Mapping[str, bool],
) -> Tally:
    """Count a whole file; `wrong` is looked at when a verdict stands."""
    counted = Tally()
    for _, verdict in verdicts(blocks, trial, types, counted):
        if verdict is not None:
            counted.add(verdict, wrong.get(verdict.id))
    return counted
