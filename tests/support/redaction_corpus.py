"""Texts that must be hidden, and texts that must stay readable. A contributor adds a line.

In `HIDDEN` the secret stands between « and »; all around it is to stay. Tokens are put together here, for nobody
likes to see a repository that seems to hold some.
"""

from __future__ import annotations

import base64
import re
from typing import Final

WORD: Final = "Ab1Cd2Ef3Gh4Ij5Kl6Mn7Op8Qr9St0Uv1Wx2Yz3Ab4Cd5Ef6Gh7Ij8Kl9"
HEX: Final = "0123456789abcdef" * 4
UPPER: Final = WORD.upper()
JWT: Final = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
BASIC: Final = base64.b64encode(b"ann:hunter2 long").decode()

#: A line each.
_NAMED: Final = r"""
password=«hunter2»
password = «hunter2»
password := «hunter2»
password='«hunter2»'
password='''«hunter2»'''
password=b'«hunter2»'
password=f"«hunter2»"
password="«hun'ter2»"
password=«SecretStr('hunter2')»
password=«['hunter2']»
dbpassword=«hunter2»
DBPASSWORD=«hunter2»
userpasswordhash='«abcdef»'
authtoken=«abcdef»
bearertokens='«abcdef»'
clientsecret: '«abcdef»'
smtppass=«hunter2»
rootpw=«hunter2»
mysqlpwd=«hunter2»
myapikey=«abcdef»
sentrydsn=«abcdef»
sessioncookie=«abcdef»
one_time_password=«123456»
one_time_token='«abcdef»'
first_password=«hunter2»
next_password=«hunter2»
input_password=«hunter2»
single_use_token=«abcdef»
password_input='«hunter2»'
2password=«hunter2»
dbPassword=«hunter2»
db-password=«hunter2»
X-Api-Key=«abcdef»
passwort=«geheim»
user[password]=«hunter2»
user%5Bpassword%5D=«hunter2»&x=1
POST user[name]=ann&user[password]=«hunter2»&x=1
params['password'] = '«hunter2»'
config["db"]["password"] = "«hunter2»"
{'user[password]': '«hunter2»'}
{'db password': '«hunter2»'}
{b'password': b'«hunter2»'}
{"password": "«hunter2»", "x": 1}
{"password":"«hunter2»"}
{"password" : "«hunter2»"}
{password: '«hunter2»', x: 1}
{"pin": «1234», "x": 1}
{"tokens": «["abc", "def"]», "x": 1}
{"credentials": «{"user": "ann", "pw": "hunter2"}», "x": 1}
"{\"password\": \"«hunter2»\", \"x\": 1}"
"password"=>"«hunter2»"
:password => "«hunter2»"
--password «hunter2»
--password=«hunter2»
run --user ann --password «hunter2» --verbose
--db-password «hunter2»
--api-key '«abcdef»'
["--password", "«hunter2»"]
['run', '--token', '«abcdef»', '--verbose']
-password «hunter2»
curl -u ann:«hunter2» https://example.test
curl -u 'ann:«hunter2»' https://example.test
curl --user ann:«hunter2» https://example.test
curl --proxy-user ann:«hunter2» https://example.test
['curl', '-u', 'ann:«hunter2»']
mysql -u root -p«hunter2» shop
sshpass -p «hunter2» ssh host
<password>«hunter2»</password>
<user><name>ann</name><password>«hunter2»</password></user>
<wsse:Password Type="text">«hunter2»</wsse:Password>
<ApiKey>«abcdef»</ApiKey>
<password><![CDATA[«hunter2»]]></password>
<input name="password" value="«hunter2»">
<add key="ApiToken" value="«abcdef»"/>
<User name='x' password='«hunter2»'>
Server=db;UID=sa;PWD=«hunter2»;Database=x
DRIVER={x};SERVER=db;UID=sa;PWD=«hun,ter(2)»;DATABASE=x
UID=sa;Pwd=«hunter2»
Server=db;User Id=sa;Password=«hun ter2»;Encrypt=yes
host=db user=ann password=«hunter2» dbname=x
AccountName=x;AccountKey=«YWJjZGVmZw==»;EndpointSuffix=x
{"name": "password", "value": "«hunter2»"}
{"key": "api_key", "value": "«abcdef»", "x": 1}
{"name": "Authorization", "value": "«Basic abc»"}
{"value": "«hunter2»", "name": "password"}
Cookie(name='sessionid', value='«abcdef»', domain='x')
- name: DB_PASSWORD, value: «hunter2»
('X-Api-Key', '«abcdef»')
[('Host', 'x'), ('Authorization', '«Digest abc»')]
[(b'cookie', b'«a=b; c=d»'), (b'host', b'x')]
[["authorization", "«Token abc»"]]
Authorization: «Token abc def»
authorization: «Digest username="ann", response="abc"»
> Authorization: «Token abc»
Cookie: «a=b; sid=c»
Set-Cookie: «a=b; Path=/»
  X-Api-Key: «abcdef»
sent X-Auth-Token: «abcdef»
curl -H 'Authorization: «token abc»' https://example.test
curl -H "X-Api-Key: «abcdef»" https://example.test
  password: «hunter2»
DETAIL: Key (email, token)=«(a@example.test, abc)» already exists.
/login?next=/&token=«abc»&x=1
/reset?csrf_token=«abc#top»
token=«get_token(request)»
auth=«('ann', 'hunter2')»
cookies=«{'session': 'abc'}»
the rest of password='«hunt»
postgres://shop:«hunter2»@db/shop
postgres://shop:«hun:ter2»@db/shop
postgres://shop:«hunt@er2»@db/shop
redis://:«hunter2»@cache:6379/0
mongodb+srv://ann:«hunter2»@cluster/x
https://«abcdef0123»@sentry.example/1
https://«user»@github.com/x.git
"""

#: Forms of tokens: what nobody calls by a name.
_TOKENS: Final = f"""
ghp_{WORD[:36]}
gho_{WORD[:36]}
ghu_{WORD[:36]}
ghs_{WORD[:36]}
ghr_{WORD[:36]}
github_pat_{WORD[:22]}_{WORD}
glpat-{WORD[:20]}
gldt-{WORD[:20]}
glrt-{WORD[:20]}
sk_live_{WORD[:24]}
sk_test_{WORD[:24]}
rk_live_{WORD[:24]}
whsec_{WORD[:32]}
xoxb-1234567890-{WORD[:24]}
xoxp-1234567890-{WORD[:24]}
xapp-1-A123-{WORD[:24]}
AKIA{UPPER[:16]}
ASIA{UPPER[:16]}
AIza{WORD[:35]}
ya29.{WORD[:40]}
GOCSPX-{WORD[:28]}
1//0{WORD[:40]}
npm_{WORD[:36]}
pypi-AgEIcHlwaS5vcmc{WORD}
pypi-AgENdGVzdC5weXBpLm9yZw{WORD}
hf_{WORD[:34]}
api_org_{WORD[:34]}
sk-{WORD[:48]}
sk-proj-{WORD[:48]}
sk-ant-api03-{WORD[:48]}
SG.{WORD[:22]}.{WORD[:43]}
SK{HEX[:32]}
key-{HEX[:32]}
dop_v1_{HEX}
shpat_{HEX[:32]}
sq0atp-{WORD[:22]}
dapi{HEX[:32]}
lin_api_{WORD[:40]}
ATATT3{WORD}=ABCD1234
dckr_pat_{WORD[:27]}
hvs.{WORD[:24]}
glsa_{WORD[:32]}_{HEX[:8]}
NRAK-{UPPER[:27]}
123456789:AA{WORD[:33]}
AGE-SECRET-KEY-1{UPPER[:58]}
{JWT}
.eJwVjMsKwjAQAP9lz8.ZaBcDe.{WORD[:27]}
eyJjYXJ0IjpbXX0.ZaBcDe.{WORD[:27]}
eyJjYXJ0IjpbXX0:1rAbCd:{WORD[:43]}
$2b$12${WORD[:53]}
$argon2id$v=19$m=65536,t=3,p=4${WORD[:22]}${WORD[:43]}
pbkdf2_sha256$600000${WORD[:12]}${WORD[:43]}=
pbkdf2:sha256:600000${WORD[:12]}${HEX}
scrypt:32768:8:1${WORD[:16]}${HEX}
"""

_OTHERS: Final = [
    f"sent Basic «{BASIC}» to it",
    f"basic «{BASIC}»",
    "sent Bearer «abcdef.123-_x==» to it",
    "AUTHORIZATION BEARER «abc123»",
    f"https://«ghp_{WORD[:36]}:x-oauth-basic»@github.com/x.git",
    f"https://«{WORD[:30]}:x-oauth-basic»@github.com/x.git",
    f"/callback?next=%3D«{JWT}»&x=1",
    f"https://hooks.slack.com/«services/T01234567/B01234567/{WORD[:24]}»",
    f"https://discord.com/api/webhooks/«123456789012345678/{WORD}»",
    f"https://x.blob.core.windows.net/a?sp=r&sig=«{WORD[:43]}%3D»",
    "-----BEGIN RSA PRIVATE KEY-----«\nMIIE\nabc\n-----END RSA PRIVATE KEY-----»\nafter",
    "-----BEGIN OPENSSH PRIVATE KEY-----«\nb3Bl\n-----END OPENSSH PRIVATE KEY-----»",
    "-----BEGIN EC PRIVATE KEY-----«\\nMHcC\\n-----END EC PRIVATE KEY-----»",
    "-----BEGIN PGP PRIVATE KEY BLOCK-----«\nlQ\n-----END PGP PRIVATE KEY BLOCK-----» x",
    "-----BEGIN PRIVATE KEY-----«\nMIIE cut in the mid»",
    'x = {\n  "tokens": «[\n    "abc",\n    "def"\n  ]»\n}',
    "password = «['abc',»\n  File 'x.py', line 3",
]

HIDDEN: Final = [
    *_NAMED.strip("\n").splitlines(),
    *(f"it said {token} twice".replace(token, f"«{token}»") for token in _TOKENS.strip().splitlines()),
    *_OTHERS,
]

READABLE: Final = [
    *r"""
monkey=1
tokenizer=<BertTokenizer>
tokenizer='wordpiece'
PWD=/home/ann/shop
OLDPWD=/srv
PWD=~/shop
PWD=C:\shop
passenger='Ann'
passengers=3
keyboard: 'qwerty'
max_tokens=512
max_new_tokens=512
num_tokens=3
prompt_tokens=3, completion_tokens=4, total_tokens=7
next_token='abc'
eos_token='</s>'
pad_token='[PAD]'
low_pass=3
first_pass=True
num_passwords=3
has_password='yes'
is_token=1
password_length=8
password_reset_url='/reset'
passwordless=1
token_type='bearer'
CSRF_COOKIE_NAME='csrftoken'
SESSION_COOKIE_AGE=1209600
SECRETS_DIR=/srv/shop
secret_file='/run/secrets/x'
author='Ann', authors=['Ben']
authority='x'
primary_key=7
cache_key='a:b'
public_key='x'
key='price'
hotkey=3, turkey=4, donkey=5
compass='north'
bypass=3
trespass=1
spinner=3
opinion='x'
secretary='Ann'
secretariat='x'
session=<Session 3>
user_id=3
pinned=1
password=None token='' secret=False
password=null
"password": null
tokens=[]
token == 3
if token != "x"
KeyError: 'price'
InvalidToken: the signature has expired
MissingTokenError: 'x' is missing
PasswordError: 'x' is too short
--password is required
error: the following arguments are required: --password
-u 1000:1000
docker run -u 1000:1000 image
sort -u file.txt
mysql -u root -p shop
see <token> and <password> below
usage: login [-h] [--password PASSWORD]
['username', 'password', 'email']
SELECT password FROM users
https://example.test/path?x=1#y
https://example.test:8000/a@b
ssh://git@github.com/x.git
git@github.com:x/y.git
http://localhost:8000/
postgres://localhost/shop
mail me@example.test: now
Basic authentication failed, Bearer token missing
basic english and a bearer of news
WWW-Authenticate: Basic realm="shop"
-----BEGIN CERTIFICATE-----
eyJust a word
sk-learn and sk-toggleable__label-arrow
ghp_short
hf_hub_download
npm_config_cache
AKIA is a prefix
a.b.c 12:30:00
File "/srv/shop/views.py", line 12, in tokenize
d41d8cd98f00b204e9800998ecf8427e
123e4567-e89b-12d3-a456-426614174000
{"name": "colour", "value": "red"}
<input name="colour" value="red">
<name>Ann</name>
('Host', 'example.test')
Host: example.test
Content-Type: text/html
[('Accept', '*/*')]
ümläut emoji 🎉
""".strip("\n").splitlines(),
    "",
    "a lone \ud800 surrogate",
    "-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----",
]

SECRET: Final = re.compile("«(.*?)»", re.DOTALL)
