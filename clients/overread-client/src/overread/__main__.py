"""`python -m overread verify-receipt`: check a receipt without a server, a key or a network."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from overread import receipts
from overread.errors import ReceiptInvalid

HOLDS, REFUSED, UNREADABLE = 0, 1, 2


def main(argv: Sequence[str] | None = None) -> int:
    """Print what the receipt proves and return 0; 1 when it proves nothing, 2 without its files."""
    asked = _parser().parse_args(argv)
    try:
        token = _text(asked.receipt).strip()
        jwks = json.loads(_text(asked.jwks))
        arguments = json.loads(_text(asked.arguments)) if asked.arguments else None
    except (OSError, ValueError) as error:
        print(f"Cannot be read: {error}", file=sys.stderr)
        return UNREADABLE
    try:
        proven = receipts.verify(token, jwks, handoff=asked.handoff, arguments=arguments)
    except ReceiptInvalid as refused:
        print(f"NOT VALID. {refused}", file=sys.stderr)
        return REFUSED
    for name, value in asdict(proven).items():
        if name != "raw" and value is not None:
            print(f"{name}: {_shown(value)}")
    if head := proven.raw.get("audit_head"):
        print(f"audit_head: {_shown(':'.join(str(part) for part in head))}")
    print("VALID." if asked.arguments else "VALID. Give --arguments to check what was approved.")
    return HOLDS


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="overread")
    commands = parser.add_subparsers(required=True)
    verify = commands.add_parser("verify-receipt", help="check a receipt offline")
    verify.add_argument("receipt", help="a file with the receipt, - for standard input")
    verify.add_argument("--jwks", required=True, help="a file with the server's public keys")
    verify.add_argument("--handoff", help="the handoff it has to be about")
    verify.add_argument("--arguments", help="a JSON file with the arguments it has to be about")
    return parser


def _text(place: str) -> str:
    return sys.stdin.read() if place == "-" else Path(place).read_text(encoding="utf-8")


def _shown(value: Any) -> str:
    """Print on one line what cannot write over the next one."""
    return (
        value if isinstance(value, str) and value.isprintable() else json.dumps(value, default=str)
    )


if __name__ == "__main__":
    sys.exit(main())
