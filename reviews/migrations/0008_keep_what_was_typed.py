"""The draft behind a decision is kept for as long as the decision can be taken back."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("handoffs", "0018_guard_what_is_decided"),
        ("reviews", "0014_challenge_and_what_was_shown"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="decision",
            name="typed",
            field=models.JSONField(null=True),
        ),
        migrations.AddIndex(
            model_name="decision",
            index=models.Index(
                condition=models.Q(("typed__isnull", False)),
                fields=["id"],
                name="decision_with_draft",
            ),
        ),
    ]
