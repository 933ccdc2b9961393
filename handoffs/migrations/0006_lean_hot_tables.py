"""Spare every intake the locks on the rows of its workflow, queue, team and client."""

import django.db.models.deletion
from django.db import migrations, models

# What runs and handoffs name is never deleted. So a handoff can be stored without a foreign key
# locking the one row of its queue that every other intake wants to lock too.
KEPT = ("handoffs_workflow", "handoffs_queue", "accounts_client", "auth_group")
KEEP = """
create function overread_keep_named() returns trigger language plpgsql as $$
begin
    raise exception '% % is kept: runs and handoffs may name it', tg_table_name, old.id
        using errcode = 'restrict_violation', constraint = tg_table_name || '_is_kept';
end
$$;
""" + "".join(
    f"create trigger {table}_is_kept before delete on {table} "
    "for each row execute function overread_keep_named();\n"
    for table in KEPT
)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_access_changes"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("handoffs", "0005_long_external_ids_and_old_keys"),
    ]

    operations = [
        migrations.RunSQL(KEEP, "drop function overread_keep_named cascade"),
        migrations.AlterField(
            model_name="handoff",
            name="queue",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="handoffs",
                to="handoffs.queue",
            ),
        ),
        migrations.AlterField(
            model_name="handoff",
            name="role",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="auth.group",
            ),
        ),
        migrations.AlterField(
            model_name="handoff",
            name="workflow",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="handoffs.workflow",
            ),
        ),
        migrations.AlterField(
            model_name="idempotencyrecord",
            name="client",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="accounts.client",
            ),
        ),
        migrations.AlterField(
            model_name="run",
            name="client",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="runs",
                to="accounts.client",
            ),
        ),
        migrations.AlterField(
            model_name="run",
            name="workflow",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="runs",
                to="handoffs.workflow",
            ),
        ),
    ]
