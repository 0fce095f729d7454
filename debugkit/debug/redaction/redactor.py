"""What must not be shown: by the name of a value, by its type, and by what a text holds.

Knows names and texts only. Walking through values is the job of the `values` package; what is secret stands in
`patterns`.

Every pattern here is linear in the text, for they hold the interpreter's lock while they search. A match may begin only
where a name can begin (nothing of a name before it), or at a literal; what it takes at once it does not give back
(possessive, `*+`), and parts that several starts would share have a bound.
"""

from __future__ import annotations

import copy
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from urllib.parse import unquote

from debugkit.debug.redaction.names import HINTS, LONGEST_NAME, SEGMENT, is_message, is_secret, is_secret_cookie
from debugkit.debug.redaction.patterns import ENGLISH, NOT_SECRET, TOKENS

#: Stands for a secret. Its length says nothing about the secret's.
REDACTED: Final = "••••••"

#: Shorter values of secret environment variables ("admin", "true", "8000") would black out half of the page.
SHORTEST_SECRET: Final = 8
#: Characters of a text that are searched. What follows them is not shown.
MOST_SCANNED: Final = 1_000_000
#: Characters before that end that are not shown either: a secret that the cut went through would not be recognised.
_MARGIN: Final = 512
#: Texts that are remembered, and characters of each: the same headers, values and lines are on every page.
_MOST_KNOWN: Final = 512
_LONGEST_KNOWN: Final = 400

#: pydantic's `SecretStr`, Starlette's `Secret`, ...; not `SecretaryForm`.
_SECRET_TYPE: Final = re.compile(r"Secret(?![a-z])")


def type_is_secret(name: str) -> bool:
    """Whether values of a class of this name are secrets."""
    return _SECRET_TYPE.match(name) is not None


# A name and the sign before a value. The alternatives are tried in this order, so that the longer ones come first.
_PLACE: Final = re.compile(
    r"""
    # {"name": "password", "value": ...}, name="password" value=...
    (?:["']|(?<![\w\-]))(?i:name|key|field|header|id)["']?\s{0,8}[:=]\s{0,8}
        ["']?(?P<named>[\w\-.\[\]]{1,100}+)["']?[,\s]\s{0,20}
        ["']?(?i:value|val|content|data)["']?\s{0,8}[:=]\s{0,8}
    # 'password': ..., x["password"] = ..., \"password\": ..., "password"=>...
    | \\?["'](?P<key>[\w\-.\[\] /]{1,100})\\?["']\]?\s{0,8}(?::|=>|=(?!=))\s{0,8}
    # ('X-Api-Key', ...)
    | [(\[]\s{0,8}b?["'](?P<pair>[\w\-]{1,100})["'],\s{0,8}(?=b?["'])
    # --password x, ["--password", "x"]
    | (?<![\w\-])--?(?P<option>\w[\w\-]*+)["']?(?:,\s{1,8}|[ \t]{1,8})(?=[^\s\-])
    # password=..., user[password]=..., (token)=(...), --password=..., :password => ...
    | (?<![\w\-])-*+(?P<name>\w[\w\-]*+)(?:["']?\]|\)|%5[Dd])?\s{0,8}(?::=|=>|=(?!=))\s{0,8}
    # password: '...'
    | (?<![\w\-])(?P<colon>\w[\w\-]*+):[ ]?(?=["'])
    # X-Api-Key: ... on its own line, behind curl's mark, as a whole text; the well-known ones anywhere.
    | (?:^[ \t]{0,40}(?:[\-*<>][ ])?|(?P<quote>["'])|(?=(?i:(?:proxy-)?authorization|(?:set-)?cookie|x-[\w\-]{1,60}):)
        (?<![\w\-]))(?!(?i:name|key|field|header|id):)(?P<header>\w[\w\-]{0,99}):[ \t]{1,8}(?=\S)
    """,
    re.MULTILINE | re.VERBOSE,
)
# A quoted value to its closing quote, or to the end of a text that was cut. Inside of a quoted text quotes are escaped.
_QUOTED: Final = re.compile(
    r"""(?P<open>[A-Za-z]{0,2}(?P<mark>'''|\"""|["']))(?:\\.|(?!(?P=mark)).)*+(?P<close>(?P=mark))?"""
    r"""|(?P<slash>\\["'])(?:\\{3}["']|(?!\\?["']).)*+(?P<end>\\?["'])?""",
    re.DOTALL,
)
_BARE: Final = re.compile(r"""[^\s,;&<>(){}\[\]"'\\]+""")
_REST_OF_LINE: Final = re.compile(r"[^\r\n]+")
_REST_OF_QUOTED: Final = re.compile(r"""[^\r\n"']+""")
# In a list of settings by semicolons, as ODBC has it, all other characters may be a password's.
_REST_OF_SETTING: Final = re.compile(r"""[^\r\n;"']+""")
_ANGLED: Final = re.compile(r"<[^<>\r\n]{0,500}>")
# What decides where a bracket ends: brackets, quoted texts, ends of lines.
_STEP: Final = re.compile(r"""[(\[{]|[)\]}]|["'\n]""")
_SHOWN: Final = frozenset(
    {"None", "True", "False", "null", "true", "false", "nil", "''", '""', "b''", '\\"\\"', "[]", "{}", "()",
     "***", "********", REDACTED}
)  # fmt: skip
_FOLDER: Final = re.compile(r"""["']?(?:~?/|[A-Za-z]:[\\/]|~$)""")

_USERINFO: Final = re.compile(r"""(?<=:)//([^\s/:@?#"'<>]*+):([^\s/"'<>]+)@""")
# A user without a password may be a token: that of Git hosts and of Sentry. `ssh://git@host` is none.
_LONE_USER: Final = re.compile(r"""((?<=http:)|(?<=https:))//([^\s/:@?#"'<>]++)(?=@)""")
_TOKEN_LIKE: Final = re.compile(r"(?=\w*\d)\w{20,}")
_PRIVATE_KEY: Final = re.compile(
    r"(-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)(?!•).*?(?:-----END[^-]{0,60}-----|\Z)", re.DOTALL
)
# "Basic authentication failed" and "a bearer of news" are English.
_SCHEME: Final = re.compile(
    r"(?<![\w\-])(Bearer|(?i:bearer|basic)(?=\s{1,8}\S{0,400}(?:[0-9=]|[a-z][A-Z])))(\s{1,8})"
    r"(?!(?i:token|tokens|auth|authentication|authorization|realm|scheme|error|is|was|of)\b(?![.\-_]))"
    r"[A-Za-z0-9._~+/\-]{2,}+=*+"
)
# curl's `-u user:password`, and as a list of arguments. `-u 1000:1000` is a user and a group.
_USER_OPTION: Final = re.compile(
    r"""((?<![\w\-])(?:-[uU]|--(?:proxy-)?user)["']?[=,\s]\s{0,8}["']?[^\s:"'/]{1,100}:)(?!\d+\b|•)([^\s"']+)"""
)
# `mysql -pPASSWORD`, `sshpass -p PASSWORD`
_SHORT_OPTION: Final = re.compile(
    r"""((?<![\w\-])(?:(?:mysql|mariadb)[a-z]{0,8}\s[^\n|;]{0,200}?(?<=\s)-p|sshpass\s{1,8}-p\s{0,8}))(?![\s•])([^\s"']+)"""
)
# An element of XML, with its attributes; not `<token>` in a usage line, which nothing closes.
_ELEMENT: Final = re.compile(
    r"""<(?:[\w.\-]{1,50}:)?(?P<name>[\w.\-]{1,100}+)(?:\s[^<>]{0,200})?>(?:<!\[CDATA\[)?(?P<value>[^<]+?)(?=<[/]|\]\]>)"""
)
# The value may come before the name: {"value": "...", "name": "password"}.
_VALUE_FIRST: Final = re.compile(
    r"""((?<![\w\-])(?i:value)["']?\s{0,8}[:=]\s{0,8}["'])([^"'\n]{1,400})(["'][,\s]\s{0,20}"""
    r"""["']?(?i:name|key)["']?\s{0,8}[:=]\s{0,8}["'](?P<name>[\w\-.\[\]]{1,100})["'])"""
)


class Redactor:
    """Decides what is secret.

    ``extra_names`` are parts of names, in any case, beside the built-in ones. ``environ`` is read once: the values of
    its variables with secret names are secret wherever they turn up.
    """

    def __init__(self, extra_names: Sequence[str] = (), environ: Mapping[str, str] = os.environ) -> None:
        self._extra = tuple(name.lower() for name in extra_names if name)
        self._hints = HINTS + self._extra
        self._exact: frozenset[str] = frozenset()
        self._values = self._secrets(environ)
        self._known: dict[str, str] = {}
        self._extended: tuple[frozenset[str], frozenset[str], Redactor] | None = None

    def name_is_secret(self, name: str) -> bool:
        """Whether the value of a variable, key, attribute, header or expression of this name is a secret."""
        name = name[:LONGEST_NAME]
        return is_secret(name) or self._is_configured_secret(name)

    def cookie_is_secret(self, name: str) -> bool:
        """Whether a cookie of this name is a secret: `session` is, which as a variable is a harmless name."""
        name = name[:LONGEST_NAME]
        return is_secret_cookie(name) or self._is_configured_secret(name)

    def extended(self, names: Iterable[str], texts: Iterable[str]) -> Redactor:
        """One that knows more: whole ``names``, in any case, and ``texts`` that are secret wherever they turn up."""
        names = frozenset(name.lower().replace("-", "_") for name in names)
        texts = frozenset(text for text in texts if len(text) >= SHORTEST_SECRET)
        if not (names or texts):
            return self
        last = self._extended  # a framework marks the same ones in every error
        if last is not None and last[:2] == (names, texts):
            return last[2]
        redactor = copy.copy(self)
        redactor._known, redactor._extended = {}, None
        redactor._exact = self._exact | names
        redactor._hints = self._hints + tuple(redactor._exact)
        redactor._values = tuple(sorted({*self._values, *texts}, key=len, reverse=True))
        self._extended = (names, texts, redactor)
        return redactor

    def text(self, value: str) -> str:
        """``value`` without the secrets in it: known values, passwords in URLs, keys, tokens, ``password=...``.

        Of a text that is longer than `MOST_SCANNED` the rest is left out, and its end says so.
        """
        if len(value) <= _LONGEST_KNOWN and type(value) is str:
            shown = self._known.get(value)
            return self._remembered(value) if shown is None else shown
        if len(value) <= MOST_SCANNED:
            return self._searched(value)
        note = f"… ({len(value) - MOST_SCANNED + _MARGIN:,} more characters are not shown)"
        return self._searched(value[:MOST_SCANNED])[:-_MARGIN] + note

    def _remembered(self, value: str) -> str:
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        shown = self._known[value] = self._searched(value)
        return shown

    def _searched(self, value: str) -> str:
        for secret in self._values:
            if secret in value:
                value = value.replace(secret, REDACTED)
        if "://" in value and "@" in value:
            value = _LONE_USER.sub(rf"//{REDACTED}", _USERINFO.sub(_without_password, value))
        if "-----BEGIN" in value:
            value = _PRIVATE_KEY.sub(rf"\1{REDACTED}", value)
        for literal, pattern in TOKENS:
            if literal in value:
                value = pattern.sub(REDACTED, value)
        lower = value.lower()
        if self._may_name(lower):
            value = self._named(value)
        if "-u" in lower or "-p" in lower:
            value = _SHORT_OPTION.sub(rf"\1{REDACTED}", _USER_OPTION.sub(rf"\1{REDACTED}", value))
        return _SCHEME.sub(rf"\1\2{REDACTED}", value) if "bearer" in lower or "basic" in lower else value

    def _may_name(self, lower: str) -> bool:
        """Whether a text in lower case may hold a secret name with its value; quickly, for most texts hold none."""
        if not ("=" in lower or ":" in lower or "-" in lower or "," in lower or "<" in lower):
            return False
        for hint in self._hints:  # noqa: SIM110 - twice as fast as `any`
            if hint in lower:
                return True
        return False

    def _is_configured_secret(self, name: str) -> bool:
        """Whether the settings or a framework call the name secret."""
        if not (self._extra or self._exact):
            return False
        lower = name.lower()
        return any(extra in lower for extra in self._extra) or not self._exact.isdisjoint(
            SEGMENT.findall(lower.replace("-", "_"))
        )

    def _secrets(self, environ: Mapping[str, str]) -> tuple[str, ...]:
        values = {value for name, value in environ.items() if self.name_is_secret(name)}
        passwords = {match[2] for value in environ.values() if "@" in value for match in _USERINFO.finditer(value)}
        values |= passwords | {unquote(password) for password in passwords}
        # The longest first: one may be part of another.
        return tuple(sorted((value for value in values if len(value) >= SHORTEST_SECRET), key=len, reverse=True))

    def _named(self, text: str) -> str:
        """Redact what follows secret names."""
        if "<" in text and ">" in text:
            text = _ELEMENT.sub(self._element, text)
        if "alue" in text or "ALUE" in text:
            text = _VALUE_FIRST.sub(self._value_first, text)
        if not ("=" in text or ":" in text or "-" in text or "," in text):
            return text
        pieces, done, position = [], 0, 0
        while match := _PLACE.search(text, position):
            position = match.end()
            if secret := self._value_behind(text, match):
                start, position, shown = secret
                pieces += [text[done:start], shown]
                done = position
        return "".join(pieces) + text[done:] if pieces else text

    def _value_behind(self, text: str, match: re.Match[str]) -> tuple[int, int, str] | None:
        """Where the secret behind ``match`` begins and ends, and what is shown instead; `None` if there is none."""
        kind = match.lastgroup or ""
        start = match.end()
        if not self._names_secret(kind, match[kind], text, start):
            return None
        if kind == "header":
            rest = (_REST_OF_QUOTED if match["quote"] else _REST_OF_LINE).match(text, start)
            end, shown = (rest.end() if rest else start), REDACTED
        else:
            setting = text[max(match.start() - 1, 0)] == ";"
            end, shown = _value_end(text, start, many_lines=kind == "key", setting=setting)
        value = text[start:end]
        if not value or value in _SHOWN or (kind == "option" and _is_usage(match[kind], value)):
            return None
        if kind == "pair" and text[end : end + 8].lstrip()[:1] not in (")", "]"):
            return None
        return start, end, shown

    def _names_secret(self, kind: str, name: str, text: str, start: int) -> bool:
        if name in NOT_SECRET:
            return kind == "name" and _FOLDER.match(text, start) is None
        return self.name_is_secret(name) and not (kind in ("header", "colon") and is_message(name))

    def _element(self, match: re.Match[str]) -> str:
        if not self.name_is_secret(match["name"]) or not match["value"].strip():
            return match[0]
        return match[0][: match.start("value") - match.start()] + REDACTED

    def _value_first(self, match: re.Match[str]) -> str:
        return f"{match[1]}{REDACTED}{match[3]}" if self.name_is_secret(match["name"]) else match[0]


def _is_usage(option: str, word: str) -> bool:
    """Whether ``word`` explains the option and is no value: ``--password PASSWORD``, "--password is required"."""
    word = word.strip(".:").lower()
    return word in ENGLISH or word.replace("_", "-") == option.lower()


def _without_password(match: re.Match[str]) -> str:
    """A URL's user without the password, and without the user when that is a token: ``ghp_...:x-oauth-basic``."""
    user = REDACTED if _TOKEN_LIKE.fullmatch(match[1]) or match[2] == "x-oauth-basic" else match[1]
    return f"//{user}:{REDACTED}@"


def _value_end(text: str, start: int, *, many_lines: bool, setting: bool) -> tuple[int, str]:
    """Where the value that begins at ``start`` ends, and what is shown instead: `REDACTED` in the quotes it had."""
    match = _QUOTED.match(text, start)
    if match:
        opened, closed = match["open"] or match["slash"], match["close"] or match["end"] or ""
        return match.end(), f"{opened}{REDACTED}{closed}"
    if setting and (match := _REST_OF_SETTING.match(text, start)):
        return match.end(), REDACTED
    if match := _ANGLED.match(text, start):
        return match.end(), REDACTED
    end = start
    # A word, a call, an item: `hunter2`, `SecretStr('hunter2')`, `['a', 'b']`, and what is made of several.
    while True:
        if match := _BARE.match(text, end):
            end = match.end()
        elif text[end : end + 1] in ("(", "[", "{"):
            end = _bracket_end(text, end, many_lines)
        elif text[end : end + 1] == "\\" and text[end + 1 : end + 2] not in ('"', "'", "n", ""):
            end += 2
        else:
            return end, REDACTED


def _bracket_end(text: str, start: int, many_lines: bool) -> int:
    """The index behind the bracket that closes the one at ``start``; of the line, or of a text that was cut."""
    depth, position = 0, start
    while step := _STEP.search(text, position):
        position = step.end()
        if step[0] == "\n":
            if not many_lines:
                return step.start()
        elif step[0] in "\"'":
            quoted = _QUOTED.match(text, step.start())
            position = quoted.end() if quoted and (many_lines or "\n" not in quoted[0]) else position
        elif (depth := depth + (1 if step[0] in "([{" else -1)) == 0:
            return position
    return len(text)
