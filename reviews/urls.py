"""The desk's addresses."""

from django.urls import path

from reviews.views import (
    desk,
    filling,
    handoff,
    judgement,
    search,
    source,
    status,
    undo,
)
from reviews.views import (
    link as links,
)

app_name = "reviews"
urlpatterns = [
    path("", desk.desk, name="desk"),
    path("take", desk.take, name="take"),
    path("queues/<slug:slug>", desk.queue, name="queue"),
    path("queues/<slug:slug>/take", desk.take, name="take-from"),
    path("handoffs/<str:handoff_id>", handoff.handoff, name="handoff"),
    path("handoffs/<str:handoff_id>/source", source.source, name="source"),
    path("handoffs/<str:handoff_id>/pick", desk.pick, name="pick"),
    path("handoffs/<str:handoff_id>/renew", handoff.renew, name="renew"),
    path("handoffs/<str:handoff_id>/beat", handoff.beat, name="beat"),
    path("handoffs/<str:handoff_id>/leave", handoff.leave, name="leave"),
    path("handoffs/<str:handoff_id>/give-back", handoff.give_back, name="give-back"),
    path("handoffs/<str:handoff_id>/draft", handoff.draft, name="draft"),
    path("handoffs/<str:handoff_id>/evidence", handoff.evidence, name="evidence"),
    path("handoffs/<str:handoff_id>/judge", judgement.judge, name="judge"),
    path("handoffs/<str:handoff_id>/decide", handoff.decide, name="decide"),
    path("handoffs/<str:handoff_id>/comment", handoff.comment, name="comment"),
    path("handoffs/<str:handoff_id>/undo", undo.take_back, name="undo"),
    path("handoffs/<str:handoff_id>/ask", handoff.ask, name="ask"),
    path("handoffs/<str:handoff_id>/hand-up", handoff.hand_up, name="hand-up"),
    path("handoffs/<str:handoff_id>/as/<slug:verb>", filling.fill_in, name="fill-in"),
    path("handoffs/<str:handoff_id>/as/<slug:verb>/send", filling.send, name="send"),
    path("search", search.search, name="search"),
    path("search/save", search.save, name="filter-save"),
    path("search/saved/<int:filter_id>/forget", search.forget, name="filter-forget"),
    path("links/at/<str:link_id>", links.at, name="link-at"),
    path("links/at/<str:link_id>/open", links.open, name="link-open"),
    path("links/at/<str:link_id>/choose", links.choose, name="link-choose"),
    path("links/at/<str:link_id>/decide", links.decide, name="link-decide"),
    path("links/at/<str:link_id>/done", links.done, name="link-done"),
    path("links/at/<str:link_id>/undo", links.undo, name="link-undo"),
    path("links/at/<str:link_id>/evidence", links.evidence, name="link-evidence"),
    path("links/at/<str:link_id>/source", links.source, name="link-source"),
    path("links/at/<str:link_id>/draft", links.draft, name="link-draft"),
    path("links/at/<str:link_id>/renew", links.renew, name="link-renew"),
    path("links/at/<str:link_id>/beat", links.beat, name="link-beat"),
    path("links/at/<str:link_id>/leave", links.leave, name="link-leave"),
    path("links/at/<str:link_id>/give-back", links.give_back, name="link-give-back"),
    path("links/at/<str:link_id>/desk", links.to_desk, name="link-desk"),
    path("links/<str:token>", links.link, name="link"),
    path("status/<str:token>", status.status, name="status"),
]
