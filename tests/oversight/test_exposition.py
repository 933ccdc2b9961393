"""What Prometheus reads: the text format, whatever the labels say."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oversight.watch import exposition
from oversight.watch.exposition import Family


def family(*samples: tuple[dict[str, str], float], name: str = "overread_x") -> Family:
    return Family(name=name, kind="gauge", help="What it is.", samples=samples)


def test_it_is_written_as_the_format_says() -> None:
    one = family(({"queue": "refunds", "a": "b"}, 3.0), ({}, 0.25))
    other = Family(name="overread_y_total", kind="counter", help="A \\ and\na line.", samples=())
    assert exposition.write([one, other]) == (
        "# HELP overread_x What it is.\n"
        "# TYPE overread_x gauge\n"
        'overread_x{a="b",queue="refunds"} 3\n'
        "overread_x 0.25\n"
        "# HELP overread_y_total A \\\\ and\\na line.\n"
        "# TYPE overread_y_total counter\n"
    )


@pytest.mark.parametrize(
    ("value", "written"),
    [(math.inf, "+Inf"), (-math.inf, "-Inf"), (math.nan, "NaN"), (1e15, "1e+15"), (7, "7")],
)
def test_numbers_are_written_as_it_reads_them(value: float, written: str) -> None:
    assert exposition.write([family(({}, value))]).splitlines()[-1] == f"overread_x {written}"


def read(line: str) -> dict[str, str]:
    """Read the labels of a sample as Prometheus does."""
    found, rest = {}, line[line.index("{") + 1 :]
    while rest[0] != "}":
        name, rest = rest.split('="', 1)
        value = ""
        while rest[0] != '"':
            if rest[0] == "\\":
                value += {"n": "\n", "\\": "\\", '"': '"'}[rest[1]]
                rest = rest[2:]
            else:
                value, rest = value + rest[0], rest[1:]
        found[name] = value
        rest = rest[1:].removeprefix(",")
    assert rest[1] == " "
    return found


@given(st.text(), st.text())
def test_no_label_breaks_out_of_its_quotes(one: str, other: str) -> None:
    written = exposition.write([family(({"a": one, "b": other}, 1))])
    line = written.split("\n", 2)[2].removesuffix("\n")
    assert "\n" not in line
    assert read(line) == {"a": one, "b": other}


@pytest.mark.parametrize(
    "families",
    [
        [family(({"a": "b"}, 1), ({"a": "b"}, 2))],
        [family(), family()],
        [family(name="overread-x")],
        [family(({"a-b": "c"}, 1))],
        [family(({"__name__": "c"}, 1))],
    ],
)
def test_what_prometheus_would_refuse_is_not_written(families: list[Family]) -> None:
    with pytest.raises(ValueError):
        exposition.write(families)
