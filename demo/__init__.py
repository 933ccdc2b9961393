"""A small web shop and its bookkeeping, so that a newcomer sees real work go through Overread."""
