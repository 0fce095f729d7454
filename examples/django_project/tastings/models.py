"""Teas, the tastings where they are poured, and who sits where."""

from django.db import models


class Tea(models.Model):
    name = models.CharField(max_length=80)
    origin = models.CharField(max_length=80)
    grams = models.PositiveIntegerField(help_text="what is left in the tin")
    grams_per_cup = models.PositiveIntegerField(default=3)
    price = models.PositiveIntegerField(null=True, help_text="cents a cup")

    class Meta:
        ordering = ("name",)

    def __str__(self):
        return self.name

    def cups(self):
        """How many cups are left in the tin."""
        return self.grams // self.grams_per_cup


class Tasting(models.Model):
    title = models.CharField(max_length=80)
    slug = models.SlugField(unique=True)
    day = models.DateField()
    teas = models.ManyToManyField(Tea)

    class Meta:
        ordering = ("day",)

    def __str__(self):
        return self.title


class Booking(models.Model):
    tasting = models.ForeignKey(Tasting, models.CASCADE, related_name="bookings")
    seat = models.PositiveIntegerField()
    guest = models.CharField(max_length=80)
    extras = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ("seat",)
        constraints = (models.UniqueConstraint(fields=["tasting", "seat"], name="one_guest_a_seat"),)

    def __str__(self):
        return f"{self.guest}, seat {self.seat}"


class Voucher(models.Model):
    code = models.CharField(max_length=20, unique=True)
    percent = models.PositiveIntegerField()

    def __str__(self):
        return self.code


class OldPrice(models.Model):
    """Prices from the till of 2019. Nobody has brought its table along."""

    name = models.CharField(max_length=80)
    cents = models.PositiveIntegerField()

    class Meta:
        managed = False
        db_table = "price_list_2019"
