"""A link in an e-mail: what it is bound to is written once, by a trigger's word."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import handoffs.ids
import handoffs.models.fields

# What a link opens and for whom is settled when it is mailed; only its end may be written, and
# taken back when the answer it gave is taken back.
KEEP = """
create function overread_keep_link() returns trigger language plpgsql as $$
begin
    if (new.id, new.handoff_id, new.approver_id, new.round, new.level, new.seat, new.brief_version,
            new.brief_digest, new.token_digest, new.needs, new.mailed_to, new.made_at,
            new.expires_at)
        is distinct from (old.id, old.handoff_id, old.approver_id, old.round, old.level, old.seat,
            old.brief_version, old.brief_digest, old.token_digest, old.needs, old.mailed_to,
            old.made_at, old.expires_at) then
        raise exception 'link %: what it is bound to never changes', old.id
            using errcode = 'check_violation', constraint = 'link_keeps_what_it_is_bound_to';
    end if;
    if old.ended_because not in ('', 'used') and new.ended_because <> old.ended_because then
        raise exception 'link %: it ended because it was %', old.id, old.ended_because
            using errcode = 'check_violation', constraint = 'link_ends_once';
    end if;
    return new;
end
$$;
create trigger link_keep before update on reviews_approverlink
    for each row execute function overread_keep_link();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("handoffs", "0025_links_after_stepping_up"),
        ("reviews", "0012_keep_judgements"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ApproverLink",
            fields=[
                (
                    "id",
                    handoffs.models.fields.PublicIdField(
                        default=handoffs.ids.new_link,
                        max_length=40,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("round", models.PositiveIntegerField()),
                ("level", models.PositiveSmallIntegerField()),
                ("seat", models.CharField(max_length=150)),
                ("brief_version", models.PositiveIntegerField()),
                ("brief_digest", models.CharField(max_length=72)),
                ("token_digest", models.CharField(max_length=64, null=True)),
                (
                    "needs",
                    models.CharField(
                        choices=[("link", "link"), ("sign_in", "sign_in"), ("step_up", "step_up")],
                        max_length=10,
                    ),
                ),
                ("mailed_to", models.EmailField(max_length=254)),
                (
                    "made_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("expires_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "ended_because",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("used", "used"),
                            ("revoked", "revoked"),
                            ("moved", "moved"),
                            ("expired", "expired"),
                            ("not_theirs", "not_theirs"),
                        ],
                        default="",
                        max_length=10,
                    ),
                ),
                (
                    "approver",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "handoff",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="links",
                        to="handoffs.handoff",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=["approver", "expires_at"],
                        name="link_open",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("handoff", "approver", "round", "level", "brief_version"),
                        name="link_once_per_question",
                    ),
                    models.UniqueConstraint(fields=("token_digest",), name="link_token_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at__isnull", True), ("ended_because", "")),
                            models.Q(
                                ("ended_at__isnull", False),
                                models.Q(("ended_because", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="link_ended_has_cause",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("token_digest__isnull", False),
                            ("ended_because", "not_theirs"),
                            _connector="OR",
                        ),
                        name="link_without_token_never_opened",
                    ),
                ],
            },
        ),
        migrations.RunSQL(KEEP, "drop function overread_keep_link cascade;"),
    ]
