"""What must not be shown: by the name of a value, by its type, and by what a text holds.

Knows names and texts only. Walking through values is the business of `values.py`.
"""

from __future__ import annotations

import copy
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final

#: Stands for a secret. Its length says nothing about the secret's.
REDACTED: Final = "••••••"

#: Shorter values of secret environment variables ("admin", "true", "8000") would black out half of the page.
SHORTEST_SECRET: Final = 8
#: A name longer than this is a text, of which the beginning is enough.
_LONGEST_NAME: Final = 200


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


#: A word that makes a name secret, wherever it stands: `password_confirm`, `db_password`.
_SECRET_WORDS: Final = _set(
    """
    password passwd passphrase passcode pwd secret token apikey authorization cookie csrf xsrf credential cred creds
    dsn signature jwt bearer salt otp totp cvv cvc ssn sessionid sessid phpsessid jsessionid sessionkey privatekey
    secretkey accesskey accesstoken authtoken refreshtoken csrftoken xsrftoken csrfmiddlewaretoken connstr authkey
    connectionstring pgpassword mysqlpwd
    """
)
#: Secret only as the last word: `user_pin`, `smtp_pass`, `db_pw`; not `pin_memory`, `pass_through`.
_SECRET_LAST: Final = frozenset({"pin", "pass", "pw", "sid"})
#: Secret only as the whole name.
_SECRET_WHOLE: Final = frozenset({"auth"})
#: What kind of key is secret: `api_key`; not `primary_key`, `cache_key`.
_KEYS: Final = _set(
    """
    api access private secret encryption signing signature auth master ssh rsa hmac aes session storage shared
    deploy account subscription license service stripe
    """
)
#: Two words in a row.
_SECRET_PAIRS: Final = frozenset(
    [(word, "key") for word in _KEYS]
    + [("session", "id"), ("connection", "string"), ("conn", "str"), ("conn", "string"), ("pin", "code"),
       ("pass", "word"), ("pass", "phrase"), ("basic", "auth"), ("http", "auth"), ("proxy", "auth"), ("card", "number"),
       ("credit", "card"), ("security", "code"), ("mfa", "code"), ("backup", "code"), ("recovery", "code")]
)  # fmt: skip
#: After a secret word: what the name means is a property of the secret, not the secret: `token_count`, `cookie_name`.
_HARMLESS_AFTER: Final = _set(
    """
    count counts counter length len size name names type types form forms field fields url urls uri endpoint path
    paths ttl age expiry expires expired expiration expire lifetime timeout at until regex pattern validator
    validators validation required enabled disabled valid invalid index class cls backend backends header headers
    prefix suffix policy min max hasher hashers model view views manager factory func function handler error errors
    exception helper serializer limit limits attempts attempt changed created updated date days seconds minutes
    hours samesite secure httponly domain param label version origins origin failure exempt strength kind algorithm
    algorithms alg method methods usage budget middleware position offset line lineno column start end scope scopes
    issuer audience location locations status processor processors rule rules input widget template help hint
    placeholder permission permissions authorized storage store provider providers rotation
    """
)
#: Before a secret word: numbers and positions: `max_tokens`, `next_token`, `prompt_tokens`.
_HARMLESS_BEFORE: Final = _set(
    """
    max min num n nr number total count prompt completion input output next prev previous page continuation cancel
    cancellation first second third single multi two one low high band render is has use uses needs requires
    tokenize stop pad padding eos bos unk unknown mask special
    """
)
#: Set by every shell: a folder.
_NOT_SECRET: Final = frozenset({"PWD", "OLDPWD"})

#: Where one name ends and the next begins in an expression: ``config['db'].password``.
_SEGMENT: Final = re.compile(r"[^.\[\]'\"()]+")
_WORD: Final = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")
#: pydantic's `SecretStr`, Starlette's `Secret`, ...; not `SecretaryForm`.
_SECRET_TYPE: Final = re.compile(r"Secret(?![a-z])")


def _words(segment: str) -> list[str]:
    """The words of a snake, camel, kebab or ENV name, lower-case, singular."""
    words = [word.lower() for word in _WORD.findall(segment)]
    return [word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word for word in words]


def _segment_is_secret(segment: str) -> bool:
    words = _words(segment)
    end = _end_of_secret(words)
    if end is None or segment in _NOT_SECRET:
        return False
    start = end - (2 if tuple(words[end - 2 : end]) in _SECRET_PAIRS else 1)
    after = words[end:]
    return not (_HARMLESS_SINGULAR.intersection(after) or (not after and _HARMLESS_BEFORE.intersection(words[:start])))


def _end_of_secret(words: list[str]) -> int | None:
    """The index after the last secret word, `None` if there is none."""
    for end in range(len(words), 0, -1):
        word = words[end - 1]
        if word in _SECRET_WORDS or tuple(words[max(end - 2, 0) : end]) in _SECRET_PAIRS:
            return end
        if end == len(words) and (word in _SECRET_LAST or (end == 1 and word in _SECRET_WHOLE)):
            return end
    return None


_HARMLESS_SINGULAR: Final = frozenset(word for entry in _HARMLESS_AFTER for word in (entry, *_words(entry)))
#: A text without any of these holds no secret name. Longer words that hold a shorter one need no look of their own.
_TELLING: Final = {last if last in {"key", "auth", "card", "code"} else first for first, last in _SECRET_PAIRS}
_ALL_HINTS: Final = _SECRET_WORDS | _SECRET_LAST | _SECRET_WHOLE | _TELLING
_HINTS: Final = tuple(word for word in _ALL_HINTS if not any(other in word for other in _ALL_HINTS - {word}))


@lru_cache(maxsize=4096)
def _is_secret(name: str) -> bool:
    return any(_segment_is_secret(segment) for segment in _SEGMENT.findall(name))


def type_is_secret(name: str) -> bool:
    """Whether values of a class of this name are secrets."""
    return _SECRET_TYPE.match(name) is not None


# All patterns are linear: a match begins only where a name, a scheme or a token can begin, not at each letter of it.
# The name and the sign before a value: `password=`, `'password': `, `"password": `, `X-Api-Key: ` at a line's start.
_ASSIGNMENT: Final = re.compile(
    r"""(?P<quote>\\?["'])?(?<![\w\-])(?P<name>[\w\-]++)(?(quote)\\?["']\s*[:=]|\s*=(?!=))\s*"""
    r"""|^(?P<header>[A-Za-z][\w\-]*+):[ \t]++(?=\S)""",
    re.MULTILINE,
)
# A quoted value to its closing quote, or to the end of a text that was cut; else one word.
_VALUE: Final = re.compile(
    r"""(?P<open>b?(?P<slash>\\)?(?P<mark>["']))"""
    r"""(?:(?(slash)(?!\\?(?P=mark)).|(?:\\.|(?!(?P=mark)).)))*(?P<close>\\?(?P=mark))?"""
    r"""|[^\s,;&<>(){}\[\]"']+""",
    re.DOTALL,
)
_SHOWN: Final = frozenset({"None", "True", "False", "null", "true", "false", "''", '""', "b''", REDACTED})
_HEADER: Final = re.compile(r"[^\r\n]+")
_USERINFO: Final = re.compile(r"(://[^\s/:@?#\"']*+):([^\s/@\"']++)@")
_PRIVATE_KEY: Final = re.compile(
    r"(-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----).*?(?:-----END[^-]*-----|\Z)", re.DOTALL
)
# "Basic authentication failed" and "a bearer of news" are English.
_SCHEME: Final = re.compile(
    r"\b(Bearer|(?i:bearer|basic)(?=\s+\S*(?:[0-9=]|[a-z][A-Z])))(\s+)"
    r"(?!(?i:token|tokens|auth|authentication|authorization|realm|scheme|error|is|was|of)\b(?![.\-_]))[A-Za-z0-9._~+/\-]{2,}=*"
)
_JWT: Final = re.compile(r"(?<![\w\-])eyJ[\w\-]{5,}+\.[\w\-]{5,}+\.[\w\-]*")


class Redactor:
    """Decides what is secret.

    ``extra_names`` are parts of names, in any case, beside the built-in ones. ``environ`` is read once: the values of
    its variables with secret names are secret wherever they turn up.
    """

    def __init__(self, extra_names: Sequence[str] = (), environ: Mapping[str, str] = os.environ) -> None:
        self._extra = tuple(name.lower() for name in extra_names if name)
        self._hints = _HINTS + self._extra
        self._exact: frozenset[str] = frozenset()
        self._values = self._secrets(environ)

    def name_is_secret(self, name: str) -> bool:
        """Whether the value of a variable, key, attribute, header or expression of this name is a secret."""
        name = name[:_LONGEST_NAME]
        lower = name.lower()
        if _is_secret(name) or any(extra in lower for extra in self._extra):
            return True
        return bool(self._exact) and not self._exact.isdisjoint(_SEGMENT.findall(lower.replace("-", "_")))

    def extended(self, names: Iterable[str], texts: Iterable[str]) -> Redactor:
        """One that knows more: whole ``names``, in any case, and ``texts`` that are secret wherever they turn up."""
        names = frozenset(name.lower().replace("-", "_") for name in names)
        texts = frozenset(text for text in texts if len(text) >= SHORTEST_SECRET)
        if not (names or texts):
            return self
        found = copy.copy(self)
        found._exact = self._exact | names
        found._hints = self._hints + tuple(found._exact)
        found._values = tuple(sorted({*self._values, *texts}, key=len, reverse=True))
        return found

    def text(self, value: str) -> str:
        """``value`` without the secrets in it: known values, passwords in URLs, keys, tokens, ``password=...``."""
        for secret in self._values:
            if secret in value:
                value = value.replace(secret, REDACTED)
        if "://" in value and "@" in value:
            value = _USERINFO.sub(rf"\1:{REDACTED}@", value)
        if "-----BEGIN" in value:
            value = _PRIVATE_KEY.sub(rf"\1{REDACTED}", value)
        if "eyJ" in value:
            value = _JWT.sub(REDACTED, value)
        lower = value.lower()
        if ("=" in value or ":" in value) and any(hint in lower for hint in self._hints):
            value = self._assignments(value)
        return _SCHEME.sub(rf"\1\2{REDACTED}", value) if "bearer" in lower or "basic" in lower else value

    def _secrets(self, environ: Mapping[str, str]) -> tuple[str, ...]:
        found = {value for name, value in environ.items() if self.name_is_secret(name)}
        found |= {match[2] for value in environ.values() if "@" in value for match in _USERINFO.finditer(value)}
        # The longest first: one may be part of another.
        return tuple(sorted((value for value in found if len(value) >= SHORTEST_SECRET), key=len, reverse=True))

    def _assignments(self, text: str) -> str:
        """Redact what follows a secret name and ``=``, a quoted one and ``:``, or a header's."""
        pieces, done = [], 0
        for match in _ASSIGNMENT.finditer(text):
            if match.start() < done or not self.name_is_secret(match["name"] or match["header"]):
                continue
            found = (_HEADER if match["header"] else _VALUE).match(text, match.end())
            if found and found[0] not in _SHOWN:
                pieces += [text[done : match.end()], _redacted_like(found)]
                done = found.end()
        return "".join(pieces) + text[done:] if pieces else text


def _redacted_like(found: re.Match[str]) -> str:
    """`REDACTED` in the quotes the value had."""
    groups = found.groupdict()
    return (groups.get("open") or "") + REDACTED + (groups.get("close") or "")
