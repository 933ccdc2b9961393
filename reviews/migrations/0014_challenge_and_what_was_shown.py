"""What a challenged answer states, which evidence was opened as it stands, and briefs that stay.

A version of a brief is what somebody read and decided by: it is never changed, only followed by
another. Evidence counts as opened as long as it is what was opened: under the same name, another
text is another piece.
"""

from django.db import migrations, models

BRIEFS_STAY = """
create function overread_brief_stays() returns trigger language plpgsql as $$
begin
    raise exception 'brief % of %: a version stays as it was read', old.version, old.handoff_id
        using errcode = 'check_violation', constraint = 'brief_stays';
end
$$;
create trigger brief_stays before update on handoffs_brief
    for each row execute function overread_brief_stays();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("handoffs", "0002_guard_states_and_log"),
        ("reviews", "0017_approver_links"),
    ]
    operations = [
        migrations.AddField(
            model_name="decision", name="challenge", field=models.JSONField(null=True)
        ),
        migrations.AddField(
            model_name="evidenceopened",
            name="digest",
            field=models.CharField(blank=True, db_default="", default="", max_length=72),
        ),
        migrations.AddIndex(
            model_name="decision",
            index=models.Index(
                "reviewer",
                models.F("id").desc(),
                condition=models.Q(("reason", ""), _negated=True),
                name="decision_own_reasons",
            ),
        ),
        migrations.RunSQL(BRIEFS_STAY, "drop function overread_brief_stays cascade;"),
    ]
