"""What it takes, inside a statement, for a workflow to stand still: one look at the few stops."""

# of a workflow's id, as an expression: it is stopped, by itself or with everything
STOPPED = """exists (select from handoffs_stop stop where stop.ended_at is null
    and (stop.workflow_id is null or stop.workflow_id = {workflow}))"""
