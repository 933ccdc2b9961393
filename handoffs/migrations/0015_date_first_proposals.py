"""Say of action types that were proposed before when that was: they are not new."""

from django.db import migrations

FIRST = """
update handoffs_actiontype seen set first_proposed_at = first.at
from (
    select run.workflow_id, proposal.action_type, min(proposal.created_at) as at
    from handoffs_proposal proposal join handoffs_run run on run.id = proposal.run_id
    group by run.workflow_id, proposal.action_type
) first
where seen.workflow_id = first.workflow_id and seen.name = first.action_type
"""


class Migration(migrations.Migration):
    dependencies = [("handoffs", "0014_remember_first_proposals")]

    operations = [
        migrations.RunSQL(FIRST, "update handoffs_actiontype set first_proposed_at = null"),
    ]
