"""What a page about oversight is about: everything, a workflow, or one part of a workflow."""

from dataclasses import dataclass

from handoffs.models import Queue, Workflow
from oversight.counted.weeks import Scope
from oversight.models import FigureDay

PARTS = (Scope.QUEUE, Scope.ACTION, Scope.TIER, Scope.KIND)

# what a day of figures has it under, where that is a word
COLUMNS = {Scope.ACTION.value: "action_type", Scope.TIER.value: "tier", Scope.KIND.value: "kind"}


@dataclass(frozen=True, kw_only=True)
class Subject:
    """`key` is what weeks are kept under, `slug` what the address says."""

    workflow: Workflow | None = None
    scope: Scope = Scope.ALL
    key: str = ""
    slug: str = ""
    name: str = "All workflows"

    @property
    def is_part(self) -> bool:
        return self.scope in PARTS

    @property
    def knows_proposals(self) -> bool:
        """Say whether it is known what was proposed: not where it would have come to."""
        return self.scope not in (Scope.QUEUE, Scope.TIER, Scope.KIND)


EVERYTHING = Subject()


def of_workflow(workflow: Workflow) -> Subject:
    return Subject(workflow=workflow, scope=Scope.WORKFLOW, slug=workflow.slug, name=workflow.name)


def of_part(workflow: Workflow, scope: str, slug: str) -> Subject | None:
    """Return a part to which something came at some time; None if nothing ever did."""
    came = FigureDay.objects.filter(workflow=workflow)
    if scope == Scope.QUEUE:
        queue = Queue.objects.filter(slug=slug).first()
        if queue is None or not came.filter(queue=queue).exists():
            return None
        return Subject(
            workflow=workflow, scope=Scope.QUEUE, key=str(queue.pk), slug=slug, name=queue.name
        )
    column = COLUMNS.get(scope)
    if column is None or not came.filter(**{column: slug}).exists():
        return None
    return Subject(workflow=workflow, scope=Scope(scope), key=slug, slug=slug, name=in_words(slug))


def in_words(key: str) -> str:
    return key.replace("_", " ") or "none"
