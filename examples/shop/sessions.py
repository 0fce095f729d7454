"""Who is shopping: sessions in memory, found by a cookie."""

import secrets

from cart import Cart

COOKIE = "shop_session"
#: The only customer this shop has ever had.
CUSTOMER = 7


class Session:
    def __init__(self, key):
        self.key = key
        self.customer = CUSTOMER
        self.cart = Cart.of_customer(CUSTOMER)

    @property
    def cookie(self):
        return f"{COOKIE}={self.key}; Path=/; HttpOnly; SameSite=Lax"


class Sessions:
    def __init__(self, limit=1000):
        self.limit = limit
        self._sessions = {}

    def of(self, cookies):
        """The session of a browser; a new one when it has none, or one from before the last restart."""
        session = self._sessions.get(cookies.get(COOKIE))
        if session is None:
            session = Session(secrets.token_urlsafe(16))
            while len(self._sessions) >= self.limit:
                self._sessions.pop(next(iter(self._sessions)))
            self._sessions[session.key] = session
        return session
