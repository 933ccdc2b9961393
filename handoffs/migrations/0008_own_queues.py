"""A queue can be owned: whoever owns it says who has which level on it."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("handoffs", "0007_maps_live_and_die")]

    operations = [
        migrations.AlterModelOptions(
            name="queue",
            options={
                "permissions": [
                    ("work_queue", "May take and decide"),
                    ("lead_queue", "May lead"),
                    ("own_queue", "May own"),
                ]
            },
        )
    ]
