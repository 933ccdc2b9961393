"""Remember when an action type was first proposed, and of a proposal whether it was the first."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("handoffs", "0013_jobs_are_seen_and_forgotten"),
    ]

    operations = [
        migrations.AddField(
            model_name="actiontype",
            name="first_proposed_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="proposal",
            name="first_seen",
            field=models.BooleanField(null=True),
        ),
    ]
