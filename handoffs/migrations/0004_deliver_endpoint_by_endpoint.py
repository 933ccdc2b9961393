"""What is due is looked for endpoint by endpoint: a backlog of one costs the others nothing."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("handoffs", "0003_keep_published_maps_and_access_changes")]
    operations = [
        migrations.RemoveIndex(model_name="outboxmessage", name="outbox_due"),
        migrations.AddIndex(
            model_name="outboxmessage",
            index=models.Index(
                condition=models.Q(("state", "pending")),
                fields=["endpoint", "next_attempt_at"],
                name="outbox_due",
            ),
        ),
    ]
