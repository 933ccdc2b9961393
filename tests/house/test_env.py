import re
from pathlib import Path

import pytest

from config import env

ROOT = Path(__file__).resolve().parents[2]


def test_every_variable_that_settings_read_is_in_the_example():
    read = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', (ROOT / "config/settings.py").read_text()))
    listed = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))

    assert read <= listed


@pytest.mark.parametrize("reader", [env.flag, env.number])
def test_what_cannot_be_read_is_refused_by_name(monkeypatch, reader):
    monkeypatch.setenv("OVERREAD_X", "maybe")

    with pytest.raises(env.BadSetting, match="OVERREAD_X"):
        reader("OVERREAD_X", 0)


def test_a_missing_secret_stops_the_start(monkeypatch):
    monkeypatch.delenv("OVERREAD_X", raising=False)

    with pytest.raises(env.BadSetting, match="OVERREAD_X"):
        env.secret("OVERREAD_X")


def test_a_secret_comes_from_a_file(monkeypatch, tmp_path):
    (tmp_path / "secret").write_text("s3cret\n")
    monkeypatch.setenv("OVERREAD_X_FILE", str(tmp_path / "secret"))

    assert env.secret("OVERREAD_X") == "s3cret"


def test_a_server_address_is_read_whole(monkeypatch):
    monkeypatch.setenv("OVERREAD_X", "smtps://me%40x:p%2Fw@mail.example:465")

    read = env.address("OVERREAD_X", ("smtp", "smtps"))

    assert read == env.Address("smtps", "mail.example", 465, "me@x", "p/w")


@pytest.mark.parametrize("bad", ["mail.example", "http://mail.example", "smtp://x:port"])
def test_a_server_address_that_is_none_is_refused(monkeypatch, bad):
    monkeypatch.setenv("OVERREAD_X", bad)

    with pytest.raises(env.BadSetting, match="OVERREAD_X"):
        env.address("OVERREAD_X", ("smtp", "smtps"))
