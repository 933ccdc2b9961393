"""The agent's one line about its case, and the better one that somebody wrote."""

from dataclasses import dataclass
from datetime import datetime

from reviews.desk import HandoffDetail
from reviews.pages import times
from reviews.pages.text import marked


@dataclass(frozen=True, kw_only=True)
class Summary:
    """`text` is shown, unless it only `repeats` the request; `own` is what the agent wrote where
    that is another; `typed` fills the form.

    Whoever holds the handoff may mend it, unless something in it is withheld.
    """

    text: str
    own: str = ""
    said_by: str = ""
    repeats: bool = False
    # why a person paused the run, in their words and not the agent's
    of_pause: bool = False
    editable: bool = False
    typed: str = ""
    error: str = ""


def summary(
    detail: HandoffDetail, *, now: datetime, typed: str | None = None, error: str = ""
) -> Summary:
    """Return the summary as it stands; what was typed and refused is in the form again."""
    own, edit = str(detail.brief.get("summary") or ""), detail.summary_edit
    text = edit.after if edit else own
    given = detail.input
    request = str(given.get("text") or "") if isinstance(given, dict) else str(given or "")
    return Summary(
        text=marked(text),
        own=marked(own) if edit else "",
        repeats=bool(own) and request.strip().startswith(own.rstrip("… ")),
        said_by=f"{edit.editor.name} at {times.clock(edit.edited_at, now)} UTC" if edit else "",
        of_pause=detail.handoff.stepped_in,
        editable=detail.claim is not None and not detail.withheld and not detail.handoff.stepped_in,
        typed=marked(text if typed is None else typed),
        error=error,
    )
