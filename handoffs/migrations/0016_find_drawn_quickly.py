"""Find what was drawn for audits without reading what was not."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("handoffs", "0015_date_first_proposals"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="proposal",
            index=models.Index(
                condition=models.Q(("audit_drawn", True)), fields=["id"], name="proposal_drawn"
            ),
        ),
    ]
