"""The teas, tastings and guests that the example is about."""

from datetime import date

from django.db import migrations

#: Name, origin, grams left, grams a cup, cents a cup.
TEAS = (
    ("Assam", "India", 250, 3, 390),
    ("Darjeeling", "India", 90, 3, 690),
    ("Kukicha", "Japan", 120, 0, 450),
    ("Matcha", "Japan", 40, 2, 850),
    ("Oolong", "Taiwan", 75, 5, None),
)
#: Seat, guest, what they ordered beside tea.
GUESTS = ((1, "Ada", ["scone", "jam"]), (2, "Grace", []), (3, "Hedy", ["scone", "honey cake"]))


def pour(apps, schema_editor):
    tea, tasting = apps.get_model("tastings", "Tea"), apps.get_model("tastings", "Tasting")
    booking, voucher = apps.get_model("tastings", "Booking"), apps.get_model("tastings", "Voucher")
    fields = ("name", "origin", "grams", "grams_per_cup", "price")
    teas = [tea.objects.create(**dict(zip(fields, row, strict=True))) for row in TEAS]
    spring = tasting.objects.create(title="First flush", slug="spring", day=date(2026, 4, 18))
    winter = tasting.objects.create(title="By the fire", slug="winter", day=date(2026, 12, 5))
    spring.teas.set(teas)
    winter.teas.set(teas[:2])
    for seat, guest, extras in GUESTS:
        booking.objects.create(tasting=spring, seat=seat, guest=guest, extras=extras)
    voucher.objects.create(code="WELCOME", percent=10)


class Migration(migrations.Migration):
    dependencies = (("tastings", "0001_initial"),)
    operations = (migrations.RunPython(pour, migrations.RunPython.noop),)
