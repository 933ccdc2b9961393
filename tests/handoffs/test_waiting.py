"""Wait addresses: nobody makes one but us, and each is good for what it says, for a while."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoffs import waiting
from handoffs.waiting import BadToken, ExpiredToken, Signer, Watched

NOW = datetime(2026, 3, 1, 12, 0, 7, tzinfo=UTC)
KEY = waiting.key_of("secret")
SIGNER = Signer(secret="secret", base_url="https://wait.example")


def read(url: str, *, after: timedelta = timedelta(0)) -> Watched:
    assert url.startswith("https://wait.example/wait/")
    return waiting.read(url.rpartition("/")[2], [KEY], (NOW + after).timestamp())


def test_an_address_says_what_is_waited_for() -> None:
    handoff = SIGNER.url_for_handoff("ho_1", 3, now=NOW)
    run = SIGNER.url_for_run("run_1", 4, now=NOW)
    turn = SIGNER.url_for_workflows([9, 2, 9], client_id=5, now=NOW)

    assert read(handoff) == Watched(id="ho_1", version=3)
    assert read(run) == Watched(id="run_1", version=4)
    assert read(turn) == Watched(client=5, workflows=(2, 9))


def test_an_address_is_good_for_an_hour_and_little_more() -> None:
    url = SIGNER.url_for_handoff("ho_1", 3, now=NOW)

    assert read(url, after=timedelta(hours=1))
    with pytest.raises(ExpiredToken):
        read(url, after=timedelta(hours=1, minutes=10))


def test_the_same_state_gives_the_same_address_for_a_while() -> None:
    url = SIGNER.url_for_handoff("ho_1", 3, now=NOW)

    assert SIGNER.url_for_handoff("ho_1", 3, now=NOW + timedelta(minutes=9)) == url
    assert SIGNER.url_for_handoff("ho_1", 3, now=NOW + timedelta(minutes=10)) != url
    assert SIGNER.url_for_handoff("ho_1", 4, now=NOW) != url


def test_every_key_in_use_is_good_and_no_other() -> None:
    token = waiting.sign(Watched(id="ho_1", version=1), KEY, 2**40)

    assert waiting.read(token, [waiting.key_of("newer"), KEY], 0)
    with pytest.raises(BadToken):
        waiting.read(token, [waiting.key_of("newer")], 0)


def test_the_secret_itself_signs_nothing() -> None:
    token = waiting.sign(Watched(id="ho_1", version=1), b"secret", 2**40)

    with pytest.raises(BadToken):
        waiting.read(token, [KEY], 0)


@given(
    watched=st.one_of(
        st.builds(
            Watched,
            id=st.from_regex(r"\A(ho|run)_[0-9a-z]{26}\Z"),
            version=st.integers(1, 2**31),
        ),
        st.builds(
            Watched,
            client=st.integers(1, 2**63 - 1),
            workflows=st.lists(st.integers(1, 2**63 - 1), min_size=1, max_size=9).map(tuple),
        ),
    )
)
def test_what_is_signed_is_read_back(watched: Watched) -> None:
    assert waiting.read(waiting.sign(watched, KEY, 10), [KEY], 9) == watched


@given(at=st.integers(0, 200), character=st.characters())
def test_any_changed_character_is_noticed(at: int, character: str) -> None:
    token = waiting.sign(Watched(id="ho_1", version=1), KEY, 2**40)
    at %= len(token)
    changed = token[:at] + character + token[at + 1 :]
    if changed == token:
        return

    try:
        read_back = waiting.read(changed, [KEY], 0)
    except BadToken:
        return
    # the last character of a base 64 text carries bits that nobody reads
    assert at == len(token) - 1
    assert read_back == Watched(id="ho_1", version=1)


@given(token=st.text(max_size=200))
def test_anything_else_is_refused_and_nothing_breaks(token: str) -> None:
    with pytest.raises(BadToken):
        waiting.read(token, [KEY], 0)
