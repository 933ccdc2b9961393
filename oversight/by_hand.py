"""A test by hand in the place of a handoff of its kind: what its author did not write is as there.

Its agent's ways, what it measured, stored and is called by, come from a decided handoff, disguised;
otherwise what a test lacks and real ones have would tell it.
"""

from collections.abc import Mapping
from typing import Any

from oversight import guises, material, written
from oversight.faults import Made
from oversight.guises import Guise
from oversight.material import Material
from oversight.written import Written

_BEHIND: material.Sides = (("signals",), ("checkpoint",), ("preconditions",))
_ALL: material.Sides = ((),)


def made(test: Written, like: Material, guise: Guise, *, external_id: str) -> Made:
    """Return the test as it will be asked; raises ValueError where there are no names to take."""
    disguised = guises.disguise(like, guise).body
    own = {**disguised, **test.material.body}
    body: Mapping[str, Any] = own
    for path, new in material.leaves(own["arguments"]):
        old = material.find(disguised, ("arguments", *path))
        if old is not None and old != new:
            body = material.respell(body, old, new, _BEHIND)
    body = material.respell(body, disguised["external_id"], external_id, _ALL)
    body = {**body, "external_id": external_id, "requester": _requester(body)}
    return _with(written.made(test), test.material.with_body(body))


def _with(made: Made, shown: Material) -> Made:
    return Made(material=shown, wrong=made.wrong, before=made.before, after=made.after)


def _requester(body: Mapping[str, Any]) -> Any:
    """Let whoever waits be whom the facts name, where somebody waits at all."""
    found = body.get("requester")
    for fact in body["brief"].get("facts") or ():
        if found and fact.get("kind") == "person":
            return {**found, "name": str(fact["value"]).partition("(")[0].strip()}
    return found
