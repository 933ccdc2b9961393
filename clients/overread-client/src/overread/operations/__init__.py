"""One flow per thing that can be asked of the server, by noun."""
