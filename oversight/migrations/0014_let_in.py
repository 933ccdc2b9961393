from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("oversight", "0013_staff_are_told_each_text")]

    operations = [
        migrations.RemoveConstraint(model_name="cohort", name="cohort_rate_within_cap"),
        # with what is stored the next draw settles it
        migrations.AddField(
            model_name="cohort",
            name="let_in",
            field=models.FloatField(default=0.02),
            preserve_default=False,
        ),
        migrations.AddConstraint(
            model_name="cohort",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("let_in__gt", 0), ("let_in__lte", 0.1), ("rate__gt", 0), ("rate__lte", 0.1)
                ),
                name="cohort_rate_within_cap",
            ),
        ),
    ]
