"""The guest book works, and so does the import of a list in UTF-8. The rest fails."""

from pathlib import Path

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from guestbook.forms import EntryForm, GuestListForm
from guestbook.guestlist import guests_in
from guestbook.models import Entry
from guestbook.payments import charge

GUESTS_OF_1998 = Path(__file__).parent / "guests-1998.csv"


def entries(request):
    form = EntryForm(request.POST or None)
    if form.is_valid():
        form.save()
        messages.success(request, "Thank you for the kind words.")
        return redirect("/guestbook/")
    return render(request, "guestbook/entries.html", {"form": form, "entries": Entry.objects.all()[:20]})


def import_guests(request):
    form = GuestListForm(request.POST or None, request.FILES or None)
    if form.is_valid():
        upload = form.cleaned_data["guests"]
        guests = guests_in(upload.read())
        messages.success(request, f"{len(guests)} guests of {form.cleaned_data['house']}.")
        return redirect("/guestbook/import/")
    return render(request, "guestbook/import.html", {"form": form})


def guests_of_1998(request):
    guests = guests_in(GUESTS_OF_1998.read_bytes())
    return HttpResponse(f"{len(guests)} guests\n", content_type="text/plain")


@require_POST
def subscribe(request):
    address = request.POST["e-mail"]
    messages.success(request, f"Letters go to {address}.")
    return redirect("/guestbook/")


@require_POST
@sensitive_post_parameters("card_number")
def pay(request):
    last = charge(request.POST["card_number"], int(request.POST["amount"]))
    messages.success(request, f"Paid with the card that ends with {last}.")
    return redirect("/guestbook/")
