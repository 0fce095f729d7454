"""What things cost, in cents."""

EXTRAS = {"scone": 350, "jam": 80, "clotted cream": 120}
SEAT = 1800


def invoice_total(bookings):
    """What all the guests of a tasting have to pay."""
    total = 0
    for booking in bookings:
        total += SEAT
        for extra in booking.extras:
            total += EXTRAS[extra]
    return total


def in_euros(cents):
    return f"{cents // 100},{cents % 100:02} €"
