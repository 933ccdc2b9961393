"""Three more roles: those who sign maps."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_access_changes"),
    ]

    operations = [
        migrations.AlterField(
            model_name="user",
            name="roles",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(
                    choices=[
                        ("reviewer", "reviewer"),
                        ("approver", "approver"),
                        ("manager", "manager"),
                        ("workflow_owner", "workflow_owner"),
                        ("auditor", "auditor"),
                        ("product_signer", "product_signer"),
                        ("compliance_signer", "compliance_signer"),
                        ("engineering_signer", "engineering_signer"),
                    ],
                    max_length=20,
                ),
                blank=True,
                default=list,
                size=None,
            ),
        ),
    ]
