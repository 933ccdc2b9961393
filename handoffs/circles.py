"""Ways through queues that overflow into one another, and whether one comes back."""

from collections.abc import Mapping


def way_back(start: str, over: Mapping[str, set[str]]) -> list[str] | None:
    """Return the shortest way from `start` back to it, or None."""
    ways, seen = [[start]], {start}
    while ways:
        way = ways.pop(0)
        for following in sorted(over.get(way[-1], ())):
            if following == start:
                return way
            if following not in seen:
                seen.add(following)
                ways.append([*way, following])
    return None
