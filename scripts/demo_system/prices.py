"""The demo's second service: what an article costs."""

from __future__ import annotations

import time

import http_service

PRICES = {"1001": 1290, "1002": 450}


class Prices(http_service.Handler):
    """`GET /prices/ARTICLE`."""

    def respond(self) -> tuple[int, object]:
        """Look the price up, slowly enough to be seen."""
        time.sleep(0.005)
        price = PRICES.get(self.path.rpartition("/")[2])
        return (200, {"cents": price}) if price is not None else (404, {"error": "no such article"})


if __name__ == "__main__":
    http_service.serve(Prices)
