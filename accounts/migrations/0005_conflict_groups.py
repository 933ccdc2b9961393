"""Who counts as one person where several have to decide independently of each other."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_seats_sign_maps")]
    operations = [
        migrations.CreateModel(
            name="ConflictGroup",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=120, unique=True)),
                (
                    "people",
                    models.ManyToManyField(
                        related_name="conflict_groups", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
        ),
    ]
