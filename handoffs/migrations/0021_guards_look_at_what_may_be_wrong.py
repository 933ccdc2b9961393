"""Spare every intake the calls of guards that can only agree, and locks on the run it holds.

The guards themselves stay as they are. What they are not called for is what they let pass: a start
at version 1, the stop of a running run, and a row whose state and version do not change.
"""

import django.db.models.deletion
from django.db import migrations, models

WHERE_IT_MAY_BE_WRONG = """
drop trigger run_guard_move on handoffs_run;
drop trigger handoff_guard_move on handoffs_handoff;
create trigger run_guard_start before insert on handoffs_run for each row
    when (new.version <> 1 or new.state <> 'RUNNING')
    execute function overread_guard_move('run');
create trigger handoff_guard_start before insert on handoffs_handoff for each row
    when (new.version <> 1 or new.state <> 'waiting')
    execute function overread_guard_move('handoff');
create trigger run_guard_move before update of state, version on handoffs_run for each row
    when ((new.version <> old.version or new.state <> old.state)
        and (new.version <> old.version + 1 or old.state <> 'RUNNING'
            or new.state <> 'PAUSED_PENDING_HUMAN'))
    execute function overread_guard_move('run');
create trigger handoff_guard_move before update of state, version on handoffs_handoff for each row
    when (new.version <> old.version or new.state <> old.state)
    execute function overread_guard_move('handoff');
"""
ALWAYS = """
drop trigger run_guard_start on handoffs_run;
drop trigger handoff_guard_start on handoffs_handoff;
drop trigger run_guard_move on handoffs_run;
drop trigger handoff_guard_move on handoffs_handoff;
create trigger run_guard_move before insert or update of state, version on handoffs_run
    for each row execute function overread_guard_move('run');
create trigger handoff_guard_move before insert or update of state, version on handoffs_handoff
    for each row execute function overread_guard_move('handoff');
"""
# A run is never deleted, so that its transitions need no lock on it to be sure of it.
RUNS_ARE_KEPT = """
create trigger handoffs_run_is_kept before delete on handoffs_run
    for each row execute function overread_keep_named();
"""


class Migration(migrations.Migration):
    dependencies = [("handoffs", "0020_send_on")]
    operations = [
        migrations.RunSQL(WHERE_IT_MAY_BE_WRONG, ALWAYS),
        migrations.RunSQL(RUNS_ARE_KEPT, "drop trigger handoffs_run_is_kept on handoffs_run"),
        migrations.AlterField(
            model_name="transition",
            name="run",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="transitions",
                to="handoffs.run",
            ),
        ),
    ]
