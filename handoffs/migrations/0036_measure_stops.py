"""Keep what a stop was measured to do."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("handoffs", "0037_requesters"),
    ]

    operations = [
        migrations.AddField(
            model_name="stop",
            name="figures",
            field=models.JSONField(null=True),
        ),
    ]
