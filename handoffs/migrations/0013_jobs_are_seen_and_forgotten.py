from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("handoffs", "0012_one_row_at_a_time"),
    ]

    operations = [
        migrations.CreateModel(
            name="JobPulse",
            fields=[
                ("name", models.CharField(max_length=100, primary_key=True, serialize=False)),
                ("done_at", models.DateTimeField()),
            ],
        ),
        migrations.AddIndex(
            model_name="outboxmessage",
            index=models.Index(
                condition=models.Q(("state", "delivered")),
                fields=["delivered_at"],
                name="outbox_delivered",
            ),
        ),
    ]
