"""Turn the one level above into a ladder, of rows and of what already waits."""

from django.db import migrations

UP = """
insert into handoffs_ladderstep (row_id, level, role_id, queue_id, seconds, required_context)
select id, 2, escalate_role_id, escalate_queue_id, deadline_seconds, '[]'
from handoffs_matrixrow where escalate_queue_id is not null;
-- above the last level an escalation became a rejection
update handoffs_matrixrow set fallback = 'reject' where fallback = 'escalate';
update handoffs_handoff handoff
set ladder = jsonb_build_array(jsonb_build_object(
    'level', handoff.level + 1, 'role_id', handoff.escalate_role_id, 'role', team.name,
    'queue_id', handoff.escalate_queue_id, 'queue', queue.slug,
    'seconds', handoff.deadline_seconds, 'required_context', '[]'::jsonb))
from auth_group team, handoffs_queue queue
where team.id = handoff.escalate_role_id and queue.id = handoff.escalate_queue_id;
update handoffs_handoff set fallback = 'reject' where fallback = 'escalate';
"""

# What the older version cannot say is lost: levels above the second, versions of rows that are
# over or to come, and the kinder fallbacks, which become the cautious one.
DOWN = """
delete from handoffs_ladderstep where row_id in (
    select id from handoffs_matrixrow where effective_from > now() or effective_until is not null);
delete from handoffs_matrixrow where effective_from > now() or effective_until is not null;
update handoffs_matrixrow matrixrow
set escalate_role_id = step.role_id, escalate_queue_id = step.queue_id,
    fallback = case matrixrow.fallback when 'fail' then 'fail' else 'escalate' end
from handoffs_ladderstep step where step.row_id = matrixrow.id and step.level = 2;
update handoffs_matrixrow set fallback = 'reject' where fallback in ('', 'approve', 'hold');
update handoffs_handoff
set escalate_role_id = (ladder -> 0 ->> 'role_id')::int,
    escalate_queue_id = (ladder -> 0 ->> 'queue_id')::bigint,
    fallback = case fallback when 'fail' then 'fail' else 'escalate' end
where jsonb_array_length(ladder) > 0;
update handoffs_handoff set fallback = 'reject' where fallback in ('', 'approve', 'hold');
delete from handoffs_ladderstep;
"""


class Migration(migrations.Migration):
    dependencies = [("handoffs", "0010_matrix_in_time")]
    operations = [migrations.RunSQL(UP, DOWN)]
