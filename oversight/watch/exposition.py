"""Write measurements as Prometheus reads them, text format 0.0.4; pure.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")

Sample = tuple[Mapping[str, str], float]


@dataclass(frozen=True, kw_only=True)
class Family:
    """All samples of one name; `kind` is gauge, or counter for what only grows."""

    name: str
    kind: str
    help: str
    samples: tuple[Sample, ...]


def write(families: Iterable[Family]) -> str:
    """Write each family once, its samples together and no two with the same labels."""
    lines: list[str] = []
    named: set[str] = set()
    for family in families:
        if not _NAME.fullmatch(family.name) or family.name in named:
            raise ValueError(f"{family.name!r} is no name, or is there twice")
        named.add(family.name)
        help = family.help.replace("\\", r"\\").replace("\n", r"\n")
        lines += [f"# HELP {family.name} {help}", f"# TYPE {family.name} {family.kind}"]
        lines += _samples(family)
    return "".join(f"{line}\n" for line in lines)


def _samples(family: Family) -> list[str]:
    found: dict[str, str] = {}
    for labels, value in family.samples:
        told = _labels(labels)
        if told in found:
            raise ValueError(f"{family.name}{told} is there twice")
        found[told] = _number(value)
    return [f"{family.name}{told} {value}" for told, value in found.items()]


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    wrong = [name for name in labels if not _LABEL.fullmatch(name) or name.startswith("__")]
    if wrong:
        raise ValueError(f"{wrong[0]!r} is no name of a label")
    told = (f'{name}="{_escaped(value)}"' for name, value in sorted(labels.items()))
    return f"{{{','.join(told)}}}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return f"{value:.10g}"
