"""Write what docs/api holds of the code: `python -m config.written`; a test compares them."""

import os
from pathlib import Path

import django

FOLDER = Path(__file__).resolve().parent.parent / "docs/api"


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings_test")
    django.setup()
    from config import docs

    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "openapi.json").write_text(docs.document_text())
    (FOLDER / "errors.md").write_text(docs.errors_page())


if __name__ == "__main__":
    main()
