"""The desk's addresses."""

from django.urls import path

from reviews.views import desk, filling, handoff, judgement, search, status, undo

app_name = "reviews"
urlpatterns = [
    path("", desk.desk, name="desk"),
    path("take", desk.take, name="take"),
    path("queues/<slug:slug>", desk.queue, name="queue"),
    path("queues/<slug:slug>/take", desk.take, name="take-from"),
    path("handoffs/<str:handoff_id>", handoff.handoff, name="handoff"),
    path("handoffs/<str:handoff_id>/pick", desk.pick, name="pick"),
    path("handoffs/<str:handoff_id>/renew", handoff.renew, name="renew"),
    path("handoffs/<str:handoff_id>/beat", handoff.beat, name="beat"),
    path("handoffs/<str:handoff_id>/leave", handoff.leave, name="leave"),
    path("handoffs/<str:handoff_id>/give-back", handoff.give_back, name="give-back"),
    path("handoffs/<str:handoff_id>/draft", handoff.draft, name="draft"),
    path("handoffs/<str:handoff_id>/evidence", handoff.evidence, name="evidence"),
    path("handoffs/<str:handoff_id>/judge", judgement.judge, name="judge"),
    path("handoffs/<str:handoff_id>/decide", handoff.decide, name="decide"),
    path("handoffs/<str:handoff_id>/undo", undo.take_back, name="undo"),
    path("handoffs/<str:handoff_id>/ask", handoff.ask, name="ask"),
    path("handoffs/<str:handoff_id>/hand-up", handoff.hand_up, name="hand-up"),
    path("handoffs/<str:handoff_id>/as/<slug:verb>", filling.fill_in, name="fill-in"),
    path("handoffs/<str:handoff_id>/as/<slug:verb>/send", filling.send, name="send"),
    path("search", search.search, name="search"),
    path("search/save", search.save, name="filter-save"),
    path("search/saved/<int:filter_id>/forget", search.forget, name="filter-forget"),
    path("status/<str:token>", status.status, name="status"),
]
