"""The outbox sends reminders and tries again; what is kept here is that each was written once."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("governance", "0002_sign_offs_and_reminders")]
    operations = [
        migrations.RenameField("reviewreminder", "next_attempt_at", "reminded_at"),
        migrations.RemoveField("reviewreminder", "sent_at"),
    ]
