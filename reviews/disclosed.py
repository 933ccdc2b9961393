"""What somebody is told who has just met a blind test."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Disclosed:
    """What the person is told, at once and only then; it is stored nowhere.

    `caught` is None where they had not answered yet, so that nothing was counted.
    """

    caught: bool | None
    told: Mapping[str, str]


class WasATest(Exception):
    """What somebody did has ended a test, and they are told so: not a refusal, and not an error."""

    def __init__(self, disclosed: Disclosed) -> None:
        super().__init__("It was a blind test.")
        self.disclosed = disclosed
