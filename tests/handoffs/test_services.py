"""Messages to chats and pagers: sent by apprise for real, and no further than webhooks go."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from apprise.plugins.slack import NotifySlack

from handoffs import guarded, services
from handoffs.services import AddressRefused
from tests.handoffs.receiver import Receiver, receiving

INWARD: dict[str, Any] = {"allow_http": True, "allow_private": True, "ports": None}
SLACK = "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
TEAMS = (
    "https://prod-161.westeurope.logic.azure.com:443/workflows/abcdef0123456789abcdef0123456789/"
    "triggers/manual/paths/invoke?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0"
    "&sig=iXkSj3bZ3nN_ABCdefGhijkLMNopqrsTuVwXyZ012345"
)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def say(address: str, **limits: Any) -> services.Delivery:
    said = {"title": "Refunds: 1 is urgent", "text": "Approval, due soon https://o.example/h"}
    return services.send(address, **said, seconds=5, site="https://o.example", **limits)


@pytest.mark.parametrize(
    ("address", "service", "hidden"),
    [
        (SLACK, "Slack", "TIiajkdnlazkcOXrIdevi7FQ"),
        (TEAMS, "Microsoft Teams", "iXkSj3bZ3nN"),
        ("https://discord.com/api/webhooks/4174216298/JHMHI8qBe7bk2ZwO5U7", "Discord", "JHMHI8"),
        ("mmosts://chat.example/3ccdd113474722377935511fc85d3dd4", "Mattermost", "3ccdd113"),
        ("pagerduty://abcdefghijklmn@0123456789", "PagerDuty", "abcdefghijklmn"),
        ("https://ntfy.sh/refunds-7d1f", "ntfy", "7d1f"),
        ("ntfys://push.example.com/refunds-7d1f", "ntfy", "7d1f"),
        ("jsons://me:secret@host.example/also-secret", "JSON to an address of yours", "secret"),
    ],
)
def test_an_address_is_known_and_its_secret_not_shown(
    address: str, service: str, hidden: str
) -> None:
    name, shown = services.read(address)

    assert name == service
    assert hidden not in shown


@pytest.mark.parametrize(
    "address",
    [
        "",
        "https://example.com/hook",
        "mailto://me:secret@example.com",
        "syslog://",
        "file:///etc/passwd",
        "dbus://",
        "macosx://",
        "slack://x",
        f"{SLACK}?template=/etc/passwd",
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ?Template=%2Fetc%2Fpasswd",
        "json://host.example/in-the-open",
        "jsons://host.example/" + "x" * 600,
        "jsons://höst.example/",
        "jsons://host.example/\r\nX: y",
    ],
)
def test_what_is_no_such_address_is_refused_with_a_sentence(address: str) -> None:
    with pytest.raises(AddressRefused) as refused:
        services.read(address)

    assert str(refused.value).endswith(".")


@pytest.mark.parametrize(
    "path",
    [
        "json://{host}/hook",
        "mmost://{host}/3ccdd113474722377935511fc85d3dd4",
        "rocket://aaaaaaaaaaaaaaaaa%2Fbbbbbbbbbbbbbbbbbbbbbbbb@{host}/#refunds",
        "ntfy://{host}/refunds",
        "gotify://{host}/AQ2w3e4r5t6y7u8",
    ],
)
def test_a_service_gets_what_we_say_and_nothing_of_apprises(receiver: Receiver, path: str) -> None:
    address = path.format(host=receiver.url.removeprefix("http://"))
    receiver.usually = 200

    delivery = say(address, **INWARD)

    [message] = receiver.received
    said = json.dumps(dict(message.headers)) + message.body.decode()
    assert "1 is urgent" in said
    assert "github" not in said
    assert delivery.delivered


def test_slack_is_told_in_its_own_form(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(NotifySlack, "webhook_url", receiver.url)
    receiver.says("/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", 200)

    say(SLACK, **INWARD)

    [message] = receiver.received
    assert message.path.startswith("/T1JJ3T3L2/A1BRTD4JD/")
    assert "Approval, due soon" in json.loads(message.body)["attachments"][0]["text"]


def test_nothing_goes_inward(receiver: Receiver) -> None:
    host = receiver.url.removeprefix("http://")

    for address in (f"jsons://{host}/x", "jsons://localhost:8443/x", "jsons://169.254.169.254/x"):
        delivery = say(address, ports=None)
        assert not delivery.delivered
    assert "not public" in str(say("jsons://127.0.0.1/x").error)
    assert "Port" in str(say(f"jsons://{host}/x").error)
    assert receiver.received == []


def test_an_answer_leads_nowhere_else(receiver: Receiver) -> None:
    receiver.says("/there", 302, Location=f"{receiver.url}/elsewhere")
    host = receiver.url.removeprefix("http://")

    delivery = say(f"json://{host}/there?redirect=yes", **INWARD)

    assert not delivery.delivered
    assert [message.path for message in receiver.received] == ["/there"]


def test_no_proxy_and_no_option_goes_round_the_guard(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, receiver.url)

    delivery = say("jsons://127.0.0.1/x?verify=no&cto=60&rto=60")

    assert "not public" in str(delivery.error)
    assert receiver.received == []


def test_nothing_else_is_sent_by_the_library(receiver: Receiver) -> None:
    with pytest.raises(requests.ConnectionError):
        requests.post(f"{receiver.url}/x", data=b"x", timeout=1)
    with guarded.watched(seconds=2), pytest.raises(requests.ConnectionError):
        requests.post(f"{receiver.url}/x", data=b"x", timeout=1)

    assert receiver.received == []


@pytest.mark.parametrize(("status", "after"), [(500, None), (404, None), (429, 7)])
def test_what_the_service_answered_is_known(
    receiver: Receiver, status: int, after: int | None
) -> None:
    said = {} if after is None else {"Retry_After": str(after)}
    receiver.says("/x", status, **said)

    delivery = say(f"json://{receiver.url.removeprefix('http://')}/x", **INWARD)

    assert (delivery.status, delivery.retry_after) == (status, after)
    assert not delivery.delivered
