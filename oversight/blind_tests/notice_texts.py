"""Ready-made words for staff and for those who speak for them, to be edited by whoever answers.

They promise what the product does, see ADR 0034 and 0035, and say what it cannot prevent.
"""

import re
from collections.abc import Mapping

ENGLISH, GERMAN = "en", "de"
LANGUAGES: Mapping[str, str] = {ENGLISH: "English", GERMAN: "Deutsch"}
_PLACE = re.compile(r"\{(workflow|owner|least|most)\}")

_NOTICE = {
    ENGLISH: """\
Some handoffs will be tests

Who this is for: everyone who decides handoffs of “{workflow}”.

What happens. From now on a few of the handoffs that you meet are tests: between {least} and \
{most} of a hundred. In each of them the recommendation of the agent is wrong, and what is \
wrong can be seen in the handoff itself. Tests look like any other handoff. Nobody meets more \
than two on one day, and between two of them lie at least ten others. Nothing that you decide \
in a test is carried out: no money moves, nobody is written to.

Why. People who check many right recommendations begin to trust them. That is no fault of \
theirs; it happens to everyone. We want to know whether our checks as a whole would stop a \
wrong action, and change the work if they would not: fewer handoffs, better briefs, more time.

What you are told. Right after you have decided a test you read that it was one, what was \
wrong and where it could be seen. You see that once, and nobody else does.

What is not kept. It is not stored who caught a test and who did not. What you decided, wrote \
and opened in a test is deleted in the same moment. Results are counted for a team, or for \
several together where one is small, and told only when at least five people met at least \
twenty tests, and nobody most of them. They are \
not used to judge, compare, pay or discipline anybody, and they cannot be: there is nothing to \
do it with.

What can still be known. The log says who was given a handoff, tests too, as it always did: \
that somebody met a test, and when, but not how it ended. Whoever runs the server and holds \
its secret could read counts before they are told, in which few people may be, or watch a \
decision as it is made. Where enough people met tests and nothing is told, all of them may have \
been caught, or none.

Who looks after it. The tests are written by one person, approved by two others, and none of \
them meets a test. Tests pause when much comes in, when something waits for too long, and \
during incidents.

Questions, or if a test was unfair: {owner}. You may say so without giving a reason.
""",
    GERMAN: """\
Einige Vorgänge werden Tests sein

Für wen das gilt: alle, die Vorgänge aus „{workflow}“ entscheiden.

Was geschieht. Ab jetzt sind einige der Vorgänge, die Ihnen vorgelegt werden, Tests: zwischen \
{least} und {most} von hundert. In jedem davon ist die Empfehlung des Agenten falsch, und was \
falsch ist, lässt sich im Vorgang selbst erkennen. Tests sehen aus wie jeder andere Vorgang. \
Niemand bekommt mehr als zwei an einem Tag, und zwischen zwei Tests liegen mindestens zehn \
andere Vorgänge. Nichts, was Sie in einem Test entscheiden, wird ausgeführt: Es fließt kein \
Geld, niemand wird angeschrieben.

Warum. Wer viele richtige Empfehlungen prüft, beginnt ihnen zu vertrauen. Das ist niemandes \
Schuld, es geht allen so. Wir wollen wissen, ob unsere Prüfung im Ganzen eine falsche Handlung \
aufhielte, und die Arbeit ändern, wenn nicht: weniger Vorgänge, bessere Vorlagen, mehr Zeit.

Was Sie erfahren. Gleich nachdem Sie einen Test entschieden haben, lesen Sie, dass es einer \
war, was falsch war und wo man es sehen konnte. Sie sehen das einmal, und sonst sieht es \
niemand.

Was nicht aufbewahrt wird. Es wird nicht gespeichert, wer einen Test erkannt hat und wer \
nicht. Was Sie in einem Test entschieden, geschrieben und geöffnet haben, wird im selben \
Augenblick gelöscht. Ergebnisse werden je Team gezählt, oder für mehrere zusammen, wo eines \
klein ist, und erst genannt, wenn mindestens fünf Personen mindestens zwanzig Tests hatten und \
niemand die meisten davon. Sie dienen nicht dazu, \
jemanden zu beurteilen, zu vergleichen, zu bezahlen oder zu maßregeln, und sie können es \
nicht: Es gibt nichts, womit es ginge.

Was man dennoch wissen kann. Das Protokoll sagt wie immer, wem ein Vorgang vorgelegt wurde, \
auch ein Test: dass jemand einen Test hatte, und wann, aber nicht, wie er ausging. Wer den \
Server betreibt und sein Geheimnis kennt, könnte Zahlen lesen, bevor sie genannt werden \
dürfen, oder einer Entscheidung zusehen, während sie fällt. Wo genug Personen Tests hatten und \
nichts genannt wird, können alle oder keine erkannt worden sein.

Wer sich darum kümmert. Eine Person schreibt die Tests, zwei andere geben sie frei, und keine \
von ihnen bekommt einen Test. Tests ruhen, wenn viel kommt, wenn etwas zu lange wartet und bei \
Störungen.

Fragen, oder wenn ein Test unfair war: {owner}. Sie müssen keinen Grund nennen.
""",
}

_CONSULTATION = {
    ENGLISH: """\
To those who speak for our staff: tests in the review of agents' actions

We ask for your view, and where the law gives you one for your agreement, before we begin.

What we intend. In “{workflow}” between {least} and {most} of a hundred handoffs are to be \
tests whose recommendation is wrong. They measure whether our review as a whole stops wrong \
actions. The law asks us to make sure that human oversight works (Regulation (EU) 2024/1689, \
Articles 14 and 26), and to tell staff and their representatives before such a system is used \
(Article 26(7)).

What it must not become. A means to watch or rate people. So the system is made such that it \
cannot: it does not store who caught a test; what was decided in it is deleted at once; \
results exist only as counts of teams, or of several teams together, told when at least five \
people met at least twenty tests and nobody more than two in five of them; what is all one way \
is not told at all. There is no view, export, report or interface of a person's results, and \
tests of the product search for one. Two on one day is the most anybody meets.

What remains. The log says who was given a handoff, tests too. Whoever runs the server and \
holds its secret could read counts before they are told, in which few people may be, or watch \
a decision as it is made. We propose to agree who that is, and that they do not.

What we propose to agree on.
1. The notice to staff, enclosed, and the day on which it is given.
2. The range of {least} to {most} in a hundred; beyond it only after we have agreed anew.
3. Results are used to change the work, never for measures against a person, and are shown to \
you.
4. Who writes tests and who approves them: one writes, two others approve, none of them is \
tested.
5. You may see the library of tests, the rules of what is told, and the log of every change to \
them.
6. You, or we, may have the tests switched off at any time; nobody has to give a reason.
7. We look at it together after six months.

Enclosed: the notice to staff; how it is kept from becoming a means to watch people (the \
documentation, “Blind tests”). Questions: {owner}.
""",
    GERMAN: """\
An die Vertretung der Beschäftigten: Tests in der Prüfung von Handlungen der Agenten

Wir bitten um Ihre Stellungnahme, und wo das Gesetz sie vorsieht um Ihre Zustimmung (etwa § 87 \
Abs. 1 Nr. 6 BetrVG), bevor wir beginnen.

Was wir vorhaben. In „{workflow}“ sollen zwischen {least} und {most} von hundert Vorgängen \
Tests sein, deren Empfehlung falsch ist. Sie messen, ob unsere Prüfung im Ganzen falsche \
Handlungen aufhält. Das Recht verlangt, dass menschliche Aufsicht wirkt (Verordnung (EU) \
2024/1689, Artikel 14 und 26), und dass Beschäftigte und ihre Vertretung vor dem Einsatz \
unterrichtet werden (Artikel 26 Absatz 7).

Was daraus nicht werden darf. Ein Mittel, Menschen zu überwachen oder zu bewerten. Darum ist \
das System so gebaut, dass es das nicht kann: Es speichert nicht, wer einen Test erkannt hat; \
was darin entschieden wurde, wird sofort gelöscht; Ergebnisse gibt es nur als Zahlen von \
Teams oder von mehreren zusammen, genannt erst, wenn mindestens fünf Personen mindestens \
zwanzig Tests hatten und niemand mehr als zwei Fünftel davon; was nur in eine Richtung \
ausging, wird gar nicht genannt. Es gibt \
keine Ansicht, keinen Export, keinen Bericht und keine Schnittstelle mit Ergebnissen einer \
Person, und Prüfungen des Produkts suchen danach. Mehr als zwei an einem Tag bekommt niemand.

Was bleibt. Das Protokoll sagt, wem ein Vorgang vorgelegt wurde, auch ein Test. Wer den Server \
betreibt und sein Geheimnis kennt, könnte Zahlen lesen, bevor sie genannt werden dürfen, oder \
einer Entscheidung zusehen, während sie fällt. Wir schlagen vor zu vereinbaren, wer das ist \
und dass es unterbleibt.

Was wir zu vereinbaren vorschlagen.
1. Die beigefügte Mitteilung an die Beschäftigten und den Tag, an dem sie ergeht.
2. Die Spanne von {least} bis {most} von hundert; darüber nur nach neuer Vereinbarung.
3. Ergebnisse dienen dazu, die Arbeit zu ändern, nie Maßnahmen gegen Personen; Sie sehen sie \
ebenfalls.
4. Wer Tests schreibt und wer sie freigibt: eine Person schreibt, zwei andere geben frei, \
keine von ihnen wird getestet.
5. Sie dürfen die Sammlung der Tests, die Regeln der Veröffentlichung und das Protokoll aller \
Änderungen daran einsehen.
6. Sie oder wir können die Tests jederzeit ausschalten lassen; niemand muss einen Grund nennen.
7. Nach sechs Monaten sehen wir gemeinsam darauf.

Anlagen: die Mitteilung an die Beschäftigten; wie verhindert wird, dass daraus Überwachung \
wird (Dokumentation, „Blind tests“). Fragen: {owner}.
""",
}


def notice(language: str, *, workflow: str, owner: str, least: str, most: str) -> str:
    """Return what staff are told, ready to be edited."""
    return _said(_NOTICE, language, workflow=workflow, owner=owner, least=least, most=most)


def consultation(language: str, *, workflow: str, owner: str, least: str, most: str) -> str:
    """Return what those who speak for staff are written, ready to be edited."""
    return _said(_CONSULTATION, language, workflow=workflow, owner=owner, least=least, most=most)


def _said(texts: Mapping[str, str], language: str, **words: str) -> str:
    text = texts.get(language, texts[ENGLISH])
    # in one go: what somebody is called is no place to fill
    return _PLACE.sub(lambda place: words[place[1]], text)
