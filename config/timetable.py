"""What the clock does how often, and from when on it is late."""

EVERY = {
    "handoffs.seal_audit": 1,
    "handoffs.release_due": 1,
    "handoffs.deliver_outbox": 2,
    "handoffs.end_stale_leases": 5,
    "handoffs.fire_overdue": 1,
    "handoffs.recount_deadlines": 5,
    "handoffs.watch_pressure": 5,
    "handoffs.tend_stops": 2,
    "handoffs.open_audits": 15,
    "handoffs.detect_anomalies": 20,
    "handoffs.open_findings": 15,
    "handoffs.remind_of_stops": 600,
    "handoffs.forget_old_keys": 600,
    "handoffs.forget_delivered": 600,
    "reviews.end_stale_claims": 5,
    "reviews.assign": 2,
    "reviews.forget_what_was_typed": 30,
    "reviews.forget_sessions": 600,
    "reviews.mail_links": 5,
    "reviews.look_for_notices": 3,
    "reviews.write_to_requesters": 5,
    "reviews.send_notices": 5,
    "reviews.forget_notices": 3600,
    "reviews.note_for_search": 3,
    "reviews.measure_briefs": 30,
    "reviews.measure_rates": 10,
    "reviews.move_overflow": 5,
    "governance.work_on_backtests": 1,
    "governance.remind_of_reviews": 3600,
    "oversight.count_queues": 60,
    "oversight.count_days": 30,
    "oversight.look_for_alarms": 60,
    "oversight.measure_queues": 3600,
    "oversight.renew_certificates": 600,
    "oversight.forget": 3600,
    "oversight.sow": 5,
    "oversight.close_lots": 600,
}
# when all of these are late, it is not the jobs that are to blame
OFTEN = {name for name, seconds in EVERY.items() if seconds <= 60}
BEAT = "beat"
BEAT_SECONDS = 5
# a worker that starts anew, or a job that takes its full minute, is no alarm yet
GRACE = 90


def allowed(name: str) -> int:
    """Return for how many seconds a job may be silent."""
    return GRACE + 2 * EVERY.get(name, BEAT_SECONDS)
