"""Read YAML and remember on which line each value stands, so that a refusal can say where."""

from typing import Any

import yaml
from yaml.reader import ReaderError

MAX_BYTES = 512 * 1024
MAX_DEPTH = 40
Path = tuple[str | int, ...]


class NotYaml(ValueError):
    """The text cannot be read as one YAML mapping; `line` counts from 1."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


def read(text: str) -> tuple[dict[str, Any], dict[Path, int]]:
    """Return the mapping and the line of every value by its path.

    Aliases and tags are refused: a policy says in full what it says. So is a key that stands
    twice, of which YAML would silently keep the last.
    """
    if len(text.encode()) > MAX_BYTES:
        raise NotYaml(1, f"The file is larger than {MAX_BYTES // 1024} KiB. Split the workflow.")
    try:
        _check_events(text)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise NotYaml(mark.line + 1 if mark else 1, f"Not YAML: {error.problem}.") from None
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise NotYaml(line, f"Character {error.character!r} is not allowed in YAML.") from None
    if not isinstance(node, yaml.MappingNode):
        raise NotYaml(1, "A mapping with the key workflow belongs here.")
    lines: dict[Path, int] = {}
    value = _value(node, (), lines, yaml.SafeLoader(""))
    return value, lines


def _check_events(text: str) -> None:
    """Refuse what could grow or nest without end, before anything is built of it."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        tag = getattr(event, "tag", None)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise NotYaml(line, "Anchors and aliases are not taken: write it out.")
        if tag is not None:
            raise NotYaml(line, f"The tag {tag} is not taken: write plain values.")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise NotYaml(line, f"This is nested more than {MAX_DEPTH} deep.")


def line_of(path: Path, lines: dict[Path, int]) -> int:
    """Return the line of the value at `path`, or of the nearest thing around it."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


def _value(node: yaml.Node, path: Path, lines: dict[Path, int], loader: yaml.SafeLoader) -> Any:
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, lines, loader)
    if isinstance(node, yaml.SequenceNode):
        return [
            _value(item, (*path, index), lines, loader) for index, item in enumerate(node.value)
        ]
    return _scalar(node, loader)


def _mapping(
    node: yaml.MappingNode, path: Path, lines: dict[Path, int], loader: yaml.SafeLoader
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        key = _scalar(key_node, loader) if isinstance(key_node, yaml.ScalarNode) else None
        if not isinstance(key, str):
            raise NotYaml(line, f"The key {key!r} is not a text. Put it in quotes.")
        if key in found:
            raise NotYaml(line, f"{key} stands twice. Keep one of them.")
        lines[(*path, key)] = line
        found[key] = _value(value_node, (*path, key), lines, loader)
    return found


def _scalar(node: yaml.Node, loader: yaml.SafeLoader) -> Any:
    """Read a scalar; a date stays the text it is."""
    if node.tag == "tag:yaml.org,2002:timestamp":
        return node.value
    try:
        return loader.construct_object(node)
    except (yaml.YAMLError, ValueError) as error:
        raise NotYaml(node.start_mark.line + 1, f"This value cannot be read: {error}.") from None
