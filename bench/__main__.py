"""Run the benchmarks: `./run bench [intake] [take_next] [sweep] [snapshot] [desk] [wake]
[backtest] [policy] [load] [figures] [collapse]`.

Each prints ratios against something measured in the same run on the same server: single figures
of one machine say little.
"""

import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

from bench import (  # noqa: E402
    backtest,
    collapse,
    desk,
    figures,
    intake,
    load,
    policy,
    snapshot,
    sweep,
    take_next,
    wake,
)

ALL = {
    "intake": intake,
    "take_next": take_next,
    "sweep": sweep,
    "desk": desk,
    "snapshot": snapshot,
    "wake": wake,
    "backtest": backtest,
    "policy": policy,
    "load": load,
    "figures": figures,
    "collapse": collapse,
}


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in ALL]
    if unknown:
        print(f"There is no benchmark {unknown[0]}. There are: {', '.join(ALL)}.")
        return 2
    for name in names or list(ALL):
        print(f"\n# {name}: {(ALL[name].__doc__ or '').splitlines()[0]}", flush=True)
        ALL[name].run()
    return 0


sys.exit(main(sys.argv[1:]))
