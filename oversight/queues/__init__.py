"""How work comes to queues, how long it takes, and how many people it needs."""
