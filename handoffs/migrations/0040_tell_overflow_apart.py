"""Say of a move that its queue was full, or had room again."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("handoffs", "0039_spread_places"),
    ]

    operations = [
        migrations.AlterField(
            model_name="run",
            name="cause",
            field=models.CharField(
                choices=[
                    ("created", "created"),
                    ("decided", "decided"),
                    ("taken_back", "taken_back"),
                    ("proposed", "proposed"),
                    ("escalated", "escalated"),
                    ("answered", "answered"),
                    ("information_asked", "information_asked"),
                    ("information_given", "information_given"),
                    ("withdrawn", "withdrawn"),
                    ("claimed", "claimed"),
                    ("lease_ended", "lease_ended"),
                    ("released", "released"),
                    ("resumed", "resumed"),
                    ("stale", "stale"),
                    ("sent_on", "sent_on"),
                    ("overflowed", "overflowed"),
                    ("went_back", "went_back"),
                    ("timed_out", "timed_out"),
                    ("completed", "completed"),
                    ("error", "error"),
                    ("stopped", "stopped"),
                    ("transferred", "transferred"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="transition",
            name="cause",
            field=models.CharField(
                choices=[
                    ("created", "created"),
                    ("decided", "decided"),
                    ("taken_back", "taken_back"),
                    ("proposed", "proposed"),
                    ("escalated", "escalated"),
                    ("answered", "answered"),
                    ("information_asked", "information_asked"),
                    ("information_given", "information_given"),
                    ("withdrawn", "withdrawn"),
                    ("claimed", "claimed"),
                    ("lease_ended", "lease_ended"),
                    ("released", "released"),
                    ("resumed", "resumed"),
                    ("stale", "stale"),
                    ("sent_on", "sent_on"),
                    ("overflowed", "overflowed"),
                    ("went_back", "went_back"),
                    ("timed_out", "timed_out"),
                    ("completed", "completed"),
                    ("error", "error"),
                    ("stopped", "stopped"),
                    ("transferred", "transferred"),
                ],
                max_length=20,
            ),
        ),
    ]
