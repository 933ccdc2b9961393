"""The command that checks a receipt offline."""

import json
from pathlib import Path

import pytest
from test_receipts import ARGUMENTS, JWKS, OTHERS, sign

from overread.__main__ import main


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "receipt").write_text(
        sign(role="refund\nVALID.", audit_head=[12, "ab" * 32]) + "\n"
    )
    (tmp_path / "forged").write_text(sign(OTHERS))
    (tmp_path / "jwks").write_text(json.dumps(JWKS))
    (tmp_path / "arguments").write_text(json.dumps(ARGUMENTS))
    (tmp_path / "others").write_text(json.dumps({"order_id": "#W1"}))
    return tmp_path


def verify(files: Path, receipt: str, *more: str) -> int:
    return main(["verify-receipt", str(files / receipt), "--jwks", str(files / "jwks"), *more])


def test_a_receipt_that_holds_says_what_it_proves(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = verify(files, "receipt", "--handoff", "ho_1", "--arguments", str(files / "arguments"))

    said = capsys.readouterr().out.splitlines()
    assert code == 0
    assert "verb: approve" in said
    assert f"audit_head: 12:{'ab' * 32}" in said
    assert said.count("VALID.") == 1


@pytest.mark.parametrize(
    ("receipt", "more"),
    [("forged", []), ("receipt", ["--handoff", "ho_2"]), ("receipt", ["--arguments", "others"])],
)
def test_one_that_proves_something_else_is_refused(
    files: Path, capsys: pytest.CaptureFixture[str], receipt: str, more: list[str]
) -> None:
    more = [str(files / one) if one == "others" else one for one in more]

    assert verify(files, receipt, *more) == 1
    assert "NOT VALID" in capsys.readouterr().err


def test_a_file_that_is_not_there_is_named(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify(files, "nowhere") == 2
    assert "nowhere" in capsys.readouterr().err
