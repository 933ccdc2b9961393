"""Composes the agent-facing API."""

from ninja import NinjaAPI

api = NinjaAPI(title="Overread", version="1")
