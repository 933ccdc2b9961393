"""Let what somebody wrote better at a blind test go with it; at a real one it stays as it is."""

from django.db import migrations

FORGET = """
drop trigger summary_append_only on reviews_summaryedit;
create trigger summary_append_only before update or delete on reviews_summaryedit
    for each row execute function overread_keep_judgement();
"""
KEEP = """
drop trigger summary_append_only on reviews_summaryedit;
create trigger summary_append_only before update or delete on reviews_summaryedit
    for each row execute function overread_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("reviews", "0048_a_plants_requester_has_a_name")]
    operations = [migrations.RunSQL(FORGET, KEEP)]
