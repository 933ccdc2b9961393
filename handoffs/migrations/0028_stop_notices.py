"""Remember who wants no more of a notice."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("handoffs", "0021_guards_look_at_what_may_be_wrong"),
    ]

    operations = [
        migrations.CreateModel(
            name="MailStop",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("address", models.EmailField(max_length=254)),
                ("event", models.CharField(max_length=40)),
                ("stopped_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("address", "event"), name="mail_stop_once")
                ],
            },
        ),
    ]
