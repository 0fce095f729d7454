"""The front page, the door, and two rooms that are not for guests."""

import sys

from django.conf import settings
from django.contrib import auth
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from teahouse.failures import GROUPS


def front(request):
    return render(request, "front.html", {"groups": GROUPS})


@require_POST
def enter(request):
    """Log in as the host without a password: it is an example, and nobody else can be logged in as."""
    if not settings.DEBUG:
        raise PermissionDenied("The door is open while DEBUG is on only.")
    host, _ = auth.get_user_model().objects.get_or_create(
        username="rosa", defaults={"first_name": "Rosa", "is_staff": True, "is_superuser": True}
    )
    auth.login(request, host, backend="django.contrib.auth.backends.ModelBackend")
    return redirect("/")


@require_POST
def leave(request):
    auth.logout(request)
    return redirect("/")


def cellar(request):
    raise PermissionDenied("The cellar is for the staff.")


def close_till(request):
    counted = 18_250
    sys.exit(f"The till is short of {18_740 - counted} cents.")
