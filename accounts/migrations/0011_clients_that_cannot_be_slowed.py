"""Some clients go on asking whatever they are told."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_conflict_groups"),
    ]

    operations = [
        migrations.AddField(
            model_name="client",
            name="can_be_slowed",
            field=models.BooleanField(
                db_default=True,
                default=True,
                help_text="It waits when it is told to. Without this, what it asks is let in although a queue is full, and marked so.",
            ),
        ),
    ]
