"""How long work waits for people: Erlang's B and C, Palm's A, a fixed deadline, square roots.

Rates are per second, times in seconds, `load` is arrivals × handling: how many people the work
keeps busy. All of it holds for a steady state: the same rate for long enough.
"""

import math
from dataclasses import dataclass

# a term this much smaller than the largest adds nothing
_TINY = 1e-18
# more than so many waiting on average need no counting one by one
_FLOOD = 20_000


@dataclass(frozen=True, kw_only=True)
class Steady:
    """What a queue settles at."""

    servers: int
    # the share of those who come that has to wait at all
    wait_chance: float
    # seconds, over all who come, those who are answered at once and those who give up included
    mean_wait: float
    # how many wait on average
    waiting: float
    # the share of time in which a person is busy
    utilisation: float
    # the share that nobody took before its time was up
    missed: float = 0.0


def blocked(load: float, servers: int) -> float:
    """Return Erlang B: the share that finds all `servers` busy where nobody can wait."""
    share = 1.0
    for count in range(1, servers + 1):
        share = load * share / (count + load * share)
    return share


def wait_chance(load: float, servers: int) -> float:
    """Return Erlang C: the share that has to wait; 1 where the work is more than the people."""
    if load >= servers:
        return 1.0
    lost = blocked(load, servers)
    return servers * lost / (servers - load * (1 - lost))


def patient(*, arrivals: float, handling: float, servers: int) -> Steady:
    """Return Erlang C's queue: everybody waits for as long as it takes. Endless if overloaded."""
    load = arrivals * handling
    chance = wait_chance(load, servers)
    mean = chance * handling / (servers - load) if load < servers else math.inf
    return Steady(
        servers=servers,
        wait_chance=chance,
        mean_wait=mean,
        waiting=arrivals * mean if arrivals else 0.0,
        utilisation=min(1.0, load / servers) if servers else 1.0,
    )


def taken_within(seconds: float, *, arrivals: float, handling: float, servers: int) -> float:
    """Return Erlang C's share that is taken within so many seconds."""
    load = arrivals * handling
    if load >= servers:
        return 0.0
    left = math.exp(-(servers - load) * seconds / handling)
    return 1 - wait_chance(load, servers) * left


def taken_by(share: float, *, arrivals: float, handling: float, servers: int) -> float:
    """Return within how many seconds this share is taken, by Erlang C."""
    load = arrivals * handling
    if load >= servers:
        return math.inf
    chance = wait_chance(load, servers)
    if chance <= 1 - share:
        return 0.0
    return math.log(chance / (1 - share)) * handling / (servers - load)


def impatient(*, arrivals: float, handling: float, servers: int, patience: float) -> Steady:
    """Return Erlang A's queue: each gives up after a time of its own, `patience` on average."""
    if not arrivals or not servers:
        return _nobody(arrivals, servers, missed_wait=patience)
    load, leaving = arrivals * handling, arrivals * patience
    crowd = leaving - servers / handling * patience
    if crowd > _FLOOD:
        return _flood(arrivals, handling, servers, wait=crowd / arrivals)
    weights = _waiting(max(0, int(crowd)), leaving, servers / handling * patience)
    empty = weights.get(0, 0.0) * sum(_below_all_busy(load, servers)) if 0 in weights else 0.0
    total = sum(weights.values()) + empty
    waiting = sum(count * weight for count, weight in weights.items()) / total
    missed = waiting / leaving
    return Steady(
        servers=servers,
        wait_chance=1 - empty / total,
        mean_wait=waiting / arrivals,
        waiting=waiting,
        utilisation=load * (1 - missed) / servers,
        missed=missed,
    )


def _waiting(likeliest: int, leaving: float, served: float) -> dict[int, float]:
    """Return how often so many wait, compared with the likeliest; what never happens is left out.

    All in units of the patience: `leaving` arrive in it, and `served` are served.
    """
    weights, weight, count = {likeliest: 1.0}, 1.0, likeliest
    while weight > _TINY:
        count += 1
        weight *= leaving / (served + count)
        weights[count] = weight
    weight = 1.0
    for count in range(likeliest, 0, -1):
        weight *= (served + count) / leaving
        weights[count - 1] = weight
        if weight < _TINY:
            break
    return weights


def _below_all_busy(load: float, servers: int) -> list[float]:
    """Return how often fewer are busy, compared with all of them and nobody waiting."""
    weights, weight = [], 1.0
    for busy in range(servers, 0, -1):
        weight *= busy / load
        weights.append(weight)
    return weights


def _flood(arrivals: float, handling: float, servers: int, *, wait: float) -> Steady:
    """Return what hopelessly too few people come to: all busy, and the rest is missed."""
    return Steady(
        servers=servers,
        wait_chance=1.0,
        mean_wait=wait,
        waiting=arrivals * wait,
        utilisation=1.0,
        missed=1 - servers / handling / arrivals,
    )


def until_deadline(*, arrivals: float, handling: float, servers: int, deadline: float) -> Steady:
    """Return the queue whose entries all leave after the same time: what a deadline does."""
    if not arrivals or not servers:
        return _nobody(arrivals, servers, missed_wait=deadline)
    # the virtual wait has density `density`·e^(drift·x), beside "all are busy and none waits"
    idle = sum(_below_all_busy(arrivals * handling, servers))
    drift = arrivals - servers / handling
    density = servers / handling
    grown = drift * deadline
    if grown > 600:
        return _flood(arrivals, handling, servers, wait=deadline)
    late = math.exp(grown) * handling / servers
    inside = deadline if abs(grown) < 1e-9 else math.expm1(grown) / drift
    total = idle + density * (inside + late)
    missed = density * late / total
    mean = density * (_tail(drift, deadline) + late * deadline) / total
    return Steady(
        servers=servers,
        wait_chance=density * (inside + late) / total,
        mean_wait=mean,
        waiting=arrivals * mean,
        utilisation=arrivals * (1 - missed) * handling / servers,
        missed=missed,
    )


def _tail(drift: float, deadline: float) -> float:
    """Return the integral of x·exp(drift·x) from 0 to the deadline."""
    grown = drift * deadline
    if abs(grown) < 1e-4:
        return deadline**2 * (1 / 2 + grown / 3 + grown**2 / 8)
    return (math.exp(grown) * (grown - 1) + 1) / drift**2


def _nobody(arrivals: float, servers: int, *, missed_wait: float) -> Steady:
    """Return the queue to which nothing comes, or for which nobody is there."""
    misses = bool(arrivals)
    wait = missed_wait if misses else 0.0
    return Steady(
        servers=servers,
        wait_chance=float(misses),
        mean_wait=wait,
        waiting=arrivals * wait,
        utilisation=0.0,
        missed=float(misses),
    )


def square_root_staff(load: float, beta: float) -> float:
    """Return how many people a load needs with `beta` square roots of it to spare."""
    return load + beta * math.sqrt(load)


def square_root_chance(beta: float) -> float:
    """Return which share waits then, in a large queue (Halfin and Whitt)."""
    return 1 / (1 + beta * _below(beta) / _density(beta))


def square_root_chance_impatient(beta: float, *, handling: float, patience: float) -> float:
    """Return the same where those who wait give up after `patience` (Garnett)."""
    ratio = math.sqrt(patience / handling)
    return 1 / (1 + _hazard(beta * ratio) / ratio / _hazard(-beta))


def _density(x: float) -> float:
    return math.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def _below(x: float) -> float:
    return math.erfc(-x / math.sqrt(2)) / 2


def _hazard(x: float) -> float:
    if x > 30:
        return x + 1 / x
    return _density(x) / _below(-x)
