"""Keep uploaded files in the database, compressed part by part, and read them back as a stream."""

import hashlib
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.errors import FieldProblem
from governance.errors import FileTooLarge
from governance.models import Backtest, BacktestChunk

MIB = 1024 * 1024
MAX_PROPOSALS_BYTES = 64 * MIB
MAX_TRUTH_BYTES = 16 * MIB
KEPT_FOR = timedelta(days=1)
_PART = MIB


@dataclass(frozen=True)
class Stored:
    """What came of storing a file: its digest and how many lines it has."""

    digest: str
    lines: int


def limit(kind: str) -> int:
    truth = kind == BacktestChunk.Kind.TRUTH
    return MAX_TRUTH_BYTES if truth else MAX_PROPOSALS_BYTES


def measure(kind: str, blocks: Iterable[bytes]) -> Stored:
    """Digest a file and count its lines, or refuse it for its size."""
    digest, lines, size, last = hashlib.sha256(), 0, 0, b"\n"
    for block in blocks:
        size += len(block)
        if size > limit(kind):
            raise FileTooLarge(fields=(FieldProblem(kind, _too_large(kind)),))
        digest.update(block)
        lines += block.count(b"\n")
        last = block[-1:] or last
    return Stored(digest.hexdigest(), lines + (last != b"\n"))


def _too_large(kind: str) -> str:
    return f"At most {limit(kind) // MIB} MiB are taken. Send a part of the file."


def store(backtest: Backtest, kind: str, blocks: Iterable[bytes]) -> None:
    """Keep a file that was measured; one part is in memory at a time."""
    for number, part in enumerate(_parts(blocks)):
        BacktestChunk.objects.create(
            backtest=backtest, kind=kind, number=number, body=zlib.compress(part, 1)
        )


def _parts(blocks: Iterable[bytes]) -> Iterator[bytes]:
    held = bytearray()
    for block in blocks:
        held += block
        while len(held) >= _PART:
            yield bytes(held[:_PART])
            del held[:_PART]
    if held:
        yield bytes(held)


def read(backtest_id: int, kind: str) -> Iterator[bytes]:
    """Yield a stored file part by part."""
    parts = BacktestChunk.objects.filter(backtest_id=backtest_id, kind=kind)
    for number in range(parts.count()):
        yield zlib.decompress(parts.values_list("body", flat=True).get(number=number))


def forget(backtest_id: int) -> None:
    BacktestChunk.objects.filter(backtest_id=backtest_id).delete()


def overdue(now: datetime) -> list[int]:
    """Name the backtests whose files have been kept for as long as files are."""
    kept = BacktestChunk.objects.filter(backtest__requested_at__lt=now - KEPT_FOR)
    return list(kept.values_list("backtest_id", flat=True).distinct())
