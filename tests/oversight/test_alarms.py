"""Alarms: found in what was counted, raised once, told to whoever answers, and seen to."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time, timedelta
from threading import Barrier

import pytest
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.errors import NotAllowed
from accounts.models import Client, User
from accounts.roles import Role
from handoffs import jobs
from handoffs.errors import BadShape
from handoffs.models import (
    AuditEntry,
    Handoff,
    NoticeChannel,
    OutboxMessage,
    Queue,
    QueueDepth,
    QueueRate,
    RefusedTransition,
    WebhookEndpoint,
    Workflow,
)
from oversight.counted import weeks
from oversight.models import Alarm, Chart, FigureDay, FigureWeek, ProposalDay, Threshold
from oversight.statistics import bins, marks
from oversight.statistics.marks import Marks, Measure, Reading
from oversight.watch import alarms, gauges, thresholds
from tests import factories, walks
from tests.factories import Shop
from tests.oversight.figured import have_days

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def shop(shop: Shop) -> Shop:
    """A shop that has been at work for a while: what was counted before its launch is not real."""
    Workflow.objects.update(launched_at=now() - timedelta(weeks=4))
    return shop


def now() -> datetime:
    return timezone.now()


def watch(
    measure: Measure, workflow: Workflow | None = None, queue: Queue | None = None
) -> Threshold:
    """Return the usual threshold of this, holding for no time."""
    thresholds.set_usual()
    found = Threshold.objects.filter(measure=measure, workflow=workflow, queue=queue)
    found.update(hold_minutes=0)
    return found.get()


def propose(workflow: Workflow, asked: int, alone: int) -> None:
    ProposalDay.objects.all().delete()
    for tier, proposed in (("hard_approval", asked), ("autonomous", alone)):
        ProposalDay.objects.create(
            workflow=workflow, action_type="refund_order", tier=tier,
            day=datetime.now(UTC).date(), proposed=proposed,
        )  # fmt: skip


def raised(shop: Shop) -> Alarm:
    """Raise the alarm that people of this workflow are asked too often."""
    watch(Measure.ESCALATION_HIGH, shop.workflow)
    propose(shop.workflow, 300, 700)
    alarms.look(now=now())
    return Alarm.objects.select_related("threshold").get(threshold__measure="escalation_high")


def open_measures() -> set[str]:
    return set(Alarm.objects.filter(cleared_at=None).values_list("threshold__measure", flat=True))


@pytest.mark.django_db
class TestWhatIsWatched:
    def test_everything_launched_is_watched_as_usual_without_anybody_asking(
        self, shop: Shop
    ) -> None:
        draft = factories.WorkflowFactory()
        thresholds.set_usual()
        thresholds.set_usual()

        of_shop = Threshold.objects.filter(workflow=shop.workflow)
        assert sorted(of_shop.values_list("measure", flat=True)) == sorted(marks.OF_WORKFLOWS)
        assert not Threshold.objects.filter(workflow=draft).exists()
        assert Threshold.objects.filter(queue=shop.queue).count() == len(marks.OF_QUEUES)
        of_all = Threshold.objects.filter(workflow=None, queue=None)
        assert of_all.count() == len(marks.OF_ALL)
        for one in Threshold.objects.all():
            assert one.marks == marks.USUAL[Measure(one.measure)] and one.is_on

    def test_what_an_owner_set_is_not_set_back(self, shop: Shop, mia: User) -> None:
        one = watch(Measure.LATE, shop.workflow)
        mine = Marks(raise_at=0.2, clear_at=0.1, hold=5 * MINUTE)
        thresholds.change(one, mine, owner=mia, is_on=True, by=mia, now=now())
        thresholds.set_usual()
        one.refresh_from_db()
        assert one.marks == mine and one.owner == mia

    @pytest.mark.parametrize(
        ("raise_at", "clear_at"), [(0.2, 0.2), (0.1, 0.2), (1.2, 0.1), (0.1, -0.1)]
    )
    def test_marks_that_would_flap_or_mean_nothing_are_refused(
        self, shop: Shop, mia: User, raise_at: float, clear_at: float
    ) -> None:
        one = watch(Measure.LATE, shop.workflow)
        wrong = Marks(raise_at=raise_at, clear_at=clear_at, hold=MINUTE)
        with pytest.raises(BadShape):
            thresholds.change(one, wrong, owner=None, is_on=True, by=mia, now=now())
        one.refresh_from_db()
        assert one.raise_at == marks.USUAL[Measure.LATE].raise_at

    def test_the_database_refuses_one_mark_for_both(self, shop: Shop) -> None:
        one = watch(Measure.LATE, shop.workflow)
        with pytest.raises(IntegrityError), transaction.atomic():
            Threshold.objects.filter(pk=one.pk).update(clear_at=one.raise_at)

    def test_switching_it_off_ends_what_was_raised(self, shop: Shop, mia: User) -> None:
        alarm = raised(shop)
        one = alarm.threshold
        thresholds.change(one, one.marks, owner=None, is_on=False, by=mia, now=now())
        assert "escalation_high" not in open_measures()
        alarms.look(now=now())
        assert "escalation_high" not in open_measures()
        assert AuditEntry.objects.filter(action="threshold.changed").count() == 1


@pytest.mark.django_db
class TestRaising:
    def test_it_is_raised_once_and_over_once(self, shop: Shop) -> None:
        alarm = raised(shop)
        assert "30 % (300 of 1,000" in alarm.said.replace("\xa0", " ")
        alarms.look(now=now())
        assert Alarm.objects.filter(threshold=alarm.threshold).count() == 1

        # between the marks it stays
        propose(shop.workflow, 170, 830)
        alarms.look(now=now())
        assert "escalation_high" in open_measures()
        propose(shop.workflow, 150, 850)
        alarms.look(now=now())
        assert "escalation_high" not in open_measures()
        actions = AuditEntry.objects.filter(subject__startswith="escalation_high")
        assert list(actions.order_by("pk").values_list("action", flat=True)) == [
            "alarm.raised", "alarm.cleared",
        ]  # fmt: skip

    def test_it_has_to_hold_over_several_looks(self, shop: Shop) -> None:
        one = watch(Measure.ESCALATION_HIGH, shop.workflow)
        Threshold.objects.filter(pk=one.pk).update(hold_minutes=60)
        propose(shop.workflow, 300, 700)
        start = now()
        for minutes in (0, 30, 59):
            alarms.look(now=start + minutes * MINUTE)
            assert "escalation_high" not in open_measures()
        alarms.look(now=start + 60 * MINUTE)
        assert "escalation_high" in open_measures()

    def test_what_was_read_before_anothers_look_is_thrown_away(self, shop: Shop) -> None:
        alarm = raised(shop)
        propose(shop.workflow, 50, 950)
        alarms.look(now=alarm.raised_at - MINUTE)
        assert "escalation_high" in open_measures()
        # but a clock that was set back by an hour stops nothing
        alarms.look(now=alarm.raised_at - 60 * MINUTE)
        assert "escalation_high" not in open_measures()

    def test_the_database_holds_one_alarm_at_a_time(self, shop: Shop) -> None:
        alarm = raised(shop)
        with pytest.raises(IntegrityError), transaction.atomic():
            Alarm.objects.create(threshold=alarm.threshold, raised_at=now(), said="again")

    def test_nothing_is_raised_where_nothing_happened(self, shop: Shop) -> None:
        for name in settings.JOBS_MAY_BE_SILENT:
            jobs.done(name)
        Threshold.objects.update(hold_minutes=0)
        alarms.look(now=now())
        assert open_measures() == set()

    def test_a_look_asks_as_often_for_many_workflows_as_it_must(self, shop: Shop) -> None:
        def asked() -> int:
            # what turns is turned by then
            for minutes in (0, 90):
                alarms.look(now=start + minutes * MINUTE)
            with CaptureQueriesContext(connection) as found:
                assert alarms.look(now=start + 100 * MINUTE) == 0
            return len(found)

        start = now()
        few = asked()
        before = Threshold.objects.count()
        for number in range(3):
            factories.launch_shop(slug=f"shop-{number}", team=shop.team)
        start += 200 * MINUTE
        assert asked() == few
        assert Threshold.objects.filter(looked_at__isnull=False).count() > before


@pytest.mark.django_db
class TestTelling:
    def test_the_owner_is_mailed_what_it_is_and_what_to_do(self, shop: Shop, mia: User) -> None:
        owner = factories.UserFactory(roles=[Role.WORKFLOW_OWNER])
        Workflow.objects.filter(pk=shop.workflow.pk).update(owner=owner)
        raised(shop)
        mail = OutboxMessage.objects.get(event="alarm.raised", mail_to=owner.email)
        text = mail.payload["text"].replace("\xa0", " ")
        name = shop.workflow.name
        assert mail.payload["subject"] == f"Alarm: {name}: people are asked too often"
        assert "It is an alarm from 20 % or more, and over again at 15 %." in text
        assert "/oversight/alarms/" in text
        assert not OutboxMessage.objects.filter(mail_to=mia.email).exists()

    def test_without_an_owner_the_managers_are_told(self, shop: Shop, mia: User) -> None:
        Workflow.objects.update(owner=None)
        raised(shop)
        assert OutboxMessage.objects.filter(event="alarm.raised", mail_to=mia.email).exists()

    def test_webhooks_tell_those_who_may_use_the_workflow(
        self, shop: Shop, bot: Client, bot_key: str
    ) -> None:
        WebhookEndpoint.objects.create(client=bot, url="https://example.com/a", secret="x")
        stranger = factories.ClientFactory()
        WebhookEndpoint.objects.create(client=stranger, url="https://example.com/b", secret="x")
        raised(shop)
        told = OutboxMessage.objects.filter(event="alarm.raised", endpoint__isnull=False)
        payload = told.get().payload
        assert told.get().endpoint.client == bot
        assert payload["measure"] == "escalation_high" and payload["value"] == 0.3
        assert payload["workflow"] == shop.workflow.slug

    def test_the_chats_of_a_queue_hear_that_it_falls_behind(
        self, shop: Shop, bot: Client, bot_key: str
    ) -> None:
        """Those that hear of what is urgent, and hear nothing that an agent wrote."""
        for kinds, on in ((["urgent"], True), (["completed"], True), (["urgent"], False)):
            NoticeChannel.objects.create(
                queue=shop.queue, service="Slack", address="https://hooks.example/1", kinds=kinds,
                enabled=on,
            )  # fmt: skip
        watch(Measure.BACKLOG, queue=shop.queue)
        handoff = walks.waiting(shop, bot, bot_key)
        QueueRate.objects.all().delete()
        Handoff.objects.filter(pk=handoff.pk).update(opened_at=now() - 75 * MINUTE)
        alarms.look(now=now())
        (told,) = OutboxMessage.objects.filter(channel__isnull=False)
        assert (told.event, told.channel and told.channel.kinds) == ("alarm.raised", ["urgent"])
        assert told.payload["subject"] == "Alarm: Refunds: the queue is falling behind"
        assert "75\xa0min" in told.payload["text"] and "/oversight/alarms/" in told.payload["text"]

    def test_no_agent_learns_that_people_do_not_read(
        self, shop: Shop, bot: Client, bot_key: str
    ) -> None:
        WebhookEndpoint.objects.create(client=bot, url="https://example.com/a", secret="x")
        have_week(shop, quick=400, of=1000, overridden=0)
        Chart.objects.create(
            cohort="a", workflow=shop.workflow.slug, begun_on=now().date(),
            looked_on=now().date(), raised=True,
        )  # fmt: skip
        for measure in marks.NOT_FOR_AGENTS:
            watch(measure, shop.workflow)
        watch(Measure.ESCALATION_HIGH, shop.workflow)
        propose(shop.workflow, 300, 700)
        alarms.look(now=now())
        assert open_measures() >= set(marks.NOT_FOR_AGENTS)
        told = OutboxMessage.objects.filter(endpoint__isnull=False)
        # of what it may know it is told
        assert {one.payload["measure"] for one in told} == {"escalation_high"}


@pytest.mark.django_db
class TestSeeingToIt:
    def test_who_saw_it_and_what_was_done_are_kept(self, shop: Shop, mia: User) -> None:
        alarm = raised(shop)
        at = now()
        assert alarms.acknowledge(alarm, by=mia, now=at)
        assert not alarms.acknowledge(alarm, by=mia, now=at + MINUTE)
        alarms.note(alarm, "Raised the limit to 120 EUR.", by=mia, now=at + MINUTE)
        alarm.refresh_from_db()
        assert (alarm.acknowledged_at, alarm.acknowledged_by) == (at, mia)
        assert alarm.done_at == at + MINUTE and alarm.done.startswith("Raised the limit")
        # it is over when what is measured says so, not when somebody does
        assert alarm.cleared_at is None
        kept = AuditEntry.objects.filter(action__in=["alarm.acknowledged", "alarm.done"])
        assert kept.count() == 2

    @pytest.mark.parametrize("done", ["", "ok", "   ", "x" * 1001, "was \x00 done"])
    def test_nothing_said_is_no_note(self, shop: Shop, mia: User, done: str) -> None:
        alarm = raised(shop)
        with pytest.raises(BadShape):
            alarms.note(alarm, done, by=mia, now=now())
        alarm.refresh_from_db()
        assert alarm.acknowledged_at is None and alarm.done_at is None

    def test_only_who_answers_for_it_may(self, shop: Shop, ann: User, olga: User) -> None:
        alarm = raised(shop)
        for person in (ann, olga, factories.UserFactory(roles=[Role.WORKFLOW_OWNER])):
            with pytest.raises(NotAllowed):
                alarms.acknowledge(alarm, by=person, now=now())
            with pytest.raises(NotAllowed):
                alarms.note(alarm, "It is nothing.", by=person, now=now())
            with pytest.raises(NotAllowed):
                usual = alarm.threshold.marks
                thresholds.change(
                    alarm.threshold, usual, owner=None, is_on=False, by=person, now=now()
                )
        Threshold.objects.filter(pk=alarm.threshold.pk).update(owner=ann)
        alarm = Alarm.objects.get(pk=alarm.pk)
        assert alarms.acknowledge(alarm, by=ann, now=now())

    def test_each_sees_what_they_answer_for(self, shop: Shop, olga: User, ann: User) -> None:
        alarm = raised(shop)
        owner = factories.UserFactory(roles=[Role.WORKFLOW_OWNER])
        other = factories.UserFactory(roles=[Role.WORKFLOW_OWNER])
        Workflow.objects.filter(pk=shop.workflow.pk).update(owner=owner)
        seen = [alarm in alarms.seen_by(one) for one in (olga, owner, other, ann)]
        assert seen == [True, True, False, False]


def have_week(
    shop: Shop, *, quick: int, of: int, overridden: int, told: bool = True, back: int = 1
) -> None:
    """Store a week of decisions, so many of them in under five seconds."""
    monday = weeks.monday(now().astimezone(UTC).date()) - timedelta(weeks=back)
    FigureWeek.objects.create(
        scope="workflow", workflow=shop.workflow, monday=monday, told=told, decisions=of,
        approvals=of, overridden=overridden, came=of,
        times={"review": {bins.of(2): quick, bins.of(60): of - quick}},
    )  # fmt: skip


@pytest.mark.django_db
class TestGauges:
    """What is read is what the page says, and nothing where nothing may be told."""

    def value(self, measure: Measure, key: int | None = None) -> float | None:
        reading = gauges.read(measure, now=now()).get(key)
        return None if reading is None else reading.value

    def test_late_is_of_what_came_lately(self, shop: Shop) -> None:
        today = datetime.now(UTC).date()
        for ago, late in ((0, 1), (6, 2), (7, 50)):
            FigureDay.objects.create(
                workflow=shop.workflow, queue=shop.queue, action_type="a",
                day=today - timedelta(days=ago), came=50, late=late,
            )  # fmt: skip
        assert self.value(Measure.LATE, shop.workflow.pk) == 0.03

    def test_quick_is_of_the_last_whole_week(self, shop: Shop) -> None:
        have_week(shop, quick=100, of=1000, overridden=30)
        have_week(shop, quick=900, of=1000, overridden=0, back=0)
        have_week(shop, quick=900, of=1000, overridden=0, back=2)
        assert self.value(Measure.QUICK, shop.workflow.pk) == 0.1
        assert self.value(Measure.QUICK_AGREEMENT, shop.workflow.pk) == 0

    def test_what_people_catch_is_an_alarm_as_long_as_a_chart_is(self, shop: Shop) -> None:
        """A workflow's teams are told of together; of a chart only whether it alarms."""
        watch(Measure.CATCH_RATE, shop.workflow)
        team = Chart.objects.create(
            cohort="a", workflow=shop.workflow.slug, team="a", begun_on=now().date(), raised=True
        )
        assert self.value(Measure.CATCH_RATE, shop.workflow.pk) is None
        Chart.objects.update(looked_on=now().date())
        Chart.objects.create(
            cohort="b", workflow=shop.workflow.slug, team="b", begun_on=now().date(),
            looked_on=now().date(),
        )  # fmt: skip
        assert self.value(Measure.CATCH_RATE, shop.workflow.pk) == 1
        alarms.look(now=now())
        assert "catch_rate" in open_measures()
        Chart.objects.filter(pk=team.pk).update(raised=False)
        alarms.look(now=now())
        assert "catch_rate" not in open_measures()

    def test_what_would_tell_of_somebody_is_not_looked_at(self, shop: Shop) -> None:
        have_week(shop, quick=900, of=1000, overridden=0, told=False)
        for measure in marks.NOT_FOR_AGENTS:
            assert self.value(measure, shop.workflow.pk) is None

    def test_what_stands_before_the_launch_did_not_happen(self, shop: Shop) -> None:
        """Demo history is looked at by people, and never raises an alarm."""
        launch = datetime.combine(weeks.monday(now().date()) + 3 * DAY, time(12), UTC)
        Workflow.objects.update(launched_at=launch)
        have_week(shop, quick=900, of=1000, overridden=0)
        for days_back, many in ((1, 1000), (-3, 20)):
            day = weeks.monday(launch.date()) - days_back * DAY
            FigureDay.objects.create(
                workflow=shop.workflow, queue=shop.queue, action_type="a", day=day,
                came=many, late=many // 2,
            )  # fmt: skip
            ProposalDay.objects.create(
                workflow=shop.workflow, action_type="a", tier="hard_approval", day=day,
                proposed=many,
            )  # fmt: skip
        at = launch + 2 * DAY

        def read(measure: Measure) -> Reading | None:
            return gauges.read(measure, now=at).get(shop.workflow.pk)

        assert [read(one) for one in (Measure.QUICK, Measure.QUICK_AGREEMENT)] == [None, None]
        counted = [read(one) for one in (Measure.LATE, Measure.ESCALATION_HIGH)]
        assert [one and one.of for one in counted] == [20, 20]

    def test_the_days_of_a_usual_past_raise_nothing(self, shop: Shop) -> None:
        have_days(shop.workflow, shop.queue, back=8)
        for measure in marks.OF_WORKFLOWS:
            watch(measure, shop.workflow)
        alarms.look(now=now())
        assert open_measures() & set(marks.OF_WORKFLOWS) == set()

    def test_backlog_is_how_long_what_waits_now_will_take(self, shop: Shop) -> None:
        assert self.value(Measure.BACKLOG, shop.queue.pk) == 0
        QueueDepth.objects.update_or_create(
            queue=shop.queue, slot=0, defaults={"waiting": 30, "quota": 100}
        )
        QueueRate.objects.update_or_create(
            queue=shop.queue, defaults={"measured_at": now(), "finished_per_hour": 20, "hands": 1}
        )
        # 30 at what those present could do: 15 an hour at the assumed four minutes, or 20
        assert self.value(Measure.BACKLOG, shop.queue.pk) == pytest.approx(90)

    def test_where_nobody_is_there_it_is_how_long_they_waited(
        self, shop: Shop, bot: Client, bot_key: str
    ) -> None:
        handoff = walks.waiting(shop, bot, bot_key)
        QueueRate.objects.all().delete()
        Handoff.objects.filter(pk=handoff.pk).update(opened_at=now() - 75 * MINUTE)
        assert self.value(Measure.BACKLOG, shop.queue.pk) == pytest.approx(75, abs=1)

    def test_a_queue_that_is_closed_has_nothing_to_tell(self, shop: Shop) -> None:
        tomorrow = (now() + timedelta(days=2)).strftime("%A").lower()
        Queue.objects.filter(pk=shop.queue.pk).update(hours={tomorrow: ["09:00-10:00"]})
        assert shop.queue.pk not in gauges.read(Measure.BACKLOG, now=now())

    def test_illegal_moves_are_news_for_an_hour(self) -> None:
        for ago, state in ((5, "answered"), (30, "withdrawn"), (61, "decided")):
            RefusedTransition.objects.create(
                entity="handoff", from_state=state, to_state="waiting", times=7,
                last_at=now() - ago * MINUTE,
            )  # fmt: skip
        assert self.value(Measure.REFUSED_MOVES) == 2

    def test_jobs_are_silent_that_were_not_done_in_their_time(self) -> None:
        every = settings.JOBS_MAY_BE_SILENT
        assert self.value(Measure.SILENT_JOBS) == len(every)
        for name in every:
            jobs.done(name)
        assert self.value(Measure.SILENT_JOBS) == 0
        with connection.cursor() as cursor:
            cursor.execute(
                "update handoffs_jobpulse set done_at = clock_timestamp() - interval '1 day' "
                "where name = 'oversight.count_days'"
            )
        assert self.value(Measure.SILENT_JOBS) == 1

    def test_the_outbox_is_as_old_as_what_is_due(self) -> None:
        assert self.value(Measure.OUTBOX_AGE) == 0
        for ago, state in ((12, "pending"), (90, "delivered"), (-5, "pending")):
            OutboxMessage.objects.create(
                mail_to="a@example.com", event="e", payload={}, state=state,
                next_attempt_at=now() - ago * MINUTE,
            )  # fmt: skip
        assert self.value(Measure.OUTBOX_AGE) == pytest.approx(12, abs=0.2)

    def test_what_was_given_up_this_week_is_counted(self) -> None:
        for days, state in ((1, "dead"), (2, "dead"), (8, "dead"), (1, "pending")):
            OutboxMessage.objects.create(
                mail_to="a@example.com", event="e", payload={}, state=state,
                created_at=now() - timedelta(days=days),
            )  # fmt: skip
        assert self.value(Measure.DEAD_LETTERS) == 2


@pytest.mark.slow
def test_of_several_that_look_at_once_one_raises_and_tells(
    committed_db: object, shop: Shop, mia: User
) -> None:
    watch(Measure.ESCALATION_HIGH, shop.workflow)
    Threshold.objects.exclude(measure="escalation_high").update(is_on=False)
    propose(shop.workflow, 300, 700)
    at, together = now(), Barrier(4)

    def one(number: int) -> None:
        try:
            together.wait(10)
            alarms.look(now=at + number * timedelta(milliseconds=1))
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one, range(4)))

    assert Alarm.objects.count() == 1
    assert OutboxMessage.objects.filter(event="alarm.raised").count() == 1
