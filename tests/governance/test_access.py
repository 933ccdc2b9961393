"""Who may do what, and why: what explains is what decides."""

import io
import json
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client as Browser
from django.test import RequestFactory
from django.urls import URLPattern
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts import keys
from accounts.models import Client, User
from accounts.roles import Role
from governance import access
from handoffs import grants
from handoffs.actors import SYSTEM
from handoffs.admin.base import may_edit
from handoffs.errors import NotFound
from handoffs.models import (
    AuditEntry,
    Handoff,
    QueueUserPermission,
    WorkflowUserPermission,
)
from handoffs.verdicts import LEVELS_OF, Level
from reviews import claims, permissions
from reviews.errors import MayNotDecide, NoAuthorityHere, OwnRequest
from tests import factories
from tests.accounts.test_routes import ROUTES, address, routes
from tests.factories import Shop
from tests.people import Agent
from tests.reviews.waiting import put

pytestmark = pytest.mark.django_db

PAIRS = [(kind, level) for kind, levels in LEVELS_OF.items() for level in levels]


def give(thing: Any, team: Group, level: Level) -> bool:
    return grants.give(thing, team=team, level=level, by=SYSTEM, now=timezone.now())


def run(*arguments: str) -> tuple[int, str]:
    out = io.StringIO()
    try:
        call_command("explain_access", *arguments, stdout=out)
    except SystemExit as ended:
        return int(ended.code or 0), out.getvalue()
    return 0, out.getvalue()


class Undo(Exception):
    """Takes back what one example put into the database."""


def passes(check: Any, *arguments: Any) -> bool:
    try:
        with transaction.atomic():
            check(*arguments)
    except (NotFound, MayNotDecide, NoAuthorityHere, OwnRequest):
        return False
    return True


def takes(user: User) -> bool:
    """Ask the one statement that hands out work, which knows nothing of verdicts."""
    return passes(lambda: claims.take_next(by=user, now=timezone.now()) or _nothing())


def _nothing() -> None:
    raise NotFound


@settings(max_examples=50, suppress_health_check=list(HealthCheck))
@given(
    roles=st.sets(st.sampled_from(list(Role)), max_size=3),
    active=st.booleans(),
    superuser=st.booleans(),
    to_team=st.sets(st.sampled_from(PAIRS), max_size=4),
    to_person=st.sets(st.sampled_from(PAIRS), max_size=2),
    everywhere=st.sets(st.sampled_from(PAIRS), max_size=2),
    in_team=st.booleans(),
    has_authority=st.booleans(),
    owner=st.booleans(),
    asked_for_it=st.booleans(),
)
def test_the_explanation_says_yes_exactly_where_the_check_passes(
    shop: Shop,
    bot: Client,
    roles: set[Role],
    active: bool,
    superuser: bool,
    to_team: set[Any],
    to_person: set[Any],
    everywhere: set[Any],
    in_team: bool,
    has_authority: bool,
    owner: bool,
    asked_for_it: bool,
) -> None:
    try:
        with transaction.atomic():
            team, authority = factories.make_team("some"), factories.make_team("deciders")
            groups = [*([team] if in_team else []), *([authority] if has_authority else [])]
            who = factories.UserFactory(
                roles=[role.value for role in roles],
                is_active=active,
                is_superuser=superuser,
                groups=groups,
            )
            handoff = put(shop, bot, role=authority)
            if asked_for_it:
                handoff.run.requester = {"name": "Them", "email": who.email.upper()}
                handoff.run.save(update_fields=["requester"])
            things = {"queue": shop.queue, "workflow": shop.workflow}
            for kind, level in to_team:
                give(things[kind], team, level)
            for kind, level in to_person:
                _give_person(things[kind], who, kind, level)
            for kind, level in everywhere:
                who.user_permissions.add(Permission.objects.get(codename=f"{level}_{kind}"))
                team.permissions.add(Permission.objects.get(codename=f"{level}_{kind}"))
            if owner:
                type(shop.workflow).objects.filter(pk=shop.workflow.pk).update(owner=who)
            shop.workflow.refresh_from_db()
            _compare(shop, who, handoff)
            raise Undo
    except Undo:
        pass


def _give_person(thing: Any, who: User, kind: str, level: Level) -> None:
    model = QueueUserPermission if kind == "queue" else WorkflowUserPermission
    permission = Permission.objects.get(codename=f"{level}_{kind}")
    model.objects.create(user=who, permission=permission, content_object=thing)


def _compare(shop: Shop, who: User, handoff: Handoff) -> None:
    def said(thing: str) -> dict[str, bool]:
        return {one.capability: one.allowed for one in access.explain(who, thing).verdicts}

    request = RequestFactory().get("/")
    request.user = who
    queue, workflow = said("queue:refunds"), said("workflow:retail-support")
    one = said(f"handoff:{handoff.id}")
    viewable = grants.viewable_queues(who).filter(pk=shop.queue.pk).exists()
    assert queue["work"] is (shop.queue in permissions.queues_for(who))
    assert queue["see"] is (queue["work"] or viewable)
    assert workflow["see"] is grants.viewable_workflows(who).filter(pk=shop.workflow.pk).exists()
    assert workflow["lead"] is may_edit(request, shop.workflow)
    assert one["see"] is passes(permissions.get, who, handoff.id)
    assert one["see"] is permissions.can_see(who, handoff)
    assert one["decide"] is passes(permissions.check_can_decide, who, handoff)
    assert one["decide"] is takes(who)


class TestGrants:
    def test_giving_and_taking_back_is_noted_once_each(self, shop: Shop) -> None:
        team = factories.make_team("watchers")

        for _ in range(2):
            give(shop.workflow, team, Level.VIEW)
        for _ in range(2):
            grants.take_back(
                shop.workflow, team=team, level=Level.VIEW, by=SYSTEM, now=timezone.now()
            )

        noted = AuditEntry.objects.filter(subject="retail-support").order_by("id")
        assert [entry.action for entry in noted] == [
            "workflow.level_given",
            "workflow.level_taken_back",
        ]
        assert json.loads(bytes(noted[0].body)) == {"team": "watchers", "level": "view"}

    @pytest.mark.parametrize("kind", ["queue", "workflow"])
    def test_what_is_given_on_everything_or_to_superusers_counts_for_nothing(
        self, shop: Shop, kind: str
    ) -> None:
        root = factories.UserFactory(roles=[Role.MANAGER], is_superuser=True)
        clerk = factories.UserFactory(roles=[Role.MANAGER])
        clerk.user_permissions.add(Permission.objects.get(codename=f"view_{kind}"))
        viewable = grants.viewable_queues if kind == "queue" else grants.viewable_workflows

        assert not viewable(root).exists()
        assert not viewable(clerk).exists()

    def test_nobody_works_a_workflow(self, shop: Shop) -> None:
        with pytest.raises(Exception, match="right shape"):
            give(shop.workflow, factories.make_team("watchers"), Level.WORK)

    def test_a_level_to_view_reads_the_handoff_and_takes_nothing(
        self, shop: Shop, bot: Client
    ) -> None:
        team = factories.make_team("quality")
        give(shop.workflow, team, Level.VIEW)
        who = factories.UserFactory(roles=[Role.AUDITOR], groups=[team])
        handoff, browser = put(shop, bot), Browser()
        browser.force_login(who)

        page = browser.get(f"/handoffs/{handoff.id}")

        assert page.status_code == 200
        assert "Refund 312.50 USD" in page.content.decode()
        assert browser.post(f"/handoffs/{handoff.id}/pick").status_code == 403
        assert browser.post("/queues/refunds/take").status_code in (403, 404)

    def test_what_one_asked_for_is_left_to_others(
        self, shop: Shop, bot: Client, ann: User, ben: User
    ) -> None:
        own = put(shop, bot, due_in=60)
        own.run.requester = {"name": "Ann", "email": "ANN@example.com"}
        own.run.save(update_fields=["requester"])
        other = put(shop, bot)

        mine = claims.take_next(by=ann, now=timezone.now())
        bens = claims.take_next(by=ben, now=timezone.now())

        assert mine is not None and mine.handoff_id == other.id
        assert bens is not None and bens.handoff_id == own.id


class TestCommand:
    def test_it_says_every_step_of_a_yes(self, shop: Shop, bot: Client, ann: User) -> None:
        code, said = run(ann.email, f"handoff:{put(shop, bot).id}", "--may", "decide")

        assert code == 0
        assert said.splitlines()[2:] == [
            "decide: may decide it",
            "  ✓ Their account is active.",
            "  ✓ The role reviewer gives “decide”.",
            "  ✓ The team refund approvers, which they are in, has “work” on the queue refunds.",
            "  ✓ They are in refund approvers, the team with authority over it.",
            "  ✓ It is not about a request of their own.",
        ]

    def test_it_says_every_step_of_a_no(self, shop: Shop, olga: User) -> None:
        code, said = run(olga.email, "queue:refunds")

        assert code == 1
        assert "work: may not take from the queue refunds" in said
        assert "✗ No role of theirs (auditor) gives “decide”." in said
        assert "It is given to refund approvers." in said

    def test_who_is_deactivated_may_nothing(self, shop: Shop, ann: User) -> None:
        User.objects.filter(pk=ann.pk).update(is_active=False)

        code, said = run(ann.email, "workflow:retail-support")

        assert code == 1
        assert said.count("✗ Their account is deactivated.") == 4

    def test_what_is_not_there_ends_with_another_code(self, shop: Shop, ann: User) -> None:
        for arguments in ([ann.email, "queue:nothing"], ["x@example.com", "queue:refunds"]):
            with pytest.raises(CommandError) as refused:
                run(*arguments)
            assert refused.value.returncode == 2

    def test_nothing_of_the_case_is_printed(self, shop: Shop, bot: Client, ann: User) -> None:
        handoff = put(shop, bot)
        handoff.run.requester = {"name": "Kim Li", "email": "kim@example.com"}
        handoff.run.save(update_fields=["requester"])

        said = (
            run(ann.email, f"handoff:{handoff.id}")[1] + run(ann.email, f"run:{handoff.run_id}")[1]
        )

        for secret in ("Kim", "312", "W5744371", handoff.run.status_token, ann.password):
            assert secret not in said


def test_across_teams_every_page_of_an_object_is_not_there(
    shop: Shop, bot: Client, ann: User
) -> None:
    other = factories.launch_shop(slug="other-shop", team=factories.make_team("strangers"))
    handoff = put(other, bot)
    browser = Browser()
    browser.force_login(ann)
    desk = [
        (route, pattern)
        for route, pattern in routes()
        if "<str:handoff_id>" in route and not route.startswith(("api/", "admin/"))
    ]
    queues = [pair for pair in routes() if pair[0].startswith("queues/<slug:slug>")]
    assert len(desk) > 8 and len(queues) > 1

    for route, pattern in [*desk, *queues]:
        path = "/" + _filled(route, handoff=handoff.id, slug=other.queue.slug)
        nowhere = "/" + _filled(route, handoff="ho_nothing", slug="nothing")
        for method in _methods(pattern, browser, path):
            answered = {getattr(browser, method)(one).status_code for one in (path, nowhere)}
            assert answered == {404}, f"{method} {path} answered {answered}"


def _filled(route: str, *, handoff: str, slug: str) -> str:
    return route.replace("<str:handoff_id>", handoff).replace("<slug:slug>", slug)


def _methods(pattern: URLPattern, browser: Browser, path: str) -> list[str]:
    found = [m for m in ("get", "post") if getattr(browser, m)(path).status_code != 405]
    assert found, path
    return found


def test_across_clients_every_object_of_the_api_is_not_there(
    shop: Shop, bot: Client, mia: User
) -> None:
    """Also the answer to what is nowhere is the same, so that asking tells nothing."""
    handoff = put(shop, bot)
    stranger = factories.ClientFactory(name="stranger")
    raw = keys.issue(stranger, workflows=["*"], by=mia, now=timezone.now()).raw
    other, walked = Agent(raw), 0
    ids = {"handoff": handoff.id, "run": handoff.run_id, "proposal": handoff.proposal_id}
    for route in ROUTES:
        kinds = [kind for kind in ids if f"/{kind}s/<" in f"/{route}" or f"<{kind}" in route]
        if not route.startswith("api/v1/") or not kinds:
            continue
        theirs = _api(route, ids[kinds[0]])
        nowhere = _api(route, ids[kinds[0]][:-4] + "zzzz")
        for method in ("get", "post", "put"):
            call = getattr(other, method)
            answers = [call(path, **_keyed(method)) for path in (theirs, nowhere)]
            codes = {answer.status_code for answer in answers}
            if codes <= {405} or codes <= {422}:
                continue
            walked += 1
            assert codes == {404}, f"{method} {theirs} answered {codes}"
    assert walked >= 5


def _api(route: str, id: str) -> str:
    path = address(route).removeprefix("/api/v1")
    return path.replace("/x", f"/{id}", 1)


def _keyed(method: str) -> dict[str, str]:
    return {} if method == "get" else {"Idempotency-Key": "walk"}


class TestAdminTable:
    def test_a_manager_gives_and_takes_in_one_table(self, mia: User, shop: Shop) -> None:
        watchers = factories.make_team("watchers")
        browser = Browser()
        browser.force_login(mia)
        path = f"/admin/handoffs/queue/{shop.queue.pk}/levels/"
        page = browser.get(path).content.decode()
        assert "watchers: view" in page

        sent = {"was": [f"{shop.team.pk}-work"], "has": [f"{watchers.pk}-view"]}
        answer = browser.post(path, sent)

        assert answer.status_code == 302
        assert grants.teams_with(shop.queue, Level.VIEW) == [watchers]
        assert grants.teams_with(shop.queue, Level.WORK) == []

    def test_two_who_edit_at_once_lose_nothing(self, mia: User, shop: Shop) -> None:
        one, two = factories.make_team("one"), factories.make_team("two")
        browser = Browser()
        browser.force_login(mia)
        path = f"/admin/handoffs/workflow/{shop.workflow.pk}/levels/"

        for team in (one, two):
            browser.post(path, {"was": [], "has": [f"{team.pk}-lead"]})

        assert grants.teams_with(shop.workflow, Level.LEAD) == [one, two]

    def test_whoever_leads_may_change_the_queue_and_not_the_table(self, shop: Shop) -> None:
        team = factories.make_team("queue leads")
        give(shop.queue, team, Level.LEAD)
        who = factories.UserFactory(roles=[Role.WORKFLOW_OWNER], is_staff=True, groups=[team])
        browser = Browser()
        browser.force_login(who)
        path = f"/admin/handoffs/queue/{shop.queue.pk}"

        form = browser.get(f"{path}/change/").content.decode()
        sent = {"name": "Refunds", "depth_limit": 7, "lease_seconds": 300, "teams": []}
        saved = browser.post(f"{path}/change/", sent)

        assert 'name="depth_limit"' in form and 'name="teams"' not in form
        assert saved.status_code == 302
        shop.queue.refresh_from_db()
        assert shop.queue.depth_limit == 7
        assert grants.teams_with(shop.queue, Level.WORK) == [shop.team]
        assert browser.post(f"{path}/levels/", {"has": f"{team.pk}-own"}).status_code == 403

    @pytest.mark.parametrize("key", ["x-work", "999999-work", "1-rule", ""])
    def test_a_box_that_is_not_there_is_not_found(self, mia: User, shop: Shop, key: str) -> None:
        browser = Browser()
        browser.force_login(mia)

        answer = browser.post(f"/admin/handoffs/queue/{shop.queue.pk}/levels/", {"has": key})

        assert answer.status_code == 404
