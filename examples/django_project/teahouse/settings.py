"""The settings of a small Django project. What concerns debugkit is its one line in INSTALLED_APPS."""

import os
from pathlib import Path

import django

BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = os.environ.get("TEAHOUSE_DEBUG", "1") == "1"
# Nobody's secret: it stands here for everybody to read.
SECRET_KEY = "django-insecure-steep-for-three-minutes"
ALLOWED_HOSTS = []

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "debugkit.django",
    "guestbook",
    "tastings",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "teahouse.middleware.season",
]

if django.VERSION >= (6,):
    # The house allows its own files only, and no script in a page. The debugger's page has a policy of its own.
    MIDDLEWARE.insert(1, "django.middleware.csp.ContentSecurityPolicyMiddleware")
    SECURE_CSP = {"default-src": ["'self'"]}

ROOT_URLCONF = "teahouse.urls"
WSGI_APPLICATION = "teahouse.wsgi.application"
ASGI_APPLICATION = "teahouse.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("TEAHOUSE_DATABASE", BASE_DIR / "teahouse.sqlite3"),
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LOGIN_URL = "/"
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
USE_TZ = True
