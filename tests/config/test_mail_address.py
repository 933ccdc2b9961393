"""Where mail goes is one variable; a mistake in it is said before anything starts."""

import pytest

from config.env import Address, BadSetting, address

SCHEMES = ("smtp", "smtp+tls", "smtps")


def read(monkeypatch: pytest.MonkeyPatch, value: str) -> Address | None:
    monkeypatch.setenv("MAIL_URL", value)
    return address("MAIL_URL", SCHEMES)


def test_an_address_is_taken_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    told = read(monkeypatch, "smtp+tls://me%40here:p%2Fw@mail.example:2525")

    assert told == Address("smtp+tls", "mail.example", 2525, "me@here", "p/w")


def test_a_host_alone_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(monkeypatch, "smtps://mail.example") == Address(
        "smtps", "mail.example", None, "", ""
    )


def test_nothing_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(monkeypatch, "") is None


@pytest.mark.parametrize(
    "value",
    ["me:hush@mail.example:25", "http://me:hush@mail.example", "smtp://me:hush@", "smtp://a:hush"],
)
def test_a_mistake_is_named_without_the_password(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    with pytest.raises(BadSetting, match="MAIL_URL cannot be read") as refused:
        read(monkeypatch, value)

    assert "hush" not in str(refused.value)
