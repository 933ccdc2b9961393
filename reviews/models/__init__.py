"""How people work: who holds what, what they wrote, what they decided."""

from reviews.models.briefs import BriefMeasure, SummaryEdit
from reviews.models.claims import Claim, EvidenceOpened, Visit
from reviews.models.decisions import Decision, Judgement
from reviews.models.drafts import Comment, Draft
from reviews.models.expectations import Expectation
from reviews.models.letters import RequesterLetter
from reviews.models.links import ApproverLink
from reviews.models.notices import LogPlace, Notice, NoticeWish, QueueNotices
from reviews.models.plants import Plant, SealedLot, Spared, TestsMet
from reviews.models.search import SavedFilter, SearchEntry
from reviews.models.sessions import BatchSession
from reviews.models.shifts import Absence, Availability, Caps, Presence

__all__ = [
    "RequesterLetter",
    "Absence",
    "ApproverLink",
    "Availability",
    "BatchSession",
    "BriefMeasure",
    "Caps",
    "Claim",
    "Comment",
    "Decision",
    "Draft",
    "EvidenceOpened",
    "Expectation",
    "Judgement",
    "LogPlace",
    "Notice",
    "NoticeWish",
    "Plant",
    "Presence",
    "QueueNotices",
    "SavedFilter",
    "SealedLot",
    "Spared",
    "SearchEntry",
    "SummaryEdit",
    "TestsMet",
    "Visit",
]
