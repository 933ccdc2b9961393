from django.db import migrations, models


class Migration(migrations.Migration):
    """Sources are drawn as their certificate says; those that do not say so are measured anew."""

    dependencies = [
        ("oversight", "0018_told_of_several_at_once"),
    ]

    operations = [
        migrations.AddField(
            model_name="faultcertificate", name="draws", field=models.JSONField(default=dict)
        ),
        migrations.RunSQL(
            "delete from oversight_faultcertificate where state = 'holds'", migrations.RunSQL.noop
        ),
    ]
