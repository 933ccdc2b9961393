"""How staff were told of blind tests, what those who speak for them were written, and no other.

A notice that was told does not become another one: a new text is told anew, and until then tests
are off.
"""

from django.db import migrations, models

TOLD = """
create function overread_notice_is_told_anew() returns trigger language plpgsql as $$
begin
    if new.notice <> old.notice and old.noticed_at is not null
            and new.noticed_at is not distinct from old.noticed_at then
        raise exception 'workflow %: staff were not told this', old.workflow_id
            using errcode = 'check_violation', constraint = 'programme_told_anew';
    end if;
    return new;
end
$$;
create trigger programme_told_anew before update of notice on oversight_programme
    for each row execute function overread_notice_is_told_anew();
"""
DROP = "drop function overread_notice_is_told_anew cascade;"


class Migration(migrations.Migration):
    dependencies = [("oversight", "0012_more_is_counted")]
    operations = [
        migrations.AddField("programme", "told_on", models.DateField(null=True)),
        migrations.AddField(
            "programme", "told_how", models.CharField(blank=True, default="", max_length=200)
        ),
        migrations.AddField("programme", "consultation", models.TextField(blank=True, default="")),
        migrations.RunSQL(TOLD, DROP),
    ]
