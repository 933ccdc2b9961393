"""Signatures over maps, and which reminders of a review went out."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# A signature is for a draft as it is; it is added, taken back at most once, and never changed.
KEEP_SIGN_OFFS = """
create function overread_keep_sign_off() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' or (tg_op = 'UPDATE' and (
        old.withdrawn_at is not null or new.withdrawn_at is null
        or (new.id, new.map_id, new.seat, new.digest, new.user_id, new.signed_at, new.note)
            is distinct from
            (old.id, old.map_id, old.seat, old.digest, old.user_id, old.signed_at, old.note)))
    then
        raise exception 'signature % stays as it was given', old.id
            using errcode = 'check_violation', constraint = 'map_sign_off_stays';
    end if;
    -- waits for whoever is publishing the map, and then sees that it is no draft any more
    perform 1 from handoffs_risktiermap where id = new.map_id and state = 'draft' for share;
    if not found then
        raise exception 'map % is not a draft', new.map_id
            using errcode = 'check_violation', constraint = 'map_sign_off_for_draft';
    end if;
    return new;
end
$$;
create trigger map_sign_off_stays before insert or update or delete on governance_mapsignoff
    for each row execute function overread_keep_sign_off();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("governance", "0001_backtests"),
        ("handoffs", "0007_maps_live_and_die"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="MapSignOff",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "seat",
                    models.CharField(
                        choices=[
                            ("product", "product"),
                            ("compliance", "compliance"),
                            ("engineering", "engineering"),
                        ],
                        max_length=12,
                    ),
                ),
                ("digest", models.CharField(max_length=72)),
                ("signed_at", models.DateTimeField()),
                ("note", models.TextField(blank=True)),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
                (
                    "map",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sign_offs",
                        to="handoffs.risktiermap",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("withdrawn_at", None)),
                        fields=("map", "digest", "seat"),
                        name="map_sign_off_once_per_seat",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("withdrawn_at", None)),
                        fields=("map", "digest", "user"),
                        name="map_sign_off_once_per_person",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ReviewReminder",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("review_on", models.DateField()),
                ("due_on", models.DateField()),
                ("next_attempt_at", models.DateTimeField()),
                ("sent_at", models.DateTimeField(null=True)),
                (
                    "map",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="handoffs.risktiermap",
                    ),
                ),
                (
                    "workflow",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="handoffs.workflow",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("workflow", "map", "review_on", "due_on"),
                        name="review_reminder_once",
                        nulls_distinct=False,
                    )
                ],
            },
        ),
        migrations.RunSQL(KEEP_SIGN_OFFS, "drop function overread_keep_sign_off cascade"),
    ]
