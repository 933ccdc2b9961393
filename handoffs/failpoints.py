"""Places where a process can be made to die, so that tests can show that nothing is lost there."""

import ast
import os
import signal
from pathlib import Path

_ARMED = os.environ.get("OVERREAD_FAILPOINT", "")
_MARK = os.environ.get("OVERREAD_FAILPOINT_MARK", "")


def failpoint(name: str) -> None:
    """Die here at once, as by kill -9, if OVERREAD_FAILPOINT names this place.

    With OVERREAD_FAILPOINT_MARK, a file, it dies only where it can still make that file: once
    over all processes, so that what is started in its place goes on, and the test sees that the
    place was reached. `name` is a literal, so that `names_in` finds it.
    """
    if name == _ARMED:
        _die()


def _die() -> None:
    if _MARK:
        try:
            os.close(os.open(_MARK, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        except FileExistsError:
            return
    os.kill(os.getpid(), signal.SIGKILL)


def names_in(*folders: Path) -> list[str]:
    """List every failpoint in the code below `folders`, read from the syntax tree."""
    return sorted(
        name
        for folder in folders
        for path in folder.rglob("*.py")
        if "failpoint" in (text := path.read_text())
        for name in _names(ast.parse(text, str(path)))
    )


def _names(tree: ast.AST) -> list[str]:
    return [
        str(ast.literal_eval(node.args[0]))
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and (
            (isinstance(node.func, ast.Name) and node.func.id == "failpoint")
            or (isinstance(node.func, ast.Attribute) and node.func.attr == "failpoint")
        )
    ]
