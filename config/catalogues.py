"""The catalogues under `locale`: `python -m config.catalogues` compiles each .po beside itself.

Written out here, because no gettext program can be counted on. What is compiled is kept with the
code, so that a fresh clone speaks every language at once; a test compares the two.
"""

import ast
import re
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "locale"
# where texts for requesters are said
SOURCES = ("handoffs", "reviews", "governance", "oversight")
_SAYING = {"say", "noted", "count"}
_IN_TEMPLATE = re.compile(r'{% (?:translate|trans) "((?:[^"\\]|\\.)*)" context "requester"')
_LINE = re.compile(r'(?:(msgctxt|msgid|msgid_plural|msgstr|msgstr\[(\d)\]) )?"(.*)"')


@dataclass(frozen=True)
class Entry:
    """One text and what it is called in the language; two of them where it counts."""

    context: str
    one: str
    many: str
    said: tuple[str, ...]

    @property
    def key(self) -> bytes:
        context = f"{self.context}\x04" if self.context else ""
        return f"{context}{self.one}{chr(0) + self.many if self.many else ''}".encode()


class Unreadable(ValueError):
    """A line of a catalogue that is none."""


def read(path: Path) -> list[Entry]:
    """Read a .po file; entries are set apart by empty lines."""
    return [_entry(path, block) for block in _blocks(path.read_text(encoding="utf-8"))]


def _blocks(text: str) -> Iterator[list[str]]:
    for block in re.split(r"\n\s*\n", text):
        lines = [line for line in block.splitlines() if line and not line.startswith("#")]
        if lines:
            yield lines


def _entry(path: Path, lines: list[str]) -> Entry:
    parts: dict[str, str] = {}
    current = ""
    for line in lines:
        found = _LINE.fullmatch(line.strip())
        current = (found and found[1]) or current
        if found is None or not current:
            raise Unreadable(f"{path.name}: {line}")
        parts[current] = parts.get(current, "") + ast.literal_eval(f'"{found[3]}"')
    said = tuple(parts[name] for name in sorted(parts) if name.startswith("msgstr"))
    return Entry(parts.get("msgctxt", ""), parts["msgid"], parts.get("msgid_plural", ""), said)


def compiled(entries: list[Entry]) -> bytes:
    """Return what GNU gettext would: two sorted tables of lengths and places, then the texts."""
    pairs = sorted((entry.key, "\0".join(entry.said).encode()) for entry in entries)
    count, head = len(pairs), 28
    keys, texts = b"", b""
    for key, said in pairs:
        keys, texts = keys + key + b"\0", texts + said + b"\0"
    start = head + 16 * count
    places, at = [], start
    for key, _ in pairs:
        places.append((len(key), at))
        at += len(key) + 1
    for _, said in pairs:
        places.append((len(said), at))
        at += len(said) + 1
    table = b"".join(struct.pack("<2I", *place) for place in places)
    return (
        struct.pack("<7I", 0x950412DE, 0, count, head, head + 8 * count, 0, start)
        + table
        + keys
        + texts
    )


def wanted() -> set[tuple[str, str]]:
    """Find every text that requesters may read, in the code and in the templates."""
    found = {
        text for name in SOURCES for path in (ROOT / name).rglob("*.py") for text in _spoken(path)
    }
    for path in (ROOT / "templates").rglob("*"):
        if path.suffix in (".html", ".txt"):
            found |= {(text, "") for text in _IN_TEMPLATE.findall(path.read_text())}
    return found


def _spoken(path: Path) -> Iterator[tuple[str, str]]:
    source = path.read_text()
    if "languages" not in source and path.name != "languages.py":
        return
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and _says(node.func, path):
            texts = [one.value for one in node.args[:2] if isinstance(one, ast.Constant)]
            if texts and isinstance(texts[0], str):
                yield texts[0], str(texts[1]) if len(texts) > 1 else ""


def _says(function: ast.expr, path: Path) -> bool:
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        return function.value.id == "languages" and function.attr in _SAYING
    return (
        path.name == "languages.py"
        and isinstance(function, ast.Name)
        and function.id in {"say", "noted"}
    )


def main() -> int:
    texts = wanted()
    for path in sorted(FOLDER.glob("*/LC_MESSAGES/*.po")):
        entries = read(path)
        path.with_suffix(".mo").write_bytes(compiled(entries))
        has = {(entry.one, entry.many) for entry in entries}
        for one, _ in sorted(texts - has):
            print(f"{path.parent.parent.name} has no words for: {one}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
