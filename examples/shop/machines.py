"""Things in the back room that do not like to be looked at: their repr() raises, sleeps, or ends the program."""

import sys
import time


class Parcel:
    """Asks the carrier where it is whenever it is printed."""

    def __init__(self, number):
        self.number = number

    def __repr__(self):
        raise ConnectionError(f"no answer from the carrier about parcel {self.number}")


class Scale:
    """Waits until the scale has settled whenever it is printed."""

    def __init__(self, seconds_to_settle):
        self.seconds_to_settle = seconds_to_settle
        self.grams = None

    def __repr__(self):
        time.sleep(self.seconds_to_settle)
        return f"<Scale {self.grams} g>"


class Till:
    """Takes printing for closing."""

    def __init__(self, cash):
        self.cash = cash

    def __repr__(self):
        raise SystemExit("till closed")

    def close(self):
        if self.cash["counted"] != self.cash["expected"]:
            sys.exit(f"the till is {self.cash['expected'] - self.cash['counted']} cents short")


def send(parcel, addresses):
    return addresses[parcel.number]


def weigh(scale, bag):
    return scale.grams - bag["tare"]


def hand_out(till, coins):
    change = {coin: till.cash["counted"] // coin for coin in coins}
    return change
