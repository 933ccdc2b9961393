"""Let several people decide one handoff: each claim and each decision is from one seat.

A handoff had one live claim; now each seat of it has one. Where one person decides there is one
seat, so for them nothing changes.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("reviews", "0023_work_away_from_the_page")]
    operations = [
        migrations.AddField(
            model_name="claim",
            name="seat",
            field=models.PositiveSmallIntegerField(db_default=1, default=1),
        ),
        migrations.AddField(
            model_name="decision",
            name="seat",
            field=models.PositiveSmallIntegerField(db_default=1, default=1),
        ),
        migrations.AddField(
            model_name="decision",
            name="role",
            field=models.CharField(blank=True, db_default="", default="", max_length=150),
        ),
        migrations.AddField(
            model_name="decision",
            name="said",
            field=models.TextField(blank=True, db_default="", default=""),
        ),
        migrations.AddField(
            model_name="decision",
            name="said_digest",
            field=models.CharField(blank=True, db_default="", default="", max_length=72),
        ),
        migrations.AddConstraint(
            model_name="claim",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at__isnull", True)),
                fields=("handoff", "seat"),
                name="claim_one_live_per_seat",
            ),
        ),
        migrations.RemoveConstraint(model_name="claim", name="claim_one_live_per_handoff"),
    ]
