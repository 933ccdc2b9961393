from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("oversight", "0015_catch_rate"),
    ]

    operations = [
        migrations.AddField(
            model_name="chart",
            name="pooled",
            field=models.DateField(null=True),
        ),
    ]
