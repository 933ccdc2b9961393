"""A blind test that somebody wrote by hand, whole: what is shown, what is wrong, where to see it.

It is met once. A generator makes many of what was decided; by hand is for what never came yet.
"""

from dataclasses import dataclass
from typing import Any

from oversight.blind_tests import material, realism
from oversight.blind_tests.faults import Difficulty, Harm, Kind, Made
from oversight.blind_tests.material import WORLD, Material, Path
from reviews.caught import Wrong


@dataclass(frozen=True, kw_only=True)
class Written:
    """`right` is what would have been right, in words; `wrong` is what would be wrong to say."""

    name: str
    kind: Kind
    difficulty: Difficulty
    harm: Harm
    material: Material
    wrong: Wrong
    shown_at: Path
    right: str
    told: str


def problems(written: Written) -> list[str]:
    """Say what keeps it out of the library, in words for its author."""
    found = realism.unfit_source(written.material)
    body = written.material.body
    if not str((body.get("brief") or {}).get("ask") or "").strip():
        found.append("It asks nothing: say what should be done.")
    if realism.tells(written.material):
        found.append("It says what it is: nobody would be tested by it.")
    if not _on_world(written.shown_at) or material.find(body, written.shown_at) is None:
        found.append("Where it shows has to be a fact, evidence, a flag or the original input.")
    for path, value in written.wrong.values:
        if _differs(material.find(body, ("arguments", *path)), value):
            found.append(f"What is wrong is not proposed: {' › '.join(map(str, path))}.")
    if not written.told.strip():
        found.append("Say what its reviewer is told afterwards.")
    if not written.right.strip():
        found.append("Say what would have been right.")
    return found


def made(written: Written) -> Made:
    """Return it as a generator would have made it."""
    first = written.wrong.values[0][1] if written.wrong.values else "as proposed"
    return Made(
        material=written.material, wrong=written.wrong, before=written.right, after=str(first)
    )


def _on_world(at: Path) -> bool:
    return any(at[: len(one)] == one for one in WORLD)


def _differs(found: Any, value: Any) -> bool:
    return found is None or type(found) is not type(value) or bool(found != value)
