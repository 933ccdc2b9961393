"""Channels of a queue beside e-mail, and messages to them in the outbox."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("handoffs", "0042_public_holidays"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="NoticeChannel",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("service", models.CharField(max_length=40)),
                ("address", models.TextField()),
                ("shown", models.CharField(max_length=200)),
                (
                    "kinds",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=12), default=list, size=None
                    ),
                ),
                ("digest", models.BooleanField(default=False)),
                ("in_hours", models.BooleanField(default=True)),
                ("enabled", models.BooleanField(default=True)),
                ("disabled_because", models.CharField(blank=True, default="", max_length=200)),
                (
                    "added_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="outboxmessage",
            name="outbox_message_has_one_destination",
        ),
        migrations.AddField(
            model_name="noticechannel",
            name="added_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="noticechannel",
            name="queue",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="channels",
                to="handoffs.queue",
            ),
        ),
        migrations.AddField(
            model_name="noticechannel",
            name="role",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="auth.group",
            ),
        ),
        migrations.AddField(
            model_name="outboxmessage",
            name="channel",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="messages",
                to="handoffs.noticechannel",
            ),
        ),
        migrations.AddIndex(
            model_name="outboxmessage",
            index=models.Index(
                condition=models.Q(("channel__isnull", False)),
                fields=["channel", "next_attempt_at"],
                name="outbox_of_channel",
            ),
        ),
        migrations.AddConstraint(
            model_name="outboxmessage",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("channel__isnull", True), ("endpoint__isnull", False), ("mail_to", "")
                    ),
                    models.Q(
                        ("channel__isnull", False), ("endpoint__isnull", True), ("mail_to", "")
                    ),
                    models.Q(
                        ("channel__isnull", True),
                        ("endpoint__isnull", True),
                        models.Q(("mail_to", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="outbox_message_has_one_destination",
            ),
        ),
    ]
