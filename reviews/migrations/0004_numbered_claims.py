from django.db import migrations, models
from django.db.models import deletion

# claims from before are numbered in the order they were taken
NUMBER = """
update reviews_claim claim set turn = numbered.turn, number = numbered.number
from (select id, row_number() over (partition by handoff_id order by id) as turn,
        row_number() over (partition by reviewer_id order by id) as number
    from reviews_claim) numbered
where numbered.id = claim.id;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("handoffs", "0002_guard_states_and_log"),
        ("reviews", "0003_open_once_by_the_clock"),
    ]
    operations = [
        migrations.RemoveConstraint(model_name="claim", name="claim_one_per_slot"),
        # taken away and put back: dropping the key's own index would silently drop this one too
        migrations.RemoveConstraint(model_name="claim", name="claim_one_live_per_handoff"),
        migrations.RemoveField(model_name="claim", name="slot"),
        migrations.AddField(
            model_name="claim",
            name="turn",
            field=models.PositiveIntegerField(default=0),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="claim",
            name="number",
            field=models.PositiveIntegerField(default=0),
            preserve_default=False,
        ),
        migrations.RunSQL(NUMBER, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="claim",
            name="handoff",
            field=models.ForeignKey(
                db_index=False,
                on_delete=deletion.CASCADE,
                related_name="claims",
                to="handoffs.handoff",
            ),
        ),
        migrations.AddConstraint(
            model_name="claim",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at__isnull", True)),
                fields=("handoff",),
                name="claim_one_live_per_handoff",
            ),
        ),
        migrations.AddConstraint(
            model_name="claim",
            constraint=models.UniqueConstraint(fields=("handoff", "turn"), name="claim_turn_once"),
        ),
        migrations.AddConstraint(
            model_name="claim",
            constraint=models.UniqueConstraint(
                fields=("reviewer", "number"), name="claim_number_once"
            ),
        ),
    ]
