"""A whole workflow in one file: read, refused with line and reason, written byte for byte again."""

from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from accounts.models import User
from governance import maps, marked_yaml, workflow_files, workflow_schema
from governance.workflow_schema import BadFile
from handoffs import queries
from handoffs.actors import SYSTEM
from handoffs.models import (
    ActionType,
    AuditEntry,
    MatrixRow,
    Queue,
    QueueGroupPermission,
    RiskTierMap,
    Workflow,
)
from tests import factories

FILE = """\
workflow: library-loans
name: Library loans
purpose: Waives fees and orders books.
review_on: 2027-02-01
queues:
  desk:
    name: Front desk
    teams: [librarians]
    depth_limit: 50
    pick_allowed: true
    lease_seconds: 120
  head:
    name: Head of library
    teams: [heads]
action_types:
  waive_fee:
    title: Waive {amount} EUR for {reader}
    impact: low
    reversibility: irreversible
    required_context: [Fee]
    arguments:
      type: object
      properties:
        reader: {type: string}
        amount: {type: number, maximum: 99.5}
      required: [reader, amount]
  order_book:
    title: Order {isbn}
    impact: high
    reversibility: irreversible
    latency_tolerance: days
    arguments: {type: object, properties: {isbn: {type: string}}}
map:
  default: autonomous
  rules:
    - id: large-fee
      tier: hard_approval
      when: {signal: values.amount, op: ">", value: 20}
      because: The fee is above 20.00 EUR
cases:
  - name: one more
    action_type: waive_fee
    signals: {values: {amount: 21}}
    tier: hard_approval
    rules: [large-fee]
  - {name: not more, action_type: waive_fee, signals: {values: {amount: 20}}, tier: notify}
matrix:
  - role: librarians
    queue: desk
    deadline: 8h
    ladder:
      - {role: heads, queue: head, deadline: 4h}
    fallback: reject
  - action_type: order_book
    tier: hard_approval
    role: heads
    queue: head
    deadline: 2d
    fallback: hold
"""
# the same, with another limit and the cases that go with it
STRICTER = (FILE.replace("value: 20", "value: 10").replace("amount: 21", "amount: 11")).replace(
    "amount: 20", "amount: 10"
)


@pytest.fixture
def now() -> datetime:
    return timezone.now()


def load(text: str = FILE, **options: Any) -> workflow_files.Loaded:
    return workflow_files.load(text, by=SYSTEM, now=timezone.now(), **options)


def everything() -> list[Any]:
    """All that a file could change, to compare."""
    kinds = (Workflow, Queue, ActionType, MatrixRow, RiskTierMap, QueueGroupPermission, Group)
    return [list(kind.objects.order_by("pk").values()) for kind in (*kinds, AuditEntry)]


def problems(text: str) -> list[tuple[int, str]]:
    with pytest.raises(BadFile) as refused:
        workflow_schema.read(text)
    return [(problem.line, problem.message) for problem in refused.value.problems]


def line_of(text: str, part: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if part in line)


def test_a_file_makes_the_workflow_with_its_queues_teams_map_and_matrix(db: None) -> None:
    workflow = load().workflow

    assert workflow.launched_at is None
    assert set(workflow.action_types.values_list("name", flat=True)) == {"waive_fee", "order_book"}
    assert workflow.maps.get().state == "published"
    desk = Queue.objects.get(slug="desk")
    assert (desk.depth_limit, desk.pick_allowed, desk.lease_seconds) == (50, True, 120)
    granted = QueueGroupPermission.objects.get(content_object=desk)
    assert (granted.group.name, granted.permission.codename) == ("librarians", "work_queue")
    wide = workflow.rows.get(action_type=None)
    (step,) = wide.steps.all()
    assert (wide.deadline_seconds, wide.fallback) == (8 * 3600, "reject")
    assert (step.level, step.role.name, step.queue.slug, step.seconds) == (
        2,
        "heads",
        "head",
        14400,
    )
    assert AuditEntry.objects.filter(action="workflow.imported").count() == 1


def test_a_file_launches_when_asked(db: None) -> None:
    assert load(launch=True).workflow.launched_at


def test_what_is_exported_imports_to_the_same_bytes(db: None) -> None:
    first = workflow_files.export(load().workflow)

    again = workflow_files.export(load(first).workflow)

    assert again == first
    assert workflow_files.export(load(again).workflow) == first


def test_a_workflow_made_elsewhere_exports_and_imports_to_the_same_bytes(
    shop: factories.Shop,
) -> None:
    first = workflow_files.export(shop.workflow)

    assert workflow_files.export(load(first).workflow) == first


def test_importing_the_same_again_makes_no_new_version_and_no_entry(db: None) -> None:
    load()
    before = everything()

    loaded = load()

    after = everything()
    assert loaded.before == loaded.after
    assert after[1:] == before[1:]


def test_a_changed_map_is_a_new_version_and_ends_the_old_one(db: None) -> None:
    load()

    workflow = load(STRICTER).workflow

    old, new = workflow.maps.order_by("version")
    assert old.superseded_at == new.effective_at
    assert workflow.maps.in_force().get() == new


def test_what_the_file_no_longer_has_is_gone(db: None) -> None:
    load()
    cut = FILE[: FILE.index("  order_book:")] + FILE[FILE.index("map:") :]
    cut = cut[: cut.index("  - action_type: order_book")]

    workflow = load(cut).workflow

    assert list(workflow.action_types.values_list("name", flat=True)) == ["waive_fee"]
    assert workflow.rows.count() == 1


def test_a_row_that_the_file_no_longer_has_is_gone_though_its_action_type_stays(db: None) -> None:
    load()

    workflow = load(FILE[: FILE.index("  - action_type: order_book")]).workflow

    assert workflow.action_types.count() == 2
    assert [row.action_type for row in queries.rows_from(workflow, timezone.now())] == [None]


def test_a_dry_run_tells_what_would_change_and_changes_nothing(db: None) -> None:
    load()
    before = everything()

    loaded = load(FILE.replace("50", "60"), dry_run=True)

    assert "depth_limit: 60" in loaded.after
    assert "depth_limit: 50" in loaded.before
    assert everything() == before


def test_a_dry_run_of_a_new_workflow_leaves_nothing(db: None) -> None:
    load(launch=True, dry_run=True)

    assert not Workflow.objects.exists()
    assert not Group.objects.filter(name="librarians").exists()


def test_an_owner_is_found_by_address(mia: User) -> None:
    workflow = load(FILE.replace("queues:", "owner: Mia@example.com\nqueues:", 1)).workflow

    assert workflow.owner == mia


def test_an_unknown_owner_is_refused_with_the_line_and_nothing_changes(db: None) -> None:
    text = FILE.replace("queues:", "owner: nobody@example.com\nqueues:", 1)
    before = everything()

    with pytest.raises(BadFile) as refused:
        load(text)

    assert refused.value.problems[0].line == line_of(text, "owner:")
    assert everything() == before


BROKEN = {
    "an unknown key": ("name: Library loans", "nmae: Library loans", "nmae", "not known"),
    "a missing key": ("name: Library loans\n", "", None, "name is missing"),
    "a word for a number": ("depth_limit: 50", "depth_limit: fifty", "fifty", "whole number"),
    "a number for a word": ("name: Front desk", "name: 7", "name: 7", "text belongs here"),
    "yes for true": ("pick_allowed: true", "pick_allowed: 1", "pick_allowed", "true or false"),
    "a day that is none": ("2027-02-01", "2027-02-31", "2027-02-31", "no day"),
    "an impact that is none": ("impact: low", "impact: middling", "middling", "'low' or 'high'"),
    "a queue without a team": ("teams: [librarians]", "teams: []", "teams: []", "at least 1"),
    "a row's queue that is none": ("queue: head\n    deadline: 2d", "queue: attic", "attic", "none of desk"),  # noqa: E501
    "a row's action type that is none": ("action_type: order_book", "action_type: burn_book", "burn_book", "none of"),  # noqa: E501
    "a tier that is none": ("    tier: hard_approval\n    role", "    tier: harder\n    role", "harder", "none of autonomous"),  # noqa: E501
    "a time that is none": ("deadline: 8h", "deadline: soon", "soon", "30m, 4h or 2d"),
    "no time at all": ("deadline: 8h", "deadline: 0h", "0h", "30m, 4h or 2d"),
    "the ladder of before": ("    ladder:\n      - {role: heads, queue: head, deadline: 4h}\n", "    escalate_to: {role: heads, queue: head}\n", "escalate_to:", "is now the ladder"),  # noqa: E501
    "the fallback of before": ("fallback: reject", "fallback: escalate", "fallback: escalate", "happens above the last level"),  # noqa: E501
    "a fallback that is none": ("fallback: reject", "fallback: shrug", "shrug", "none of reject, approve, fail, hold"),  # noqa: E501
    "a queue's overflow that is none": ("lease_seconds: 120", "overflow: attic", "overflow: attic", "none of desk"),  # noqa: E501
    "minutes that are none": ("lease_seconds: 120", "work_minutes_limit: 0", "work_minutes_limit", "at least 1 belongs here"),  # noqa: E501
    "overflow in a circle": ("teams: [heads]", "teams: [heads]\n    overflow: desk\n  desk2: {name: D, teams: [heads], overflow: desk2}", "overflow: desk2", "come back to where it began"),  # noqa: E501
    "overflow and a pause": ("deadline: 8h", "deadline: 8h\n    overflow: head\n    at_limit: pause", "at_limit:", "only one of them"),  # noqa: E501
    "a limit that is met by a shrug": ("deadline: 8h", "deadline: 8h\n    at_limit: shrug", "at_limit:", "'overflow' or 'pause'"),  # noqa: E501
    "climbing to no queue": ("queue: head, deadline: 4h}", "queue: attic, deadline: 4h}", "attic", "none of desk"),  # noqa: E501
    "a ladder that ends in nothing": ("    fallback: reject\n", "", None, "ends in nothing"),
    "the same row twice": ("- action_type: order_book\n    tier: hard_approval\n    role", "- role", "- role: heads", "exactly the same"),  # noqa: E501
    "a condition that is none": ("op: \">\"", "op: \"=>\"", "=>", "belongs here"),
    "a signal that is none": ("values.amount, op", "amount, op", "signal: amount", "not a name policy reads"),  # noqa: E501
    "a default that is none": ("default: autonomous", "default: auto", "default: auto", "One of"),
    "a rule below the floor": ("tier: hard_approval\n      when: {signal: values.amount, op: \">\", value: 20}", "tier: notify\n      when: {signal: action_type, op: ==, value: order_book}", "id: large-fee", "never goes below"),  # noqa: E501
    "a schema that is none": ("{type: object, properties: {isbn: {type: string}}}", "{type: thing}", "{type: thing}", "order_book"),  # noqa: E501
    "more seats than approvers": ("deadline: 8h", "deadline: 8h\n    safeguards: {seats: [heads, librarians]}", "seats:", "2 seats for 1 approver"),  # noqa: E501
    "a majority of two": ("deadline: 8h", "deadline: 8h\n    safeguards: {approvers: 2, tie_break: majority}", "tie_break:", "split evenly"),  # noqa: E501
    "a queue nobody sends to": ("queues:\n", "queues:\n  attic: {name: Attic, teams: [ghosts]}\n", "attic:", "Remove it"),  # noqa: E501
    "a name with spaces": ("workflow: library-loans", "workflow: Library Loans", "workflow:", "small letters"),  # noqa: E501
    "a key twice": ("purpose:", "name: Twice\npurpose:", "name: Twice", "stands twice"),
    "an alias": ("teams: [librarians]", "teams: &t [librarians]", "&t", "Anchors"),
    "a tag": ("name: Front desk", "name: !!python/name:os.system x", "!!python", "tag"),
    "a tab": ("  desk:", "\tdesk:", "\tdesk:", "Not YAML"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_refused_with_line_and_reason(name: str) -> None:
    old, new, marked, reason = BROKEN[name]
    assert old in FILE
    text = FILE.replace(old, new, 1)

    found = problems(text)

    assert any(reason in message for _, message in found), found
    if marked is not None:
        said = [line for line, message in found if reason in message]
        assert said[0] == line_of(text, marked), found


def test_every_problem_is_told_at_once_in_the_order_of_the_file() -> None:
    text = FILE.replace('op: ">"', 'op: "=>"').replace("deadline: 8h", "deadline: soon")
    text = text.replace("2027-02-01", "tomorrow").replace("[reader, amount]", "reader")

    found = problems(text)

    assert len(found) >= 4
    assert [line for line, _ in found] == sorted(line for line, _ in found)


def test_several_broken_rules_are_all_named() -> None:
    rule = """\
    - id: other
      tier: hardest
      when: {missing: confidence}
      because: It does not say how sure it is
"""
    text = FILE.replace('op: ">"', 'op: "=>"').replace("cases:", f"{rule}cases:")

    found = problems(text)

    assert [line for line, _ in found] == [line_of(text, "=>"), line_of(text, "hardest")]


def test_a_gap_is_refused_before_anything_is_stored(db: None) -> None:
    start = FILE.index("  - role: librarians")
    text = FILE[:start] + FILE[FILE.index("  - action_type: order_book") :]
    text = text.replace("  desk:\n", "  spare:\n").replace("  spare:", "  desk:")
    text = text[: text.index("  desk:")] + text[text.index("  head:") :]
    before = everything()

    with pytest.raises(BadFile, match="Nobody has authority over waive_fee"):
        load(text)

    assert everything() == before


def test_a_broken_file_changes_nothing_also_halfway(
    shop: factories.Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = everything()
    monkeypatch.setattr(workflow_files, "_load_map", lambda *_, **__: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        load()

    assert everything() == before


@pytest.mark.parametrize(
    "text",
    [
        "",
        "just words",
        "- a\n- list",
        "null",
        "a: b: c",
        "{" * 5000,
        "[" * 5000 + "]" * 5000,
        "a:\n" + "".join(" " * n + f"k{n}:\n" for n in range(1, 200)),
        "\x00",
        "workflow: x\n\x1b[31m",
        "? {a: b}\n: c",
        "workflow: x\n---\nworkflow: y",
        "<<: {a: b}",
        "workflow: =",
        "a: &x [1]\nb: [*x, *x]",
        "%TAG ! tag:evil,2000:\n---\na: !x 1",
        "workflow: " + "x" * 600_000,
        "1: 2",
        "workflow: 0o7777777777777777777777",
    ],
)
def test_what_is_no_workflow_is_refused_and_never_crashes(text: str) -> None:
    assert problems(text)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=20),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=8),
        inner,
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@given(json_values)
def test_whatever_is_written_is_read_as_it_was(value: Any) -> None:
    text = yaml.dump(
        {"value": value}, Dumper=workflow_files._Dumper, sort_keys=False, allow_unicode=True
    )

    assert marked_yaml.read(text)[0] == {"value": value}


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_with_a_line(text: str) -> None:
    try:
        marked_yaml.read(text)
    except marked_yaml.NotYaml as refused:
        assert refused.line >= 1


class TestTheCommand:
    def run(self, *args: str) -> str:
        out = StringIO()
        call_command("workflow", *args, stdout=out)
        return out.getvalue()

    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        path = tmp_path / "library.yaml"
        path.write_text(FILE)
        return path

    def test_imports_and_shows_the_changes(self, db: None, file: Path) -> None:
        said = self.run("import", str(file))
        for group in Group.objects.all():
            factories.UserFactory(roles=["reviewer"], groups=[group])
        self.run("import", str(file), "--launch")

        assert "+workflow: library-loans" in said
        assert Workflow.objects.get().launched_at

    def test_launches_nothing_into_an_empty_room(self, db: None, file: Path) -> None:
        with pytest.raises(CommandError, match="Nobody holds the role heads"):
            self.run("import", str(file), "--launch")

        assert not Workflow.objects.exists()

    def test_says_when_there_is_nothing_to_change(self, db: None, file: Path) -> None:
        self.run("import", str(file))

        assert "already was" in self.run("import", str(file))

    def test_exports_to_a_file_what_it_shows_on_screen(self, db: None, file: Path) -> None:
        self.run("import", str(file))
        there = file.with_name("out.yaml")

        shown = self.run("export", "library-loans")
        self.run("export", "library-loans", "-o", str(there))

        assert there.read_text() == shown

    def test_refuses_with_file_line_and_reason(self, db: None, file: Path) -> None:
        file.write_text(FILE.replace("deadline: 8h", "deadline: soon"))

        for verb in ("import", "validate"):
            with pytest.raises(CommandError) as refused:
                self.run(verb, str(file))
            line = line_of(FILE, "deadline: 8h")
            assert f"{file}:{line}: A time such as" in str(refused.value)
            assert "Nothing was changed." in str(refused.value)
        assert not Workflow.objects.exists()

    def test_validates_without_a_database(self, file: Path) -> None:
        assert "2 action types, 1 rules, 2 cases, 2 rows" in self.run("validate", str(file))

    def test_refuses_what_is_not_utf_8(self, file: Path) -> None:
        file.write_bytes(b"workflow: x\nname: \xff\n")

        with pytest.raises(CommandError, match=":2: This is not UTF-8"):
            self.run("validate", str(file))

    def test_names_what_there_is_when_asked_for_another(self, shop: factories.Shop) -> None:
        with pytest.raises(CommandError, match="There are: retail-support"):
            self.run("export", "retial-support")


@pytest.mark.parametrize(
    "file", sorted((Path(__file__).parents[2] / "demo" / "workflows").glob("*.yaml")), ids=str
)
def test_the_demos_files_hold(file: Path) -> None:
    workflow_schema.read(file.read_text())


SIGNED = FILE.replace("matrix:", "sign_offs: [compliance, product]\nmatrix:")
SIGNED_STRICTER = STRICTER.replace("matrix:", "sign_offs: [compliance, product]\nmatrix:")


class TestSignatures:
    """A file whose workflow asks for signatures changes everything but the map."""

    def test_the_first_map_was_signed_where_the_file_lives(self, db: None) -> None:
        loaded = load(SIGNED, launch=True)

        assert loaded.draft is None
        assert loaded.workflow.maps.in_force().get().signed == []
        assert b"where the file lives" in bytes(AuditEntry.objects.get(action="map.published").body)

    def test_the_next_one_stays_a_draft_and_says_who_must_sign(self, db: None) -> None:
        load(SIGNED)

        loaded = load(SIGNED_STRICTER)

        assert loaded.draft is not None
        assert (loaded.draft.version, loaded.draft.state) == (2, "draft")
        assert loaded.awaited == (
            "Product has not signed yet.",
            "Compliance has not signed yet.",
        )
        assert loaded.workflow.maps.in_force().get().version == 1

    def test_the_same_file_again_makes_no_second_draft(self, db: None) -> None:
        load(SIGNED)
        first = load(SIGNED_STRICTER).draft

        assert load(SIGNED_STRICTER).draft == first

    def test_a_file_cannot_drop_the_signatures_and_change_the_map_at_once(self, db: None) -> None:
        load(SIGNED)

        loaded = load(STRICTER)

        assert loaded.draft is not None
        assert loaded.workflow.maps.in_force().get().version == 1

    def test_a_change_of_cases_alone_is_a_new_version(self, db: None) -> None:
        load()

        workflow = load(FILE.replace("name: one more", "name: twenty-one")).workflow

        assert workflow.maps.in_force().get().version == 2

    def test_the_command_says_what_is_awaited(self, db: None, tmp_path: Path) -> None:
        load(SIGNED)
        (tmp_path / "loans.yaml").write_text(SIGNED_STRICTER)
        told = StringIO()

        call_command("workflow", "import", str(tmp_path / "loans.yaml"), stdout=told)

        assert "version 2 is a draft until it is signed" in told.getvalue()
        assert "  Compliance has not signed yet." in told.getvalue()


@pytest.mark.parametrize(
    ("broken", "by", "marked", "reason"),
    [
        ("tier: notify}", "tier: loud}", "not more", "belongs here"),
        ("name: one more", "name: not more", "name: not more, action", "two cases"),
        ("amount: 21", "amount: 19", "name: one more", "should fire and does not"),
        ("  - {name: not more", "  # {name: not more", "id: large-fee", "stops"),
        (
            "action_type: waive_fee\n",
            "action_type: waive\n",
            "name: one more",
            "not an action type",
        ),
        ("matrix:", "sign_offs: [ceo]\nmatrix:", "sign_offs", "belongs here"),
        ("tier: notify}", "tier: notify, mood: good}", "not more", "not known"),
    ],
)
def test_broken_cases_are_refused_with_line_and_reason_and_change_nothing(
    db: None, broken: str, by: str, marked: str, reason: str
) -> None:
    load()
    before = workflow_files.export(Workflow.objects.get())
    text = FILE.replace(broken, by)

    found = problems(text)

    assert any(line == line_of(text, marked) and reason in said for line, said in found), found
    with pytest.raises(BadFile):
        load(text)
    assert workflow_files.export(Workflow.objects.get()) == before


LEGAL = {
    "id": "legal-words",
    "tier": "hard_approval",
    "when": {"fields": ["brief.ask"], "op": "contains_any", "list": "legal-words"},
    "because": "Someone writes of a lawyer",
    "if_missing": "does_not_fire",
}
_TIERS = st.sampled_from(["soft_review", "hard_approval", "hard_stop"])
_RULES = st.lists(
    st.builds(
        lambda signal, op, value, tier, missing: {
            "tier": tier,
            "when": {"signal": signal, "op": op, "value": value},
            "because": "It is so",
            "if_missing": missing,
        },
        st.sampled_from(["values.amount", "arguments.amount", "confidence"]),
        st.sampled_from(["<", ">", ">=", "<="]),
        st.floats(0.1, 0.9).map(lambda value: round(value, 3)),
        _TIERS,
        st.sampled_from(["fires", "does_not_fire"]),
    ),
    max_size=3,
)


@pytest.mark.slow
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rules=_RULES, zone=st.sampled_from(["UTC", "Europe/Berlin"]), asked=st.booleans())
def test_whatever_can_be_published_exports_and_imports_to_the_same_bytes(
    db: None, rules: list[dict[str, Any]], zone: str, asked: bool
) -> None:
    with transaction.atomic():
        load(SIGNED if asked else FILE)
        data = yaml.safe_load(FILE)
        data["review_on"] = "2027-02-01"
        data["map"] = data["map"] | {
            "time_zone": zone,
            "lists": {"legal-words": {"kind": "keywords", "entries": ["sue", "Anwältin"]}},
            "rules": [LEGAL, *({"id": f"r{n}", **rule} for n, rule in enumerate(rules))],
        }
        workflow = Workflow.objects.get(slug="library-loans")
        drafted = factories.draft_map(workflow, **data["map"])
        if maps.content_problems(drafted):
            transaction.set_rollback(True)
            assume(False)
        Workflow.objects.update(sign_offs=[])
        workflow.refresh_from_db()
        drafted.workflow.refresh_from_db()
        maps.publish(drafted, by=SYSTEM, now=timezone.now())

        text = workflow_files.export(workflow)
        again = load(text)

        assert (again.before, again.after, again.draft) == (text, text, None)
        assert (f"time_zone: {zone}" in text) == (zone != "UTC")
        assert "Anwältin" in text
        elsewhere = text.replace("workflow: library-loans", "workflow: elsewhere")
        assert workflow_files.export(load(elsewhere).workflow) == elsewhere
        transaction.set_rollback(True)


WHOLE = """  - role: librarians
    queue: desk
    overflow: head
    deadline: 8h
    business_time: true
    urgent: 30m
    ladder:
      - {role: heads, queue: head, deadline: 90m, required_context: [Fee, Reader]}
      - {role: heads, queue: desk, deadline: 1d}
    fallback: hold
    email: "no"
    latency_tolerance: days
    batch: 10m
    safeguards: {minimum_seconds: 5, challenge: true, evidence: none}
    ends: 2099-01-01T00:00:00+00:00
  - role: librarians
    queue: desk
    at_limit: pause
    fallback: fail
    starts: 2099-01-01T00:00:00+00:00
"""
HOURS = """    lease_seconds: 120
    work_minutes_limit: 90
    overflow: head
    time_zone: Europe/Berlin
    hours: {tuesday: ["09:00-12:00", "13:00-17:00"], monday: ["10:00-16:00"]}
    holidays: {"2027-01-06": Epiphany, "2026-12-24": Christmas Eve}
"""


def test_all_that_a_row_and_a_queue_can_say_goes_out_and_in_to_the_same_bytes(db: None) -> None:
    start = FILE.index("  - role: librarians\n    queue: desk")
    text = FILE[:start] + WHOLE + FILE[FILE.index("  - action_type: order_book", start) :]
    load(text.replace("    lease_seconds: 120\n", HOURS, 1))

    first = workflow_files.export(Workflow.objects.get())
    load(first)
    versions = MatrixRow.objects.count()
    load(first)

    assert workflow_files.export(Workflow.objects.get()) == first
    assert MatrixRow.objects.count() == versions == 3
    for part in ("overflow: head", "required_context:", "email: 'no'", "batch: 10m", "ends: ",
                 "starts: ", "challenge: always", "Epiphany", "zone: Europe/Berlin",
                 "at_limit: pause", "work_minutes_limit: 90"):  # fmt: skip
        assert part in first, part
    assert first.count("overflow: head") == 2


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("time_zone: Europe/Berlin", "time_zone: Mars/Base", "Mars/Base is no time zone"),
        ("10:00-16:00", "16:00-10:00", "a night goes over two days"),
        ("2027-01-06", "2027-02-30", "2027-02-30 is no day"),
    ],
)
def test_hours_that_are_none_are_refused_with_their_line(old: str, new: str, reason: str) -> None:
    text = FILE.replace("    lease_seconds: 120\n", HOURS, 1).replace(old, new)

    assert any(reason in message for _, message in problems(text))


def chained(*ways: tuple[str, str]) -> str:
    text = FILE.replace("queues:\n", "queues:\n  attic:\n    name: Attic\n    teams: [heads]\n")
    text = text.replace("queue: head, deadline: 4h", "queue: attic, deadline: 4h")
    for one, into in ways:
        text = text.replace(f"  {one}:\n", f"  {one}:\n    overflow: {into}\n")
    return text


def ways() -> dict[str, str | None]:
    return dict(Queue.objects.values_list("slug", "overflow_queue__slug"))


def test_queues_overflow_as_the_file_says_and_it_can_be_turned_round(db: None) -> None:
    load(chained(("head", "desk"), ("desk", "attic")))
    assert ways() == {"head": "desk", "desk": "attic", "attic": None}

    load(chained(("attic", "desk"), ("desk", "head")))

    assert ways() == {"attic": "desk", "desk": "head", "head": None}


def test_a_circle_that_a_row_begins_and_a_queue_closes_is_refused() -> None:
    text = chained(("head", "desk")).replace("deadline: 8h", "deadline: 8h\n    overflow: head")

    assert any("goes in a circle: desk → head → desk" in said for _, said in problems(text))
