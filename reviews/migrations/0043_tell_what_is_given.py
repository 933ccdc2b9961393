"""A notice can be of something that was put into one person's hands."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("reviews", "0042_work_through_what_gathered")]

    operations = [
        migrations.AlterField(
            model_name="notice",
            name="kind",
            field=models.CharField(
                choices=[
                    ("arrived", "arrived"),
                    ("transferred", "transferred"),
                    ("assigned", "assigned"),
                    ("urgent", "urgent"),
                    ("completed", "completed"),
                ],
                max_length=12,
            ),
        ),
    ]
