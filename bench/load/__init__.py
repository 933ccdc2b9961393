"""One busy hour against the real operations, with somebody who checks every step of it."""

from bench.load.hour import run as run
