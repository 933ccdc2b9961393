"""Which handoffs a test may be made of, in SQL: what a person approved as its agent sent it.

Asked of `h`, a handoff, with its `run`, `proposal` and `answer`. What only a later moment knows, or
what people added, makes it none.
"""

SQL = """
h.kind = 'approval' and h.tier = 'hard_approval' and h.state = 'answered'
    and h.level = 1 and h.round = 1 and proposal.outcome not in ('failed', 'rolled_back')
    and answer.verb = 'approve' and answer.by_kind = 'person' and run.task is null
    -- what an agent asked first, and asked once
    and not exists (select from handoffs_proposal other
        where other.run_id = run.id and other.id < proposal.id)
    and (select count(*) from handoffs_brief brief where brief.handoff_id = h.id) = 1
    and not exists (select from handoffs_informationrequest asked where asked.handoff_id = h.id)
    and not exists (select from handoffs_requesterword word where word.run_id = run.id)
    -- a later state of the agent would tell that it went on
    and not exists (select from handoffs_checkpoint kept
        where kept.run_id = run.id and kept.saved_at > greatest(h.opened_at, h.answered_at))
"""
