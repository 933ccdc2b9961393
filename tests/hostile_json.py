"""Bodies that a careless JSON reader takes, mangles or dies of: (name, bytes, statuses allowed).

Reusable at any door: wrapped in nothing, each is a whole request body.
"""

NESTED = 100_000


def _field(value: str) -> bytes:
    return f'{{"run": {value}}}'.encode()


def _escaped(text: str) -> bytes:
    return f'{{"run": "{text}"}}'.encode()


HOSTILE: list[tuple[str, bytes, set[int]]] = [
    ("empty body", b"", {400}),
    ("blank body", b" \n\t", {400}),
    ("not JSON", b"run=run_1", {400}),
    ("half an object", b'{"run": "run_1"', {400}),
    ("half a string", b'{"run": "run_1', {400}),
    ("two values", b'{"run": "a"}{"run": "b"}', {400}),
    ("garbage behind", b'{"run": "a"} garbage', {400}),
    ("NUL behind", b'{"run": "a"}\x00', {400}),
    ("single quotes", b"{'run': 'a'}", {400}),
    ("trailing comma", b'{"run": "a",}', {400}),
    ("a comment", b'{"run": "a" /* why */}', {400}),
    ("key without quotes", b'{run: "a"}', {400}),
    ("byte order mark", b'\xef\xbb\xbf{"run": "a"}', {400}),
    ("UTF-16", '{"run": "a"}'.encode("utf-16"), {400}),
    ("UTF-16 without mark", '{"run": "a"}'.encode("utf-16-le"), {400}),
    ("UTF-32", '{"run": "a"}'.encode("utf-32"), {400}),
    ("Latin-1", '{"run": "Müller"}'.encode("latin-1"), {400}),
    ("overlong slash", b'{"run": "\xc0\xaf"}', {400}),
    ("raw surrogate", b'{"run": "\xed\xa0\x80"}', {400}),
    ("NaN", _field("NaN"), {400}),
    ("Infinity", _field("Infinity"), {400}),
    ("minus Infinity", _field("-Infinity"), {400}),
    ("NaN deep in a list", b'{"values": {"amounts": [1, 2, NaN]}}', {400}),
    ("1e999", _field("1e999"), {422}),
    ("minus 1e999", _field("-1e999"), {422}),
    ("underflow to zero", _field("1e-999"), {422}),
    ("2^53", _field(str(2**53)), {422}),
    ("minus 2^53", _field(str(-(2**53))), {422}),
    ("2^53 as a fraction", _field("9007199254740992.0"), {422}),
    ("1e20, an integer in the database", _field("1e20"), {422}),
    ("4,000 digits", _field("9" * 4000), {422}),
    ("500,000 digits", _field("9" * 500_000), {413, 422}),
    ("500,000 digits behind the point", _field("0." + "1" * 500_000), {413, 422}),
    ("number with a leading zero", _field("01"), {400}),
    ("number with a plus", _field("+1"), {400}),
    ("hexadecimal number", _field("0x1F"), {400}),
    ("Arabic digits", '{"run": ١٢}'.encode(), {400}),
    ("number without digits behind the point", _field("1."), {400}),
    ("duplicate keys", b'{"run": "a", "run": "b"}', {422}),
    ("duplicate keys, one escaped", b'{"run": "a", "r\\u0075n": "b"}', {422}),
    ("duplicate keys deep down", b'{"a": [{"b": {"c": 1, "c": 1}}]}', {422}),
    ("NUL in a text", _escaped("\\u0000"), {422}),
    ("NUL in a key", b'{"\\u0000": 1}', {422}),
    ("raw NUL in a text", b'{"run": "\x00"}', {400}),
    ("raw newline in a text", b'{"run": "a\nb"}', {400}),
    ("lone high surrogate", _escaped("\\ud800"), {422}),
    ("lone low surrogate", _escaped("\\udc00"), {422}),
    ("surrogates the wrong way round", _escaped("\\udc00\\ud800"), {422}),
    ("lone surrogate in a key", b'{"\\uD834": 1}', {422}),
    ("bad escape", _escaped("\\x41"), {400}),
    ("half an escape", _escaped("\\u00"), {400}),
    ("33 lists deep", b"[" * 33 + b"]" * 33, {422}),
    ("33 objects deep", b'{"a":' * 33 + b"1" + b"}" * 33, {422}),
    ("33 deep behind a string of brackets", b'["]]]]\\"]]", ' * 33 + b"1" + b"]" * 33, {422}),
    ("33 deep behind escaped backslashes", b'["\\\\",' * 33 + b"1" + b"]" * 33, {422}),
    ("500 deep", b"[" * 500 + b"]" * 500, {422}),
    ("100,000 lists deep", b"[" * NESTED + b"]" * NESTED, {413, 422}),
    ("100,000 lists opened", b"[" * NESTED, {400, 413, 422}),
    ("100,000 lists closed", b"]" * NESTED, {400, 413, 422}),
    ("100,000 brackets the wrong way round", b"][" * NESTED, {400, 413, 422}),
    ("100,000 objects opened", b'{"a":' * NESTED, {400, 413, 422}),
    ("3 MB", b'{"run": "' + b"a" * 3_000_000 + b'"}', {413}),
]

# the same tricks spelled so that they are harmless: a reader that refuses these is too strict
HARMLESS: list[tuple[str, bytes, object]] = [
    ("a null", b"null", None),
    ("white space around", b' \r\n\t{"a": 1}\n ', {"a": 1}),
    ("escaped backslash before u0000", _escaped("\\\\u0000"), {"run": "\\u0000"}),
    ("a surrogate pair", _escaped("\\ud83d\\ude00"), {"run": "\U0001f600"}),
    ("raw emoji", '{"run": "😀"}'.encode(), {"run": "😀"}),
    ("2^53 - 1", _field(str(2**53 - 1)), {"run": 2**53 - 1}),
    ("zero with an exponent", _field("0e5"), {"run": 0.0}),
    ("minus zero", _field("-0"), {"run": 0}),
    ("a small fraction", _field("1e-7"), {"run": 1e-7}),
    ("the same key in two objects", b'[{"a": 1}, {"a": 2}]', [{"a": 1}, {"a": 2}]),
    ("brackets in a text", b'["' + b"[{" * 500 + b'"]', ["[{" * 500]),
    (
        "brackets and quotes in a text",
        b'["\\"' + b"[{" * 500 + b'\\\\"]',
        ['"' + "[{" * 500 + "\\"],
    ),
    ("32 deep", b"[" * 32 + b"]" * 32, None),
    ("many brackets side by side", b"[" + b"[],{}," * 100 + b"0]", [[], {}] * 100 + [0]),
]
