"""Let a row ask for a second look at who it is before a link in an e-mail is answered."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("handoffs", "0019_say_more_than_words")]

    operations = [
        migrations.AlterField(
            model_name="matrixrow",
            name="email",
            field=models.CharField(
                choices=[
                    ("yes", "yes"),
                    ("sign_in", "sign_in"),
                    ("step_up", "step_up"),
                    ("no", "no"),
                ],
                default="sign_in",
                max_length=10,
            ),
        ),
    ]
