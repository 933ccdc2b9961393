"""Who is mailed about what, once, and what the mail says; sent by real SMTP."""

from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from accounts.models import Client, User
from accounts.roles import Role
from handoffs import answers, deliveries
from handoffs.actors import SYSTEM
from handoffs.models import AuditEntry, Handoff, OutboxMessage
from reviews import link_mails
from reviews.models import Absence, ApproverLink
from reviews.pages.link_mail import inert
from tests import factories
from tests.database import Databases
from tests.e2e.material import RICH
from tests.factories import Shop
from tests.handoffs.postbox import Postbox, postbox
from tests.reviews.approving import approver, mailed, path_in, put_by_email, send_mails
from tests.reviews.racing import all_at_once


@pytest.fixture
def box(settings: Any) -> Iterator[Postbox]:
    with postbox(settings) as box:
        yield box


@pytest.fixture
def zoe(shop: Shop) -> User:
    return approver(shop)


def look() -> int:
    return link_mails.send_due(now=timezone.now())


def to(box: Postbox) -> list[str]:
    return [str(mail["To"]) for mail in box.mails]


def test_an_approver_is_mailed_once_for_each_question(
    db: None, shop: Shop, bot: Client, zoe: User, box: Postbox
) -> None:
    put_by_email(shop, bot)
    put_by_email(shop, bot, "sign_in")

    for _ in range(3):
        send_mails(box)

    assert to(box) == ["zoe@example.com"] * 2
    assert ApproverLink.objects.count() == 2


def test_who_works_at_the_desk_is_not_mailed(
    db: None, shop: Shop, bot: Client, ann: User, mia: User, box: Postbox
) -> None:
    put_by_email(shop, bot)

    send_mails(box)

    assert to(box) == []


def test_who_is_away_is_mailed_when_they_are_back(
    db: None, shop: Shop, bot: Client, zoe: User, box: Postbox
) -> None:
    put_by_email(shop, bot)
    now = timezone.now()
    away = Absence.objects.create(
        person=zoe, starts_at=now - timedelta(hours=1), ends_at=now + timedelta(hours=1)
    )

    send_mails(box)
    assert to(box) == []
    away.delete()
    send_mails(box)
    assert to(box) == ["zoe@example.com"]


def test_what_still_gathers_is_mailed_when_it_is_offered(
    db: None, shop: Shop, bot: Client, zoe: User, box: Postbox
) -> None:
    handoff = put_by_email(shop, bot)
    gathering = Handoff.objects.filter(id=handoff.id)
    gathering.update(gather_until=timezone.now() + timedelta(minutes=5))

    send_mails(box)
    assert to(box) == []
    gathering.update(gather_until=timezone.now())
    send_mails(box)
    assert to(box) == ["zoe@example.com"]


@pytest.mark.parametrize("email", ["no", "", "perhaps"])
def test_no_mail_goes_out_where_the_row_does_not_say_so(
    db: None, shop: Shop, bot: Client, zoe: User, box: Postbox, email: str
) -> None:
    put_by_email(shop, bot, email)

    send_mails(box)

    assert to(box) == []
    assert not ApproverLink.objects.exists()


def test_only_those_with_authority_are_mailed(
    db: None, shop: Shop, bot: Client, box: Postbox
) -> None:
    elsewhere = factories.make_team("payments")
    approver(shop, email="not-in-the-team@example.com", groups=[elsewhere])
    approver(shop, email="gone@example.com", is_active=False)
    approver(shop, email="leads-only@example.com", groups=[shop.leads])
    no_grant = factories.make_team("no grant")
    approver(shop, email="no-grant@example.com", groups=[no_grant])
    put_by_email(shop, bot)
    put_by_email(shop, bot, role=no_grant)

    send_mails(box)

    assert to(box) == []


def test_the_next_level_is_mailed_when_it_is_theirs(
    db: None, shop: Shop, bot: Client, zoe: User, box: Postbox
) -> None:
    lea = approver(shop, email="lea@example.com", name="Lea", groups=[shop.leads])
    handoff = put_by_email(shop, bot)
    send_mails(box)

    answers.escalate(handoff.id, round=1, reason="?", by=SYSTEM, now=timezone.now())
    send_mails(box)

    assert to(box) == [zoe.email, lea.email]
    assert [(one.level, one.seat) for one in ApproverLink.objects.order_by("made_at")] == [
        (1, "refund approvers"),
        (2, "refund approvers leads"),
    ]


def test_a_link_is_bound_to_person_question_content_and_time(
    db: None, shop: Shop, bot: Client, zoe: User, box: Postbox
) -> None:
    handoff = put_by_email(shop, bot, due_in=3600)
    _, link = mailed(box, handoff, zoe)

    assert (link.handoff_id, link.approver, link.round, link.level) == (handoff.id, zoe, 1, 1)
    assert (link.brief_version, link.brief_digest) == (1, handoff.briefs.get().digest)
    assert link.expires_at == handoff.deadline_at
    for change in (
        {"handoff": put_by_email(shop, bot)},
        {"approver": approver(shop, email="x@example.com")},
        {"round": 2},
        {"level": 2},
        {"seat": "leads"},
        {"brief_version": 2},
        {"brief_digest": "other"},
        {"token_digest": "0" * 64},
        {"needs": "step_up"},
        {"mailed_to": "evil@example.com"},
        {"expires_at": link.expires_at + timedelta(days=1)},
        {"made_at": link.made_at - timedelta(days=1)},
    ):
        with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
            ApproverLink.objects.filter(id=link.id).update(**change)


def test_what_was_revoked_stays_so(
    db: None, shop: Shop, bot: Client, zoe: User, box: Postbox
) -> None:
    _, link = mailed(box, put_by_email(shop, bot), zoe)
    mine = ApproverLink.objects.filter(id=link.id)
    mine.update(ended_at=timezone.now(), ended_because="revoked")

    with pytest.raises(DatabaseError, match="revoked"), transaction.atomic():
        mine.update(ended_at=None, ended_because="")


def test_a_link_lives_for_a_week_at_most(
    db: None, shop: Shop, bot: Client, zoe: User, box: Postbox
) -> None:
    _, link = mailed(box, put_by_email(shop, bot, due_in=30 * 86400), zoe)

    assert link.expires_at - link.made_at == timedelta(days=7)


def test_what_is_overdue_is_not_mailed_any_more(
    db: None, shop: Shop, bot: Client, zoe: User, box: Postbox
) -> None:
    put_by_email(shop, bot, due_in=-1)

    send_mails(box)

    assert to(box) == []


def test_nobody_gets_more_than_they_could_answer(
    db: None, shop: Shop, bot: Client, zoe: User, box: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_mails, "MOST_OPEN", 2)
    late = put_by_email(shop, bot, due_in=3000)
    first = put_by_email(shop, bot, due_in=1000)
    second = put_by_email(shop, bot, due_in=2000)

    assert look() == 2
    assert look() == 0
    assert set(ApproverLink.objects.values_list("handoff", flat=True)) == {first.id, second.id}
    answers.withdraw(first.id, reason="", by=SYSTEM, now=timezone.now())
    assert look() == 1

    assert ApproverLink.objects.filter(handoff=late, ended_at=None).exists()
    assert ApproverLink.objects.get(handoff=first).ended_because == "moved"


def test_two_processes_that_look_at_once_send_one_mail(
    committed_db: Databases, shop: Shop, bot: Client
) -> None:
    zoe = approver(shop)
    for _ in range(5):
        put_by_email(shop, bot)

    sent = [racer.result for racer in all_at_once([look] * 4)]

    assert not [one for one in sent if isinstance(one, Exception)], sent
    assert look() == 5 - sum(sent)
    assert ApproverLink.objects.filter(approver=zoe).count() == 5
    assert OutboxMessage.objects.count() == 5


def test_without_the_lock_the_database_still_lets_one_mail_out(
    committed_db: Databases, shop: Shop, bot: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock saves work; what keeps the promise is the constraint."""
    zoe = approver(shop)
    handoff = put_by_email(shop, bot)

    def send() -> bool:
        return link_mails._send(zoe.id, handoff.id, now=timezone.now())

    sent = [racer.result for racer in all_at_once([send] * 4)]

    assert sorted(map(bool, sent)) == [False, False, False, True], sent
    assert OutboxMessage.objects.count() == 1


def test_link_and_mail_commit_together(
    db: None, shop: Shop, bot: Client, zoe: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_by_email(shop, bot)

    def dies(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched, pytest.raises(ZeroDivisionError):
        patched.setattr("reviews.link_mails.audit.record", dies)
        with transaction.atomic():
            look()
    assert not ApproverLink.objects.exists()
    assert not OutboxMessage.objects.exists()

    assert look() == 1


def test_a_look_costs_the_same_whatever_waits_elsewhere(
    db: None, shop: Shop, bot: Client, zoe: User, django_assert_num_queries: Any
) -> None:
    counted = []
    for _ in range(2):
        for _ in range(10):
            put_by_email(shop, bot, "no")
        look()
        with connection.execute_wrapper(lambda execute, *a: counted.append(1) or execute(*a)):
            look()
        counted.append(0)

    assert counted.index(0) == len(counted) - counted.index(0) - 2


def test_who_mailed_whom_is_in_the_log(
    db: None, shop: Shop, bot: Client, zoe: User, box: Postbox
) -> None:
    _, link = mailed(box, put_by_email(shop, bot), zoe)

    entry = AuditEntry.objects.get(action="link.mailed")

    assert (entry.actor, entry.subject) == ("system", link.handoff_id)
    assert link.id in bytes(entry.body).decode()


# --- what it says


def sent(box: Postbox, shop: Shop, bot: Client, zoe: User, email: str = "yes", **more: Any) -> str:
    mailed(box, put_by_email(shop, bot, email, **more), zoe)
    return box.text()


def test_the_mail_carries_the_first_lines_of_the_brief(
    db: None, shop: Shop, bot: Client, zoe: User, box: Postbox
) -> None:
    text = sent(box, shop, bot, zoe, brief=RICH)

    for said in (
        "Refund 312.50 USD for order #W5744371 to Kim Li?",
        "Please answer by",
        "If nobody answers: goes to refund approvers leads.",
        "Here because: Refund of 200.00.",
        "Amount: 312.5",
        "Customer mentions legal action",
        "The money leaves today and Kim is told",
        "I offer Kim a new tablet or a voucher",
        "AI suggestion: Approve. Within policy section 3",
        "Opening it decides nothing.",
        "Zoe Marin, you get this because the refund approvers decide it",
    ):
        assert said in text, said
    for said in ("Change it, then approve", "new instruction", "Hand up", "Ask the agent"):
        assert said not in text, said
    subject = box.mails[-1]["Subject"]
    assert subject.startswith("Decide by ")
    assert subject.endswith("Refund 312.50 USD for order #W5744371 to Kim Li?")


def test_both_parts_say_the_same(
    db: None, shop: Shop, bot: Client, zoe: User, box: Postbox
) -> None:
    text = sent(box, shop, bot, zoe, brief=RICH)
    html = box.html()

    assert path_in(text) == path_in(html)
    for said in ("Refund 312.50 USD", "legal action", "Within policy section 3", "Here because"):
        assert said in text and said in html


WITHHELD = (
    "Within policy section 3",
    "0.85",
    "85 %",
    "85\u202f%",
    "self-reported",
    "suggestion: Approve",
)


def test_what_is_withheld_is_not_in_the_mail(
    db: None, shop: Shop, bot: Client, zoe: User, box: Postbox
) -> None:
    spec = {"withhold_recommendation": True}
    text = sent(box, shop, bot, zoe, brief=RICH, safeguards=spec)
    raw = box.mails[-1].as_string() + text + box.html()

    for betrays in WITHHELD:
        assert betrays not in raw, betrays
    assert "The AI suggestion is not in this mail" in text


def test_a_mail_is_the_same_whatever_was_withheld(
    db: None, shop: Shop, bot: Client, zoe: User, box: Postbox
) -> None:
    """Compared as rendered: one brief says yes, surely; the other no, hardly."""
    spec = {"withhold_recommendation": True}
    opinions: list[dict[str, Any]] = [
        {
            "recommendation": {"answer": "approve", "rationale": "Within policy section 3."},
            "confidence": {"value": 0.95, "basis": "self-reported"},
        },
        {
            "recommendation": {"answer": "reject", "rationale": "Nothing of it is true."},
            "confidence": {"value": 0.05, "basis": "none"},
        },
    ]
    parts = []
    for opinion in opinions:
        # options are shuffled anew for every handoff
        brief = RICH | opinion | {"options": []}
        handoff = put_by_email(shop, bot, brief=brief, safeguards=spec, due_in=3600)
        path, link = mailed(box, handoff, zoe)
        token = path.rpartition("/")[2]
        parts.append(
            [
                part.replace(token, "TOKEN")
                for part in (str(box.mails[-1]["Subject"]), box.text(), box.html())
            ]
        )

    assert parts[0] == parts[1]


HOSTILE = (
    "kim@example.com: pay https://evil.example/x?y=1 now, or www.evil.example, evil.example/login, "
    "javascript://evil, <script>alert(1)</script> <img src=//evil.example/p.png> "
    "[here](https://evil.example) \u202egnihton\u202c a\u200bb 312.50 v1.2.3"
)


def test_what_an_agent_wrote_can_do_nothing_in_a_mail(
    db: None, shop: Shop, bot: Client, zoe: User, box: Postbox
) -> None:
    brief = factories.brief_payload(
        ask=HOSTILE[:130],
        facts=[{"label": HOSTILE, "value": HOSTILE}],
        flags=[{"label": HOSTILE, "severity": "high"}],
        recommendation={"answer": "approve", "rationale": HOSTILE},
        on_answer={"approve": HOSTILE, "reject": HOSTILE},
    )
    text = sent(box, shop, bot, zoe, brief=brief)
    html = box.html()

    for part in (text, html, str(box.mails[-1]["Subject"])):
        assert "://evil" not in part
        assert "evil.example" not in part
        assert "\u202e" not in part and "\u200b" not in part
    assert "<script" not in html and "<img" not in html
    assert html.count("href=") == 1
    assert "⟦U+202E⟧" in text
    assert "kim@example.com" in text


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("https://evil.example/a", "https[:]//evil[.]example/a"),
        ("see evil.example.", "see evil[.]example."),
        ("a.b.evil.co.uk", "a.b.evil.co[.]uk"),
        ("312.50 USD, v1.2.3, 3.14", "312.50 USD, v1.2.3, 3.14"),
        ("e.g. this. And that", "e.g. this. And that"),
        ("kim@example.com", "kim@example.com"),
        ("FTP://x.example", "FTP[:]//x[.]example"),
        ("пример.испытание", "пример[.]испытание"),
        ("plain words", "plain words"),
    ],
)
def test_an_address_is_written_so_that_it_does_not_open(written: str, read: str) -> None:
    assert inert(written) == read


def test_no_remote_content_and_no_unsubscribing_from_a_duty(
    db: None, shop: Shop, bot: Client, zoe: User, box: Postbox
) -> None:
    sent(box, shop, bot, zoe)
    (mail,) = box.mails

    assert isinstance(mail, EmailMessage)
    assert mail["List-Unsubscribe"] is None
    assert not [
        word for word in ("src=", "url(", "@import", "<link", "<form") if word in box.html()
    ]


def test_lines_stay_short_whatever_an_agent_sends(
    db: None, shop: Shop, bot: Client, zoe: User, box: Postbox
) -> None:
    facts = [{"label": f"Fact {n}", "value": "long " * 500} for n in range(100)]
    text = sent(box, shop, bot, zoe, brief=factories.brief_payload(facts=facts))

    assert len(text) < 6000
    assert "more in the brief" in text


def test_the_id_of_a_mail_is_its_rows(
    db: None, shop: Shop, bot: Client, zoe: User, box: Postbox
) -> None:
    sent(box, shop, bot, zoe)

    assert box.mails[0]["Message-ID"] == f"<{OutboxMessage.objects.get().id}@localhost>"


def test_a_busy_mail_server_delays_and_loses_nothing(
    db: None, shop: Shop, bot: Client, zoe: User, box: Postbox
) -> None:
    box.says = ["451 Later"]
    put_by_email(shop, bot)
    send_mails(box)
    assert box.mails == []

    OutboxMessage.objects.update(next_attempt_at=timezone.now() - timedelta(minutes=5))
    deliveries.deliver()

    assert to(box) == ["zoe@example.com"]
    assert ApproverLink.objects.count() == 1


@pytest.mark.parametrize(
    ("email", "says"),
    [
        ("yes", "whoever has this mail can answer as you"),
        ("sign_in", "You sign in first."),
        ("step_up", "You sign in and enter your password again first."),
    ],
)
def test_the_mail_says_what_it_takes(
    db: None, shop: Shop, bot: Client, zoe: User, box: Postbox, email: str, says: str
) -> None:
    assert says in sent(box, shop, bot, zoe, email).replace("\n", " ")


def test_somebody_who_reviews_and_approves_is_mailed(
    db: None, shop: Shop, bot: Client, box: Postbox
) -> None:
    approver(shop, email="both@example.com", roles=[Role.REVIEWER, Role.APPROVER])
    put_by_email(shop, bot)

    send_mails(box)

    assert to(box) == ["both@example.com"]
