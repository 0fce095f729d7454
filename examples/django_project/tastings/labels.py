"""Labels for the tins. Somebody renamed a function in the other module."""

from tastings.prices import price_on_label


def print_labels(teas):
    return "\n".join(f"{tea.name}: {price_on_label(tea.price)}" for tea in teas)
