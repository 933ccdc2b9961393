"""One data folder: what is kept in it, and what is never touched."""

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from joserfc import jws
from joserfc.jwk import OKPKey

from config import instance
from config.supervisor import CannotStart
from tests.house.instances import folder


@pytest.fixture
def home() -> Iterator[Path]:
    with folder() as path:
        yield path


@pytest.fixture
def listener() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        yield taken.getsockname()[1]


def test_named_port_that_is_taken_is_refused_with_what_to_do(
    listener: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORT", str(listener))

    with pytest.raises(CannotStart, match=f"Port {listener} is taken .* set PORT to another"):
        instance.web_ports()


def test_port_that_is_no_number_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "eighty")

    with pytest.raises(CannotStart, match="PORT is 'eighty'. Write a number"):
        instance.web_ports()


def test_usual_port_that_is_taken_gives_another(
    listener: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PORT", raising=False)
    monkeypatch.setattr(instance, "DEFAULT_PORT", listener)

    port, wait_port = instance.web_ports()

    assert port != listener
    assert wait_port != port
    assert instance.is_free(port) and instance.is_free(wait_port)


def test_waits_are_served_on_the_next_free_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "40000")
    monkeypatch.setattr(instance, "is_free", lambda port: port != 40001)

    assert instance.web_ports() == (40000, 40002)


def test_server_keeps_its_port_while_it_is_free(home: Path) -> None:
    first = instance.kept_port(home, "postgres")
    assert instance.kept_port(home, "postgres") == first

    with socket.create_server(("127.0.0.1", first)):
        assert instance.kept_port(home, "postgres") != first


def test_secrets_are_made_once_and_are_private(home: Path) -> None:
    first = instance.kept_secrets(home)

    assert instance.kept_secrets(home) == first
    assert len(set(first.values())) == len(first)
    assert (home / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_unreadable_secrets_are_not_replaced(home: Path) -> None:
    (home / "secrets.json").write_text("{")

    with pytest.raises(CannotStart, match="--reset"):
        instance.kept_secrets(home)

    assert (home / "secrets.json").read_text() == "{"


def test_receipt_key_is_made_once_and_signs(home: Path) -> None:
    path = instance.receipt_key(home)
    kept = path.read_text()

    assert instance.receipt_key(home).read_text() == kept
    assert path.stat().st_mode & 0o777 == 0o600
    key = OKPKey.import_key(json.loads(kept))
    registry = jws.JWSRegistry(algorithms=["Ed25519"])
    token = jws.serialize_compact({"alg": "Ed25519"}, b"receipt", key, registry=registry)
    assert jws.deserialize_compact(token, key, registry=registry).payload == b"receipt"


def test_folder_is_held_by_one_at_a_time(home: Path) -> None:
    with instance.held(home):
        instance.note(home, url="http://127.0.0.1:1")

        with pytest.raises(instance.Busy) as busy, instance.held(home):
            pytest.fail("two held it")

    assert busy.value.state["pid"] == os.getpid()
    with instance.held(home):
        assert instance.state(home) == {}


def test_what_a_dead_holder_noted_is_not_believed(home: Path) -> None:
    with instance.held(home):
        instance.note(home, url="http://127.0.0.1:1")
        about = json.loads((home / "instance.json").read_text())
        (home / "instance.json").write_text(json.dumps(about | {"born": "another"}))

        assert instance.state(home) == {}


def test_reset_empties_a_folder_of_ours(home: Path) -> None:
    with instance.held(home):
        (home / "postgres").mkdir()
        (home / "postgres" / "PG_VERSION").write_text("18")
        (home / "demo.json").write_text("{}")

        instance.clear(home)

        assert sorted(path.name for path in home.iterdir()) == ["lock", instance.MARKER]


def test_reset_leaves_a_folder_alone_that_held_other_things(home: Path) -> None:
    (home / "thesis.odt").write_text("years of work")

    with instance.held(home), pytest.raises(CannotStart, match="nothing was deleted"):
        instance.clear(home)

    assert (home / "thesis.odt").exists()


def test_folder_that_cannot_be_used_is_named(home: Path) -> None:
    (home / "file").touch()

    with pytest.raises(CannotStart, match="OVERREAD_DATA_DIR"), instance.held(home / "file"):
        pytest.fail("held a file")
