"""What the house does around every view."""

#: What is poured when.
SEASONS = {"spring": "first flush", "summer": "cold brew", "winter": "chai"}


def season(get_response):
    """``request.season`` is what is poured now. Guests may ask for another season in the address."""

    def pour(request):
        wanted = request.GET.get("season", "spring")
        request.season = SEASONS[wanted]
        return get_response(request)

    return pour
