"""What counts as a secret: names, both ways, and texts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from growth_support import BOUND, growth
from redaction_corpus import HIDDEN, READABLE, SECRET, WORD

from debugkit.debug.redaction.patterns import TOKENS
from debugkit.debug.redaction.redactor import MOST_SCANNED, REDACTED, Redactor, type_is_secret

SECRET_NAMES = """
password passwd PASSWORD db_password dbPassword DB_PASSWORD password1 password_confirm old_password passwords passphrase
pwd userPwd db_pw smtp_pass pass secret SECRET_KEY client_secret clientSecret webhook_secrets secret_key_base token
access_token refreshToken auth_token tokens csrfmiddlewaretoken csrf_token X-CSRF-Token api_key apikey apiKey APIKey
X-Api-Key STRIPE_API_KEY private_key privateKey access_key AWS_SECRET_ACCESS_KEY aws_access_key_id encryption_key
signing_key session_key authorization Authorization Proxy-Authorization cookie Cookie Set-Cookie cookies session_cookie
session_id sessionid PHPSESSID sid credentials credential creds jwt bearer signature dsn SENTRY_DSN connection_string
connectionString conn_str pin user_pin pin_code auth basic_auth salt otp cvv ssn card_number PGPASSWORD
dbpassword DBPASSWORD userpassword passwordhash userpasswordhash authtoken APITOKEN clientsecret secretid tokenvalue
smtppass dbpw rootpw mysqlpwd userPWD myapikey apikeyid sessioncookie sentrydsn passWd pswd passwort b'password'
one_time_password one_time_token single_use_token first_password next_password input_password second_secret
password_input cookie_header user[password] user[address][password] one_password maxpassword ASP.NET_SessionId
"""

HARMLESS_NAMES = """
author authors authority authenticated tokenize tokenizer token_count max_tokens num_tokens total_tokens token_type
next_token next_page_token token_url token_expires_at passenger passed passes password_field password_form
password_length password_reset_url PASSWORD_HASHERS AUTH_PASSWORD_VALIDATORS min_password_length keyboard key keys
primary_key foreign_key cache_key sort_key public_key keyword key_error secretary session sessions session_factory
SESSION_COOKIE_NAME SESSION_COOKIE_AGE cookie_name cookie_domain CSRF_COOKIE_SECURE CSRF_TRUSTED_ORIGINS pinned
pinterest pin_memory spinner opinion shopping compass first_pass bypass access accessor accessed_at api api_url
maxtokens max_new_tokens num_passwords total_secrets max_cookies passwordless passwordfield secrets_dir token_file
secretary secretariat monkey donkey turkey hotkey keyboard trespass encompass overpass spinner forward onward
credential_type signature_version design assigned username user_id name email price item items count total request
response PWD OLDPWD PATH path authorization_url is_token has_password auth_backend string connection dictionary salted
x i
"""

SECRET_COOKIES = """
sessionid session _session laravel_session connect.sid koa:sess _gh_sess PHPSESSID JSESSIONID ASP.NET_SessionId
.ASPXAUTH __Host-session __Secure-next-auth.session-token remember_web_59ba wordpress_logged_in_x XSRF-TOKEN SID
SAPISID access_token user_session cf_clearance
"""


@pytest.fixture
def redactor() -> Redactor:
    return Redactor(environ={})


def test_the_tables_are_long_enough_to_mean_something():
    assert len(set(SECRET_NAMES.split())) >= 40
    assert len(set(HARMLESS_NAMES.split())) >= 40


@pytest.mark.parametrize("name", SECRET_NAMES.split())
def test_a_secret_name(redactor, name):
    assert redactor.name_is_secret(name)


@pytest.mark.parametrize("name", HARMLESS_NAMES.split())
def test_a_harmless_name(redactor, name):
    assert not redactor.name_is_secret(name)


@pytest.mark.parametrize(
    "expression",
    [
        "user.password",
        "config['password']",
        'settings["db"]["PASSWORD"]',
        "self.api_key",
        "tokens[0]",
        "password.value",
    ],
)
def test_an_expression_is_secret_when_one_of_its_names_is(redactor, expression):
    assert redactor.name_is_secret(expression)


@pytest.mark.parametrize("expression", ["user.name", "config['debug']", "self.author.keys", "", "rows[0]", "self"])
def test_an_expression_of_harmless_names_is_not_secret(redactor, expression):
    assert not redactor.name_is_secret(expression)


def test_a_very_long_name_is_looked_at_in_its_beginning_only(redactor):
    assert redactor.name_is_secret("password" + "_x" * 100_000)
    assert not redactor.name_is_secret("x_" * 100_000 + "password")


def test_extra_names_match_as_a_part_in_any_case():
    redactor = Redactor(["Kundennummer", ""], environ={})
    assert redactor.name_is_secret("alte_KUNDENNUMMER_2")
    assert not redactor.name_is_secret("kunde")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgres://shop:hunter2@db.local/shop", "postgres://shop:§@db.local/shop"),
        ("see redis://:hunter2@cache:6379/0 there", "see redis://:§@cache:6379/0 there"),
        ("postgresql+psycopg://a:b@h/x and amqp://c:d@i/y", "postgresql+psycopg://a:§@h/x and amqp://c:§@i/y"),
        ("<User name='x' password='hunter2'>", "<User name='x' password='§'>"),
        ("password=hunter2", "password=§"),
        ("User(name='x', api_key=b'abc', age=3)", "User(name='x', api_key=b'§', age=3)"),
        ("password='it\\'s, long' x=1", "password='§' x=1"),
        ('{"password": "hun\\"ter2", "x": 1}', '{"password": "§", "x": 1}'),
        ("{'token': 123456, 'x': 1}", "{'token': §, 'x': 1}"),
        ("headers={'Authorization': 'Digest abc', 'x': 1}", "headers={'Authorization': '§', 'x': 1}"),
        ("/login?next=/&token=abc&x=1", "/login?next=/&token=§&x=1"),
        ("Cookie: a=b; sid=c\nHost: x", "Cookie: §\nHost: x"),
        ("x-api-key: abc", "x-api-key: §"),
        ("sent Bearer abcdef.123-_x== to it", "sent Bearer § to it"),
        ("Authorization is Bearer opaque", "Authorization is Bearer §"),
        ('"{\\"token\\": \\"abc\\", \\"x\\": 1}"', '"{\\"token\\": \\"§\\", \\"x\\": 1}"'),
        ("the rest of password='hunt", "the rest of password='§"),
        ("basic dXNlcjpwYXNz", "basic §"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl!", "§!"),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc\n-----END RSA PRIVATE KEY-----\nafter",
            "-----BEGIN RSA PRIVATE KEY-----§\nafter",
        ),
        ("-----BEGIN PRIVATE KEY-----\nMIIE cut in the mid", "-----BEGIN PRIVATE KEY-----§"),
    ],
)
def test_secrets_inside_a_text_are_replaced(redactor, text, expected):
    assert redactor.text(text) == expected.replace("§", REDACTED)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nothing to see",
        "https://example.test/path?x=1#y",
        "mail me@example.test: now",
        "Basic authentication failed, Bearer token missing",
        "basic english and a bearer of news",
        "password=None token='' secret=False",
        "token == 3",
        "Password: must have eight characters"[10:],
        "the author='Ann', count=3",
        "-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----",
        "eyJust a word",
        "a.b.c 12:30:00",
        "ümläut \ud800 emoji 🎉",
    ],
)
def test_other_texts_stay_as_they_are(redactor, text):
    assert redactor.text(text) == text


def test_the_values_of_secret_environment_variables_are_secret_everywhere():
    redactor = Redactor(environ={"STRIPE_SECRET": "sk_live_12345", "SHELL": "/bin/zsh-extra"})
    assert redactor.text("key sk_live_12345, twice sk_live_12345") == f"key {REDACTED}, twice {REDACTED}"
    assert redactor.text("/bin/zsh-extra") == "/bin/zsh-extra"


def test_the_password_inside_a_url_of_the_environment_is_secret_on_its_own():
    redactor = Redactor(environ={"DATABASE_URL": "postgres://shop:correct-horse@db/shop"})
    assert redactor.text("login with correct-horse") == f"login with {REDACTED}"


def test_short_values_of_secret_variables_would_black_out_the_page_and_are_left():
    assert Redactor(environ={"PASSWORD": "admin"}).text("the admin page") == "the admin page"


def test_a_secret_that_is_part_of_another_does_not_leave_the_rest_of_it():
    redactor = Redactor(environ={"A_SECRET": "abcdefgh", "B_SECRET": "abcdefgh-and-more"})
    assert redactor.text("abcdefgh-and-more") == REDACTED


def test_redacting_twice_changes_nothing_more(redactor):
    once = redactor.text("password='hunter2' Cookie=abc postgres://a:b@c/d")
    assert redactor.text(once) == once


def hidden_text(line: str) -> str:
    return line.replace("«", "").replace("»", "")


@pytest.mark.parametrize("line", HIDDEN)
def test_a_text_of_the_corpus_is_hidden_where_it_is_marked_and_nowhere_else(redactor, line):
    shown = redactor.text(hidden_text(line))
    assert REDACTED in shown
    rest = shown
    for part in SECRET.split(line)[::2]:
        assert part in rest
        rest = rest[rest.index(part) + len(part) :]
    assert not [secret for secret in SECRET.findall(line) if secret in shown]


@pytest.mark.parametrize("line", HIDDEN)
def test_a_redacted_text_of_the_corpus_is_not_changed_again(redactor, line):
    once = redactor.text(hidden_text(line))
    assert redactor.text(once) == once


@pytest.mark.parametrize("text", READABLE)
def test_a_text_of_the_corpus_stays_readable(redactor, text):
    assert redactor.text(text) == text


def test_every_form_of_a_token_is_in_the_corpus():
    texts = [hidden_text(line) for line in HIDDEN]
    assert [p.pattern for literal, p in TOKENS if not any(literal in t and p.search(t) for t in texts)] == []


@pytest.mark.parametrize("name", SECRET_COOKIES.split())
def test_a_cookie_that_lets_its_owner_in(redactor, name):
    assert redactor.cookie_is_secret(name)


@pytest.mark.parametrize("name", ["theme", "locale", "_ga", "cart", "django_language"])
def test_another_cookie(redactor, name):
    assert not redactor.cookie_is_secret(name)


def test_of_a_text_over_the_bound_the_rest_is_neither_scanned_nor_shown(redactor):
    shown = redactor.text("x " * (MOST_SCANNED // 2 - 20) + f"ghp_{WORD} token=hunter2 " + "y" * 1000)
    assert len(shown) < MOST_SCANNED + 100
    assert "y" not in shown.partition("…")[0]
    assert "hunter2" not in shown
    assert "ghp_" not in shown
    assert shown.endswith(" more characters are not shown)")


def test_a_text_within_the_bound_is_shown_whole(redactor):
    text = "x" * MOST_SCANNED
    assert redactor.text(text) == text


#: For each pattern a long run, many matches, or what nearly matches, of about the given length.
LONG_TEXTS: dict[str, Callable[[int], str]] = {
    "a name without end": lambda n: "a" * n + "=",
    "a quoted name without end": lambda n: "'" + "token" * (n // 5) + "': 1",
    "many names": lambda n: "a=" * (n // 2) + "password",
    "many secrets": lambda n: "password=x " * (n // 11),
    "quotes that nothing closes": lambda n: "password='" * (n // 10),
    "quotes only": lambda n: "'" * n + "password=",
    "dashes": lambda n: "-" * n + "password=",
    "spaces behind a name": lambda n: "password" + " " * n + "=",
    "spaces before a header": lambda n: " " * n + "password: x",
    "empty lines": lambda n: "\n" * n + "password=",
    "indented lines": lambda n: ("\n" + " " * 30) * (n // 31) + "password",
    "options": lambda n: "--password " * (n // 11),
    "escaped quotes": lambda n: '\\"token\\": \\"' * (n // 13),
    "backslashes": lambda n: "password='" + "\\" * n,
    "brackets": lambda n: "password=" + "[" * n,
    "lists that nothing closes": lambda n: '"token": [\n' * (n // 11),
    "lists with quotes that nothing closes": lambda n: """token=['\"""" * (n // 9),
    "pairs": lambda n: '("token", ' * (n // 10),
    "names of values": lambda n: '"name": "password", ' * (n // 20),
    "values before names": lambda n: 'value="' * (n // 7) + "password",
    "elements": lambda n: "<password>" * (n // 10),
    "angles": lambda n: "<" * n + "password>",
    "attributes without end": lambda n: "<password " + "a " * (n // 2) + "=",
    "tags without end": lambda n: "token=<" * (n // 7),
    "schemes": lambda n: "://a:" * (n // 5) + "@",
    "userinfo": lambda n: "://" + "a:" * (n // 2) + "@",
    "users": lambda n: "http://u@" * (n // 9),
    "beginnings of keys": lambda n: "-----BEGIN " * (n // 11),
    "keys without end": lambda n: "-----BEGIN PRIVATE KEY-----" * (n // 27),
    "a bearer of spaces": lambda n: "bearer" + " " * n,
    "bearers": lambda n: "bearer " * (n // 7),
    "a basic word": lambda n: "basic " + "a" * n,
    "-u": lambda n: "-u a:" * (n // 5) + "pass",
    "mysql": lambda n: "mysql " * (n // 6) + " -p",
    "digits": lambda n: "1" * n + ":AA",
    "slashes": lambda n: "hooks.slack.com/" * (n // 16),
    **{f"many {literal}": lambda n, literal=literal: literal * (n // len(literal)) for literal, _ in TOKENS},
    **{
        f"{literal} in a word": lambda n, literal=literal: (literal + "a") * (n // len(literal))
        for literal, _ in TOKENS
    },
    **{f"{literal} and a word": lambda n, literal=literal: f"{literal}{'a' * n}." for literal, _ in TOKENS},
}


@pytest.mark.parametrize("make", LONG_TEXTS.values(), ids=LONG_TEXTS)
def test_time_grows_with_a_text_and_not_with_its_square(redactor, make):
    """Eight times the text takes 8 times as long, or 64 times if every start looks at all the rest."""

    def redacting(size):
        text = make(size)
        return lambda: redactor.text(text)

    assert growth(redacting, 8_000) < BOUND


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("SecretStr", True),
        ("Secret", True),
        ("Secret2", True),
        ("SecretaryForm", False),
        ("MySecret", False),
        ("str", False),
    ],
)
def test_a_type_is_secret_by_how_its_name_begins(name, secret):
    assert type_is_secret(name) is secret


def test_what_was_shown_before_a_framework_called_it_secret_is_hidden_afterwards():
    plain = Redactor(environ={})
    assert plain.text("some lapsang souchong, room=7") == "some lapsang souchong, room=7"

    marked = plain.extended({"room"}, {"lapsang souchong"})
    assert marked.text("some lapsang souchong, room=7") == "some ••••••, room=••••••"
    assert plain.text("some lapsang souchong, room=7") == "some lapsang souchong, room=7"


def test_the_same_marks_of_a_framework_make_no_second_redactor():
    plain = Redactor(environ={})
    assert plain.extended({"room"}, {"lapsang souchong"}) is plain.extended({"Room"}, {"lapsang souchong"})
    assert plain.extended({"room"}, ()) is not plain.extended({"floor"}, ())


def test_a_text_that_comes_again_is_not_searched_again_and_few_are_remembered(monkeypatch):
    redactor, searched = Redactor(environ={}), []
    search = Redactor._searched
    monkeypatch.setattr(Redactor, "_searched", lambda self, value: searched.append(value) or search(self, value))

    assert {redactor.text("password=hunter2") for _ in range(3)} == {"password=••••••"}
    assert searched == ["password=hunter2"]
    for number in range(2_000):
        redactor.text(f"tea {number}")
    redactor.text("x" * 100_000)
    assert len(redactor._known) <= 512
    assert max(map(len, redactor._known)) < 1_000
