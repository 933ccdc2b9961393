"""The services that notices go to beside e-mail, by apprise: read an address, send a message.

Only the services listed here: each was looked at, speaks HTTP and nothing else, and is told only
what we say. apprise's own look-up knows a hundred more, some of which run programs or read files.
"""

import logging
from typing import Any

from apprise import AppriseAsset
from apprise.plugins.base import NotifyBase
from apprise.plugins.custom_json import NotifyJSON
from apprise.plugins.dingtalk import NotifyDingTalk
from apprise.plugins.discord import NotifyDiscord
from apprise.plugins.feishu import NotifyFeishu
from apprise.plugins.google_chat import NotifyGoogleChat
from apprise.plugins.gotify import NotifyGotify
from apprise.plugins.lark import NotifyLark
from apprise.plugins.mattermost import NotifyMattermost
from apprise.plugins.ntfy import NotifyNtfy
from apprise.plugins.opsgenie import NotifyOpsgenie
from apprise.plugins.pagerduty import NotifyPagerDuty
from apprise.plugins.pushover import NotifyPushover
from apprise.plugins.rocketchat import NotifyRocketChat
from apprise.plugins.slack import NotifySlack
from apprise.plugins.telegram import NotifyTelegram
from apprise.plugins.webexteams import NotifyWebexTeams
from apprise.plugins.wecombot import NotifyWeComBot
from apprise.plugins.workflows import NotifyWorkflows
from apprise.plugins.zulip import NotifyZulip

from handoffs import guarded
from handoffs.outbound import Delivery

MAX_ADDRESS = 500
# the name on screen, and the class that knows the service
SERVICES: dict[str, type[NotifyBase]] = {
    "Slack": NotifySlack,
    "Microsoft Teams": NotifyWorkflows,
    "Google Chat": NotifyGoogleChat,
    "Discord": NotifyDiscord,
    "Mattermost": NotifyMattermost,
    "Rocket.Chat": NotifyRocketChat,
    "Zulip": NotifyZulip,
    "Webex": NotifyWebexTeams,
    "Telegram": NotifyTelegram,
    "PagerDuty": NotifyPagerDuty,
    "Opsgenie": NotifyOpsgenie,
    "Pushover": NotifyPushover,
    "ntfy": NotifyNtfy,
    "Gotify": NotifyGotify,
    "DingTalk": NotifyDingTalk,
    "Feishu": NotifyFeishu,
    "Lark": NotifyLark,
    "WeCom": NotifyWeComBot,
    "JSON to an address of yours": NotifyJSON,
}
# options with which a service reads a file of this machine, or sends one
_READS_FILES = frozenset({"template", "attach", "attachment", "file"})

logging.getLogger("apprise").setLevel(logging.CRITICAL)


class AddressRefused(ValueError):
    """An address of no service that we send to; the message is for whoever wrote it."""


def read(address: str, *, allow_http: bool = False) -> tuple[str, str]:
    """Return the service's name and the address as it may be shown, or raise AddressRefused."""
    name, service = _read(address, allow_http=allow_http)
    if isinstance(service, NotifyJSON):
        # where somebody chose the path, it may be the secret
        return name, f"{service.host}/…"
    if isinstance(service, NotifyNtfy):
        # whoever knows the topic reads what is sent there
        return name, f"{service.host if service.mode == 'private' else 'ntfy.sh'}/…"
    shown: str = service.url(privacy=True)  # type: ignore[no-untyped-call]
    return name, shown.partition("?")[0]


def send(
    address: str, *, title: str, text: str, seconds: float, site: str, **limits: Any
) -> Delivery:
    """Send one message and say what came of it; never raises for what the other side does."""
    try:
        _, service = _read(address, allow_http=bool(limits.get("allow_http")), site=site)
    except AddressRefused as refused:
        return Delivery(error=str(refused))
    with guarded.watched(seconds=seconds, **limits) as traffic:
        done = bool(service.notify(body=text, title=title, body_format="text"))
    last = traffic.sent[-1] if traffic.sent else Delivery(error="The service sent nothing.")
    if done or not last.delivered:
        return last
    return Delivery(status=None, error="The service took the message and said no.")


def _read(address: str, *, allow_http: bool, site: str = "") -> tuple[str, NotifyBase]:
    if len(address) > MAX_ADDRESS or not address.isascii() or not address.isprintable():
        raise AddressRefused("The address holds characters that addresses do not, or too many.")
    for name, service in SERVICES.items():
        found = service.parse_native_url(address) or _parse(service, address)
        if found:
            return name, _made(service, found, allow_http=allow_http, site=site)
    raise AddressRefused(
        "This is the address of no service that we know. Paste the webhook's address as the "
        "service shows it."
    )


def _parse(service: type[NotifyBase], address: str) -> dict[str, Any] | None:
    schema = address.partition("://")[0].lower()
    return service.parse_url(address) if schema in _schemas(service) else None


def _schemas(service: type[NotifyBase]) -> set[str]:
    return _names(service.protocol) | _names(service.secure_protocol)


def _made(
    service: type[NotifyBase], found: dict[str, Any], *, allow_http: bool, site: str
) -> NotifyBase:
    if _READS_FILES & {str(key).lower() for key in found.get("qsd", {})}:
        raise AddressRefused("The address names a file to send. Leave that part out.")
    if str(found["schema"]) in _names(service.protocol) and not allow_http:
        raise AddressRefused("The address goes out in the open. Use the form that ends with s://.")
    asset = AppriseAsset(
        storage_mode="memory",
        async_mode=False,
        http_redirects=False,
        app_id="Overread",
        app_desc="Overread",
        app_url=site,
        image_url_mask="",
        image_url_logo="",
    )
    try:
        return service(**{**found, "asset": asset})
    except (TypeError, ValueError):
        raise AddressRefused(
            "The address is not complete. Paste the webhook's address as the service shows it."
        ) from None


def _names(schemas: Any) -> set[str]:
    """Read one schema, several or none."""
    return {schemas} if isinstance(schemas, str) else set(schemas or ())
