"""A fault is stored as plain data and reads back as itself; what is none is refused in words."""

from typing import Any

import pytest

from oversight.blind_tests import fault_files
from tests.oversight.test_faults import AMOUNT, ENTITY, INJECTED, STALE


@pytest.mark.parametrize("fault", [AMOUNT, ENTITY, INJECTED, STALE])
def test_what_was_written_reads_back_as_itself(fault: Any) -> None:
    assert fault_files.read(fault_files.write(fault)) == fault


def test_another_word_is_another_digest() -> None:
    body = fault_files.write(AMOUNT)

    assert fault_files.digest(body) == fault_files.digest(fault_files.write(AMOUNT))
    assert fault_files.digest(body) != fault_files.digest({**body, "told": "Something else."})


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"kind": "wrong"}, "not a valid Kind"),
        ({"name": " "}, "name is no text"),
        ({"shown_at": "brief"}, "no place"),
        ({"edits": [{"how": "set"}]}, "no at"),
        ({"edits": 3}, "no list"),
        ({"edits": ["x"]}, "An edit is an object"),
    ],
)
def test_what_is_no_fault_is_refused_in_words(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        fault_files.read({**fault_files.write(AMOUNT), **changed})


def test_a_list_is_no_fault() -> None:
    with pytest.raises(ValueError, match="an object"):
        fault_files.read([])
