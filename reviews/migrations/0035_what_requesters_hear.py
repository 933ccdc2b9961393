"""A claim knows how much of what the requester said stood on its page."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("handoffs", "0037_requesters"),
        ("reviews", "0033_make_notices"),
    ]

    operations = [
        migrations.AddField(
            model_name="claim",
            name="heard",
            field=models.PositiveSmallIntegerField(db_default=0, default=0),
        ),
    ]
