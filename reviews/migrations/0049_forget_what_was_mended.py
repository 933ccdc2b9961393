"""Let what somebody wrote better at a blind test go with it, and find out who may have had one.

At a real handoff it stays as it is. The function asks anew each time, so that a statement that had
to wait for the end of a test knows of it.
"""

from django.db import migrations

FORGET = """
drop trigger summary_append_only on reviews_summaryedit;
create trigger summary_append_only before update or delete on reviews_summaryedit
    for each row execute function overread_keep_judgement();
"""
HAD = """
create function overread_may_have_met(p_handoff text, p_person bigint) returns boolean
language plpgsql as $$
begin
    return exists (select from reviews_plant plant where plant.handoff_id = p_handoff)
        and exists (select from reviews_testsmet met where met.person_id = p_person);
end
$$;
"""
KEEP = """
drop trigger summary_append_only on reviews_summaryedit;
create trigger summary_append_only before update or delete on reviews_summaryedit
    for each row execute function overread_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("reviews", "0048_a_plants_requester_has_a_name")]
    operations = [
        migrations.RunSQL(FORGET, KEEP),
        migrations.RunSQL(HAD, "drop function overread_may_have_met;"),
    ]
