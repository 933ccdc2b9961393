"""What requesters read: every text in every language, and compiled as it is written."""

import gettext
import io
import re
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings

from config import catalogues
from handoffs import languages

CODES = sorted(code for code, _ in settings.LANGUAGES if code != "en")
NOW = datetime(2026, 11, 20, 22, 30, tzinfo=UTC)


def path(code: str) -> Path:
    return catalogues.FOLDER / code / "LC_MESSAGES" / "django.po"


def texts(code: str) -> list[catalogues.Entry]:
    return [entry for entry in catalogues.read(path(code)) if entry.one]


def test_there_is_a_catalogue_for_every_language() -> None:
    assert sorted(folder.name for folder in catalogues.FOLDER.iterdir()) == CODES


@pytest.mark.parametrize("code", CODES)
def test_every_text_is_there_and_none_that_nobody_says(code: str) -> None:
    assert {(entry.one, entry.many) for entry in texts(code)} == catalogues.wanted()


@pytest.mark.parametrize("code", CODES)
def test_what_is_compiled_is_what_is_written(code: str) -> None:
    written = catalogues.compiled(catalogues.read(path(code)))

    assert path(code).with_suffix(".mo").read_bytes() == written, "run python -m config.catalogues"


@pytest.mark.parametrize("code", CODES)
def test_every_text_says_something_of_its_own_with_the_same_facts(code: str) -> None:
    for entry in texts(code):
        assert entry.context == languages.CONTEXT
        assert len(entry.said) == (2 if entry.many else 1)
        for said in entry.said:
            assert said.strip() == said != "", entry
            assert sorted(re.findall(r"%\(\w+\)[sd]", said)) == sorted(
                re.findall(r"%\(\w+\)[sd]", entry.many or entry.one)
            )


def test_the_compiler_agrees_with_gettext(tmp_path: Path) -> None:
    source = tmp_path / "x.po"
    source.write_text(
        'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n'
        '"Plural-Forms: nplurals=2; plural=(n > 1);\\n"\n\n'
        '# a note\nmsgctxt "c"\nmsgid "say \\"it\\""\nmsgstr "dis-le"\n" déjà\\n"\n\n'
        'msgid "one"\nmsgid_plural "%d"\nmsgstr[0] "un"\nmsgstr[1] "%d uns"\n'
    )

    read = gettext.GNUTranslations(io.BytesIO(catalogues.compiled(catalogues.read(source))))

    assert read.pgettext("c", 'say "it"') == "dis-le déjà\n"
    assert [read.ngettext("one", "%d", n) for n in (0, 1, 2)] == ["un", "un", "%d uns"]


def test_a_line_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.po").write_text('msgid "a"\nmsgstr oops\n')

    with pytest.raises(catalogues.Unreadable, match="oops"):
        catalogues.read(tmp_path / "x.po")


@pytest.mark.parametrize(
    ("wanted", "spoken"),
    [
        (("de",), "de"),
        (("de_AT",), "de"),
        (("fr-CA",), "fr"),
        (("pt-BR", "es"), "es"),
        (("", "xx", "../../etc"), "en"),
    ],
)
def test_a_region_counts_as_its_language_and_the_rest_as_english(
    wanted: tuple[str, ...], spoken: str
) -> None:
    assert languages.of(*wanted) == spoken


@pytest.mark.parametrize(
    ("code", "at", "zone", "said"),
    [
        ("en", "2026-11-20T23:05+00:00", None, "today at 23:05 UTC"),
        ("en", "2026-11-20T23:05+00:00", "Europe/Berlin", "tomorrow at 00:05"),
        ("de", "2026-11-20T23:05+00:00", None, "heute um 23:05 Uhr UTC"),
        ("de", "2026-11-24T10:35+00:00", "Europe/Berlin", "am Dienstag um 11:35 Uhr"),
        ("de", "2026-12-03T10:35+00:00", "Europe/Berlin", "am 3. Dezember um 11:35 Uhr"),
        ("es", "2026-11-24T10:35+00:00", "Europe/Madrid", "el martes a las 11:35"),
        ("es", "2026-12-03T10:35+00:00", None, "el 3 de diciembre a las 10:35 UTC"),
        ("fr", "2026-11-21T10:05+00:00", "Europe/Paris", "aujourd’hui à 11\u00a0h\u00a005"),
        ("fr", "2026-11-24T10:35+00:00", None, "mardi à 10\u00a0h\u00a035 UTC"),
        ("fr", "2026-12-03T10:35+00:00", None, "le 3 décembre à 10\u00a0h\u00a035 UTC"),
    ],
)
def test_a_moment_is_said_as_people_say_it(code: str, at: str, zone: str | None, said: str) -> None:
    now = NOW if zone != "Europe/Paris" else datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
    with languages.speaking(code):
        assert languages.moment(datetime.fromisoformat(at), now, zone and ZoneInfo(zone)) == said


@pytest.mark.parametrize(
    ("code", "day", "said"),
    [
        ("fr", 1, "1er décembre"),
        ("fr", 11, " 11 décembre"),
        ("fr", 21, " 21 décembre"),
        ("es", 1, " 1 de diciembre"),
        ("en", 1, " 1 December"),
    ],
)
@pytest.mark.parametrize("says_day", [True, False])
def test_the_first_of_a_month_is_the_premier_in_french(
    code: str, day: int, said: str, says_day: bool
) -> None:
    at, now = datetime(2026, 12, day, 9, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC)
    with languages.speaking(code):
        text = languages.moment(at, now, None, says_day=says_day)

    assert said in text


def test_a_zone_that_is_none_is_nobodys() -> None:
    for zone in ("", "Mars/Olympus", "../etc/passwd", "x" * 300, None, 7):
        assert languages.zone_of({"time_zone": zone}) is None
    assert languages.zone_of({"time_zone": "Europe/Berlin"}) == ZoneInfo("Europe/Berlin")
