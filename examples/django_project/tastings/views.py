"""Tastings: a list that works, and views that fail as `teahouse.failures` tells."""

from datetime import date

from django.core.exceptions import BadRequest
from django.db import transaction
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from tastings import kettles as kitchen
from tastings.models import Booking, OldPrice, Tasting, Tea, Voucher
from tastings.prices import in_euros, invoice_total


class VoucherError(Exception):
    """A voucher that the house does not accept."""


def plain(text):
    return HttpResponse(f"{text}\n", content_type="text/plain; charset=utf-8")


def tastings(request):
    return render(request, "tastings/list.html", {"tastings": Tasting.objects.prefetch_related("teas")})


def tea(request, number):
    return plain(get_object_or_404(Tea, pk=number))


def invoice(request, slug):
    tasting = Tasting.objects.get(slug=slug)
    teas = tasting.teas.filter(price__gt=500)
    total = invoice_total(tasting.bookings.all())
    return plain(f"{tasting}, {len(teas)} teas: {in_euros(total)}")


def next_tasting(request):
    tasting = Tasting.objects.filter(day__gt=date(2999, 1, 1)).first()
    return plain(f"{tasting.title} on {tasting.day:%d %B}")


def labels(request):
    from tastings.labels import print_labels

    return plain(print_labels(Tea.objects.all()))


async def kettles(request):
    degrees = await kitchen.warmest()
    return plain(f"{degrees} °C")


async def suppliers(request):
    return plain(await kitchen.ask_all())


def old_prices(request):
    names = OldPrice.objects.filter(cents__lt=500).values_list("name", flat=True)
    return plain(", ".join(names))


@require_POST
def book(request, slug):
    tasting = Tasting.objects.get(slug=slug)
    with transaction.atomic():
        Booking.objects.create(tasting=tasting, seat=request.POST["seat"], guest=request.POST["guest"])
    return redirect("/tastings/")


def voucher(request, code):
    try:
        found = Voucher.objects.get(code=code)
    except Voucher.DoesNotExist as error:
        raise VoucherError(f"nobody has ever given out {code}") from error
    return plain(f"{found.percent} % less")


def newsletter(request):
    return render(request, "tastings/newsletter.html", {"teas": Tea.objects.all()})


def cups(request):
    return render(request, "tastings/cups.html", {"teas": Tea.objects.all()})


def autumn(request):
    return render(request, ["tastings/autumn.html", "tastings/season.html"], {"season": "autumn"})


def way(request):
    return render(request, "tastings/way.html")


def seats(request):
    count = request.GET.get("count", "1")
    if not count.isdigit():
        raise BadRequest(f"{count!r} is not a number of seats")
    return plain(f"{count} seats are free")


def menu(request):
    return StreamingHttpResponse(lines_of_menu(Tea.objects.all()), content_type="text/csv; charset=utf-8")


def lines_of_menu(teas):
    yield "tea,price\r\n"
    for tea in teas:
        yield f"{tea.name},{in_euros(tea.price)}\r\n"
