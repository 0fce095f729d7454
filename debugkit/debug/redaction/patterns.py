"""What is secret, as data: words of names, forms of tokens. A new rule is a line here and two in `redaction_corpus.py`.

How names are taken apart is the business of `secret_names.py`, how texts are searched that of `redaction.py`.
"""

from __future__ import annotations

import re
from typing import Final


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


#: A word that makes a name secret, at any position: `password_confirm`, `db_password`.
SECRET_WORDS: Final = _set(
    """
    password passwd passwrd passphrase passcode pwd pswd psw passwort kennwort senha secret token apikey authorization
    cookie csrf xsrf credential cred creds dsn signature jwt bearer salt otp totp cvv cvc ssn sessionid sessid
    jsessionid aspxauth sessionkey privatekey secretkey accesskey signingkey encryptionkey masterkey accountkey
    csrfmiddlewaretoken connstr authkey connectionstring
    """
)
#: Glued to others they still say what they are: `dbpassword`, `passwordhash`; not `passwordless`.
GLUED_ANYWHERE: Final = ("password", "passwd", "passphrase", "apikey", "secretkey", "accesskey", "privatekey")
#: Glued to what precedes: `authtoken`, `clientsecret`, `mysqlpwd`; not `tokenizer`, `secretary`.
GLUED_AT_END: Final = (
    "token", "secret", "credential", "cookie", "pwd", "jwt", "dsn", "sessionid", "sessid", "passcode", "cvv"
)  # fmt: skip
#: Glued to one of `GLUED_BEFORE` only: `dbpass`, `smtppass`; not `compass`, `monkey`, `spinner`.
GLUED_SHORT: Final = ("pass", "pw", "pin")
GLUED_BEFORE: Final = _set(
    "db database user admin root smtp imap pop mail email ftp sftp ssh sql mysql pg postgres redis mongo ldap http "
    "proxy login my new old sudo app api auth"
)
#: Glued after a word of `GLUED_AT_END`: `tokenvalue`, `secretid`.
GLUED_AFTER: Final = _set("id key value hash text str string data")

#: Secret only as the last word: `user_pin`, `smtp_pass`, `db_pw`; not `pin_memory`, `pass_through`.
SECRET_LAST: Final = frozenset({"pin", "pass", "pw", "sid"})
#: Secret only as the whole name.
SECRET_WHOLE: Final = frozenset({"auth"})
#: What kind of key is secret: `api_key`; not `primary_key`, `cache_key`.
KEYS: Final = _set(
    """
    api access private secret encryption signing signature auth master ssh rsa hmac aes session storage shared
    deploy account subscription license service stripe
    """
)
#: Two words in a row.
SECRET_PAIRS: Final = frozenset(
    [(word, "key") for word in KEYS]
    + [("session", "id"), ("connection", "string"), ("conn", "str"), ("conn", "string"), ("pin", "code"),
       ("pass", "word"), ("pass", "phrase"), ("pass", "wd"), ("pass", "code"), ("basic", "auth"), ("http", "auth"),
       ("proxy", "auth"), ("card", "number"), ("credit", "card"), ("security", "code"), ("mfa", "code"),
       ("backup", "code"), ("recovery", "code"), ("verification", "code"), ("user", "pass")]
)  # fmt: skip
#: After a secret word: what the name means is a property of the secret, not the secret: `token_count`, `cookie_name`.
HARMLESS_AFTER: Final = _set(
    """
    count counts counter length len size name names type types form forms field fields url urls uri endpoint path
    paths dir dirs directory directories folder file files filename ttl age expiry expires expired expiration expire
    lifetime timeout at until regex pattern validator validators validation required enabled disabled valid invalid
    index class cls backend backends prefix suffix policy min max hasher hashers model view views manager factory func
    function handler error errors exception helper serializer limit limits attempts attempt changed created updated
    date days seconds minutes hours samesite secure httponly domain param label version origins origin failure exempt
    strength kind algorithm algorithms alg method methods usage budget middleware position offset line lineno column
    start end scope scopes issuer audience location locations status processor processors rule rules widget template
    help hint placeholder permission permissions authorized storage store provider providers rotation less
    """
)
#: Before a secret word, as the first of a name: a yes or no: `is_token`, `has_password`.
QUESTIONS: Final = _set("is has use uses needs requires tokenize render")
#: Before `token`, or before several of anything: how many: `max_new_tokens`, `num_passwords`.
COUNTS: Final = _set("max min num n nr number total count")
#: Right before one of these words they name a number, a place in a list, a step: `next_token`, `first_pass`.
HARMLESS_BEFORE: Final = {
    "token": _set(
        """
        prompt completion input output next prev previous page continuation cancel cancellation first second third
        single multi two one stop pad padding eos bos sep cls unk unknown mask special
        """
    ),
    "pass": _set("first second third single multi two one low high band all render next previous"),
}
#: Set by every shell: a folder.
NOT_SECRET: Final = frozenset({"PWD", "OLDPWD"})
#: The keys of a record that names what it holds: ``{"name": "password", "value": ...}``.
NAME_KEYS: Final = frozenset({"name", "key", "header", "field", "variable"})
VALUE_KEYS: Final = frozenset({"value", "val", "content", "data"})
#: Options whose value is a user's name and password (curl).
CREDENTIAL_OPTIONS: Final = frozenset({"-u", "--user", "-U", "--proxy-user"})
#: Before the colon of a message, not of a header: `InvalidToken: ...`.
STATES: Final = _set("invalid missing bad expired unexpected wrong no unknown unsupported")

#: A word that makes a cookie one that lets its owner in; as a variable, `session` and `remember` are no secrets.
COOKIE_WORDS: Final = _set(
    "session sess auth remember login logged identity ticket sso saml oauth clearance refresh access cfid"
)
#: Glued to what precedes: `connectsid`, `phpsess`.
COOKIE_ENDS: Final = ("session", "sess", "sid", "auth")

#: An option's name in a sentence: "--password is required".
ENGLISH: Final = _set(
    "is was are must option options and or requires required needs to argument arguments flag has cannot can not for "
    "in on with without from instead of if the a an as should may will"
)

# A token may begin where no word runs on, or behind a percent-escape. Where a pattern asks for something behind a
# part of any length, this is what keeps it from being tried at every letter.
_START: Final = r"(?:(?<![\w\-])|(?<=%[0-9A-Fa-f]{2}))"

#: Tokens that are known by their form, whatever they are called: a literal that all of them hold, and the pattern.
#: A pattern is one literal start and *one* part of any length at its end, or begins with `_START`: linear both ways.
TOKENS: Final = tuple(
    (literal, re.compile(pattern))
    for literal, pattern in (
        ("ghp_", r"ghp_[A-Za-z0-9]{20,}+"),  # GitHub: personal, OAuth, user, server, refresh
        ("gho_", r"gho_[A-Za-z0-9]{20,}+"),
        ("ghu_", r"ghu_[A-Za-z0-9]{20,}+"),
        ("ghs_", r"ghs_[A-Za-z0-9]{20,}+"),
        ("ghr_", r"ghr_[A-Za-z0-9]{20,}+"),
        ("github_pat_", r"github_pat_\w{20,}+"),
        ("gl", r"gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|oas|soat|ffct)-[\w\-]{16,}+"),  # GitLab
        ("_live_", r"[sr]k_live_[A-Za-z0-9]{10,}+"),  # Stripe
        ("_test_", r"[sr]k_test_[A-Za-z0-9]{10,}+"),
        ("whsec_", r"whsec_[A-Za-z0-9+/]{16,}+=*"),
        ("xox", r"xox[a-z](?:\.xox[a-z])?-[\w\-]{10,}+"),  # Slack
        ("xapp-", r"xapp-\d-[\w\-]{10,}+"),
        ("hooks.slack.com/", r"(?<=hooks\.slack\.com/)(?:services|workflows|triggers)/[\w/]{10,}+"),
        ("/webhooks/", r"(?<=/webhooks/)\d{15,22}/[\w\-]{30,}+"),  # Discord
        (":AA", r"(?<![\w\-])(?:bot)?\d{8,12}:AA[\w\-]{30,}+"),  # Telegram
        ("AKIA", r"AKIA[A-Z0-9]{16}"),  # AWS
        ("ASIA", r"ASIA[A-Z0-9]{16}"),
        ("AIza", r"AIza[\w\-]{35}"),  # Google
        ("ya29.", r"ya29\.[\w\-]{20,}+"),
        ("GOCSPX-", r"GOCSPX-[\w\-]{20,}+"),
        ("1//0", r"(?<!\w)1//0[\w\-]{30,}+"),
        ("npm_", r"npm_[A-Za-z0-9]{36}"),
        ("pypi-AgE", r"pypi-AgE[\w\-]{16,}+"),
        ("hf_", r"(?<![A-Za-z0-9])hf_[A-Za-z0-9]{30,}+"),  # Hugging Face
        ("api_org_", r"api_org_[A-Za-z0-9]{30,}+"),
        ("sk-", r"(?<![\w\-])sk-(?:(?:proj|ant|svcacct|admin|or)-[\w\-]{16,}+|[A-Za-z0-9]{32,}+)"),  # OpenAI, Anthropic
        ("SG.", r"(?<![\w\-])SG\.[\w\-]{16,}+\.[\w\-]{16,}+"),  # SendGrid
        ("SK", r"(?<!\w)SK[0-9a-f]{32}(?!\w)"),  # Twilio
        ("key-", r"(?<!\w)key-[0-9a-f]{32}(?!\w)"),  # Mailgun
        ("_v1_", r"do[opr]_v1_[0-9a-f]{64}"),  # DigitalOcean
        ("shp", r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"),  # Shopify
        ("sq0", r"sq0[a-z]{3}-[\w\-]{22,}+"),  # Square
        ("dapi", r"(?<!\w)dapi[0-9a-f]{32}"),  # Databricks
        ("lin_api_", r"lin_api_[A-Za-z0-9]{30,}+"),  # Linear
        ("ATATT3", r"ATATT3[\w\-]{20,}+=*+\w*+"),  # Atlassian
        ("dckr_pat_", r"dckr_pat_[\w\-]{20,}+"),  # Docker
        ("hv", r"(?<![\w\-])hv[sbr]\.[\w\-]{20,}+"),  # HashiCorp Vault
        ("glsa_", r"glsa_\w{30,}+"),  # Grafana
        ("NRAK-", r"NRAK-[A-Z0-9]{27}"),  # New Relic
        ("AGE-SECRET-KEY-", r"AGE-SECRET-KEY-1[A-Z0-9]{50,}+"),
        ("sig=", r"(?<=[?&]sig=)[A-Za-z0-9%+/=_\-]{20,}+"),  # Azure's shared access signatures
        # JWT and JWE (RFC 7519, 7516); the cookies of itsdangerous and of `django.core.signing`, also compressed ones.
        ("eyJ", _START + r"\.?eyJ[\w\-]{5,}+[.:][\w\-]{5,}+[.:][\w\-]*+(?:\.[\w\-]++){0,2}"),
        (".eJ", r"(?<![\w\-])\.eJ[\w\-]{10,}+[.:][\w\-]{5,}+[.:][\w\-]{20,}+"),
        # Passwords as bcrypt, Argon2, Werkzeug and Django store them.
        ("$2", r"\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}"),
        ("$argon2", r"\$argon2(?:id|i|d)\$[\w$=,+/\-]{20,}+"),
        ("pbkdf2", r"pbkdf2[_:]sha\d{1,3}[$:]\d{1,9}\$[\w$+/=.]{20,}+"),
        ("scrypt", r"scrypt[:$][\d:$]{3,30}\$[\w$+/=.]{20,}+"),
    )
)
