"""The cache lives in PostgreSQL too: rate limits are shared by every process and need no broker."""

from django.db import migrations

CREATE = """
create table cache (
    cache_key varchar(255) primary key,
    value text not null,
    expires timestamptz not null
);
create index cache_expires on cache (expires);
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_people_and_keys")]
    operations = [migrations.RunSQL(CREATE, "drop table cache")]
