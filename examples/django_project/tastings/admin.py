from django.contrib import admin

from tastings.models import Booking, Tasting, Tea, Voucher


class Bookings(admin.TabularInline):
    model = Booking
    extra = 1


@admin.register(Tasting)
class TastingAdmin(admin.ModelAdmin):
    list_display = ("title", "day")
    inlines = (Bookings,)


@admin.register(Tea)
class TeaAdmin(admin.ModelAdmin):
    list_display = ("name", "origin", "grams", "price")


admin.site.register(Voucher)
