"""The forms of answers at their own door: filled in, looked at, sent, kept; without scripts."""

from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from accounts.models import Client, User
from handoffs.models import Answer, Handoff, Run
from handoffs.states import HandoffKind, Verb
from reviews import claims
from reviews.models import Decision, Draft
from tests import factories
from tests.factories import Shop
from tests.reviews.waiting import put

pytestmark = pytest.mark.django_db

RECOVERY = {
    "tool": "payments",
    "input": {"order_id": "#W1", "amount": {"amount": "12.00", "currency": "EUR"}, "lines": []},
    "tools": [{"id": "bank", "label": "Bank transfer"}],
    "routes": [{"id": "voucher", "label": "Offer a voucher"}],
    "scope": [{"id": "refund", "label": "The refund"}, {"id": "mail", "label": "The mail"}],
    "input_schema": {
        "type": "object",
        "properties": {
            "order_id": {"type": "string", "minLength": 2},
            "amount": {
                "type": "object",
                "properties": {
                    "amount": {"type": "string", "pattern": "^[0-9]+[.][0-9]{2}$"},
                    "currency": {"enum": ["EUR", "USD"]},
                },
                "required": ["amount", "currency"],
            },
            "lines": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "sku": {"type": "string"},
                        "due": {"type": "string", "format": "date"},
                    },
                    "required": ["sku"],
                },
            },
        },
        "required": ["order_id", "amount"],
    },
}
TASK = {"a/objective": "Refund Kim", "a/risk_tolerance": "low", "a/success": "Kim has the money"}


def address(name: str, handoff: Handoff, verb: str) -> str:
    return reverse(f"reviews:{name}", args=[handoff.id, verb])


@pytest.fixture
def hold(shop: Shop, bot: Client, ann: User) -> Any:
    """Put a handoff of a kind on ann's desk, opened."""

    def make(kind: HandoffKind, **brief: Any) -> Handoff:
        handoff = put(shop, bot, kind=kind, proposal=None, tier="", brief={"ask": "How?", **brief})
        claims.pick(handoff.id, by=ann, now=timezone.now())
        return handoff

    return make


def fill(desk: Browser, handoff: Handoff, verb: str, **typed: str) -> Any:
    """Look at what it changes, then send exactly that."""
    looked = desk.post(address("fill-in", handoff, verb), typed)
    seen = looked.context["page"].seen
    return desk.post(address("send", handoff, verb), typed | {"seen": seen, "queue": "refunds"})


def text(answer: Any) -> str:
    return str(answer.content.decode())


def test_a_person_defines_the_task(desk: Browser, hold: Any) -> None:
    handoff = hold(HandoffKind.TASK_DEFINITION)
    page = text(desk.get(reverse("reviews:handoff", args=[handoff.id])))
    assert address("fill-in", handoff, "define") in page

    sent = fill(desk, handoff, "define", **TASK, **{"a/constraints": "be kind\r\nbe quick"})

    assert sent.status_code == 302
    wanted = {
        "objective": "Refund Kim",
        "constraints": ["be kind", "be quick"],
        "risk_tolerance": "low",
        "success": "Kim has the money",
    }
    assert Answer.objects.get(handoff=handoff).details == {"task": wanted}
    assert Run.objects.get(id=handoff.run_id).task == wanted
    assert Decision.objects.get(handoff=handoff).details == {"task": wanted}


def test_a_task_as_the_agent_sent_it_can_be_taken_as_it_is(desk: Browser, hold: Any) -> None:
    handoff = hold(HandoffKind.TASK_DEFINITION)
    task = {"objective": "Refund Kim", "risk_tolerance": "low", "success": "Kim has it"}
    Run.objects.filter(id=handoff.run_id).update(task=task)

    fill(desk, handoff, "define", **{f"a/{name}": said for name, said in task.items()})

    answer = Answer.objects.get(handoff=handoff)
    assert (answer.details, answer.edits) == ({"task": task}, [])


def test_an_unfinished_task_is_shown_again_with_what_lacks(desk: Browser, hold: Any) -> None:
    handoff = hold(HandoffKind.TASK_DEFINITION)

    sent = desk.post(address("send", handoff, "define"), TASK | {"a/success": ""})

    assert sent.status_code == 422
    assert sent.context["page"].fields[3].error
    assert sent.context["page"].fields[0].value == "Refund Kim"
    assert not Answer.objects.exists()


def test_an_input_is_mended_and_bound(desk: Browser, hold: Any) -> None:
    handoff = hold(HandoffKind.RECOVERY, recovery=RECOVERY)
    typed = {
        "a/order_id": "#W2",
        "a/amount/amount": "12.00",
        "a/amount/currency": "USD",
        "a/lines~rows": "2",
        "a/lines/0/sku": "T-1",
        "a/lines/0/due": "2026-12-01",
        "a/lines/1/sku": "",
        "a/lines/1/due": "",
    }

    assert fill(desk, handoff, "patch_input", **typed).status_code == 302

    answer = Answer.objects.get(handoff=handoff)
    assert answer.verb == Verb.PATCH_INPUT
    assert answer.arguments == (
        '{"amount":{"amount":"12.00","currency":"USD"},"lines":[{"due":"2026-12-01","sku":"T-1"}],'
        '"order_id":"#W2"}'
    )
    assert {edit["path"] for edit in answer.edits} == {
        "input.order_id",
        "input.amount.currency",
        "input.lines",
    }


def test_what_the_schema_refuses_is_said_before_anything_is_sent(desk: Browser, hold: Any) -> None:
    handoff = hold(HandoffKind.RECOVERY, recovery=RECOVERY)
    typed = {"a/order_id": "#W2", "a/amount/amount": "12", "a/amount/currency": "EUR"}

    page = desk.post(address("fill-in", handoff, "patch_input"), typed).context["page"]

    money = page.fields[1]
    assert (money.kind, bool(money.children[0].error), page.sends) == ("money", True, False)


def test_a_row_is_added_without_scripts_and_stays_when_looked_at(desk: Browser, hold: Any) -> None:
    handoff = hold(HandoffKind.RECOVERY, recovery=RECOVERY)
    url = address("fill-in", handoff, "patch_input")

    one = desk.post(url, {"~add": "a/lines", "a/lines~rows": "0"}).context["page"].fields[2]
    two = desk.post(url, {"~add": "a/lines", "a/lines~rows": "1", "a/lines/0/sku": "T"})

    assert [len(one.children), len(two.context["page"].fields[2].children)] == [1, 2]
    assert two.context["page"].fields[2].children[0].children[0].value == "T"
    assert 'name="~add" value="a/lines"' in text(two)


@pytest.mark.parametrize(
    ("verb", "typed", "details"),
    [
        ("switch_tool", {"a/tool": "bank"}, {"tool": "bank"}),
        ("reroute", {"a/route": "voucher"}, {"route": "voucher"}),
        (
            "narrow_scope",
            {"a/keep": "1", "a/keep/0": "on"},
            {"keep": ["refund"], "leave_out": ["mail"]},
        ),
    ],
)
def test_another_way_on_is_chosen(
    desk: Browser, hold: Any, verb: str, typed: dict[str, str], details: dict[str, Any]
) -> None:
    handoff = hold(HandoffKind.RECOVERY, recovery=RECOVERY)
    assert desk.get(address("fill-in", handoff, verb)).status_code == 200

    sent = desk.post(
        address("send", handoff, verb), typed | {"a/instruction": "Slowly", "queue": "refunds"}
    )

    answer = Answer.objects.get(handoff=handoff)
    assert sent.status_code == 302
    assert (answer.verb, answer.details, answer.message) == (verb, details, "Slowly")


def test_nothing_left_out_is_said_in_a_sentence(desk: Browser, hold: Any) -> None:
    handoff = hold(HandoffKind.RECOVERY, recovery=RECOVERY)
    typed = {"a/keep": "1", "a/keep/0": "on", "a/keep/1": "on"}

    sent = desk.post(address("send", handoff, "narrow_scope"), typed)

    assert sent.status_code == 422
    assert not Answer.objects.exists()


def test_what_was_typed_is_there_on_another_device(
    desk: Browser, client: Browser, hold: Any, ann: User
) -> None:
    handoff = hold(HandoffKind.TAKEOVER)
    desk.post(
        address("fill-in", handoff, "hand_back"),
        {"a/done": "Called Kim", "words": "because", "csrfmiddlewaretoken": "secret"},
        headers={"HX-Request": "true"},
    )
    other = Browser()
    other.force_login(ann)

    page = other.get(address("fill-in", handoff, "hand_back")).context["page"]

    assert (page.fields[0].value, page.words) == ("Called Kim", "because")
    assert "secret" not in str(Draft.objects.get(handoff=handoff).body)


def test_what_was_refused_is_kept_too(desk: Browser, hold: Any) -> None:
    handoff = hold(HandoffKind.TAKEOVER)
    desk.post(address("send", handoff, "hand_back"), {"a/done": "Called Kim", "a/left": ""})

    page = desk.get(address("fill-in", handoff, "hand_back")).context["page"]

    assert page.fields[0].value == "Called Kim"


def test_a_form_is_only_there_where_its_answer_is(desk: Browser, held: Handoff) -> None:
    for verb in ("define", "hand_back", "approve", "nonsense"):
        assert desk.get(address("fill-in", held, verb)).status_code == 404
        assert desk.post(address("send", held, verb), TASK).status_code == 404


def test_agents_words_in_a_form_are_marked(desk: Browser, hold: Any) -> None:
    tools = [{"id": "bank", "label": "Bank\u202etransfer <b>"}]
    handoff = hold(HandoffKind.RECOVERY, recovery={"tools": tools, "input": {"a\u202e": "b"}})

    assert "Bank⟦U+202E⟧transfer &lt;b&gt;" in text(
        desk.get(address("fill-in", handoff, "switch_tool"))
    )
    assert ">A⟦U+202E⟧" in text(desk.get(address("fill-in", handoff, "patch_input")))


def test_a_lost_claim_keeps_what_was_typed(desk: Browser, hold: Any, ann: User, ben: User) -> None:
    handoff = hold(HandoffKind.TAKEOVER)
    claims.give_back(handoff.id, by=ann, now=timezone.now())
    claims.pick(handoff.id, by=ben, now=timezone.now())

    sent = desk.post(
        address("send", handoff, "hand_back"), {"a/done": "Called Kim", "a/left": "The rest"}
    )

    assert sent.status_code == 409
    kept = Draft.objects.get(handoff=handoff, reviewer=ann).body
    assert "Called Kim" in str(kept)
    assert factories.brief_payload()["ask"] not in text(sent)
