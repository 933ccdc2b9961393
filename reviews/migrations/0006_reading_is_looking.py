"""Reading time grows by heartbeats of a page that is looked at, by the database's own clock.

A heartbeat says only "looked at until now" or "no longer". It counts the time since the one before,
and never more than seven seconds of it: beats come every five. Whatever number a client or this
product's own code writes, the trigger writes the right one. Without any beat, as from a browser
without scripts, the time since the page was opened counts.
"""

from django.db import migrations, models

READING = """
create function overread_read_for(opened_at timestamptz, read_seconds float, seen_at timestamptz)
returns float language sql volatile as $$
    select case
        when read_seconds is null then extract(epoch from clock_timestamp() - opened_at)
        when seen_at is null then read_seconds
        else read_seconds
            + greatest(0, least(7, extract(epoch from clock_timestamp() - seen_at)))
    end
$$;
create function overread_count_reading() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        new.read_seconds := null;
        new.seen_at := null;
        return new;
    end if;
    new.read_seconds := case when old.read_seconds is null then 0
        else overread_read_for(old.opened_at, old.read_seconds, old.seen_at) end;
    new.seen_at := case when new.seen_at is not null then clock_timestamp() end;
    return new;
end
$$;
create trigger claim_count_reading before insert or update of read_seconds, seen_at
    on reviews_claim for each row execute function overread_count_reading();
"""

UNDO = """
drop function overread_count_reading cascade;
drop function overread_read_for;
"""


class Migration(migrations.Migration):
    dependencies = [("reviews", "0005_take_next")]
    operations = [
        migrations.AddField(
            model_name="claim",
            name="visit",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="claim", name="read_seconds", field=models.FloatField(null=True)
        ),
        migrations.AddField(
            model_name="claim", name="seen_at", field=models.DateTimeField(null=True)
        ),
        migrations.RunSQL(READING, UNDO),
    ]
