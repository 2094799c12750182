"""The demo's first service: asks the second one for the price and Redis for the stock. No tracing library in sight.

usage: shop.py PORT-OF-PRICES PORT-OF-REDIS
"""

from __future__ import annotations

import http.client
import json
import sys
import threading

import http_service
from resp import Redis


class Shop(http_service.Handler):
    """`GET /articles/ARTICLE`."""

    prices_port = 0
    redis: Redis
    redis_lock = threading.Lock()

    def respond(self) -> tuple[int, object]:
        """Put the article's page together."""
        article = self.path.rpartition("/")[2]
        status, price = self._price(article)
        if status != 200:
            return status, price
        with self.redis_lock:
            stock = self.redis.command("GET", f"stock:{article}")
        return 200, {"article": article, "price": price, "stock": stock}

    def _price(self, article: str) -> tuple[int, object]:
        connection = http.client.HTTPConnection("127.0.0.1", self.prices_port, timeout=10)
        try:
            connection.request("GET", f"/prices/{article}")
            response = connection.getresponse()
            return response.status, json.load(response)
        finally:
            connection.close()


if __name__ == "__main__":
    Shop.prices_port = int(sys.argv[1])
    Shop.redis = Redis("127.0.0.1", int(sys.argv[2]))
    http_service.serve(Shop)
