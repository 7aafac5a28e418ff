"""Counters in Prometheus' text format, kept in this process."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import defaultdict

Labels = tuple[tuple[str, str], ...]

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Upper edges of the latency histogram, seconds."""


class Metrics:
    """Requests by route and status, their latencies, and decisions by outcome."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: dict[Labels, int] = defaultdict(int)
        self._decisions: dict[Labels, int] = defaultdict(int)
        self._latency: dict[Labels, list[int]] = {}
        self._seconds: dict[Labels, float] = defaultdict(float)

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        where = (("method", method), ("route", route))
        with self._lock:
            self._requests[(*where, ("status", str(status)))] += 1
            counts = self._latency.setdefault(where, [0] * (len(BUCKETS) + 1))
            counts[bisect_left(BUCKETS, seconds)] += 1
            self._seconds[where] += seconds

    def count_decision(self, outcome: str) -> None:
        """Count one new order decision."""
        with self._lock:
            self._decisions[(("outcome", outcome),)] += 1

    def text(self, gauges: dict[str, tuple[str, float]]) -> str:
        """Return everything as Prometheus reads it.

        Parameters
        ----------
        gauges : dict of str to (str, float)
            Help text and present value of further measures.

        Examples
        --------
        >>> metrics = Metrics()
        >>> metrics.count_decision("hold")
        >>> print(metrics.text({}).splitlines()[-1])
        payrisk_order_decisions_total{outcome="hold"} 1
        """
        with self._lock:
            lines = _head("payrisk_http_requests_total", "counter", "Requests answered.")
            for labels, n in sorted(self._requests.items()):
                lines.append(f"payrisk_http_requests_total{_text(labels)} {n}")
            name = "payrisk_http_request_seconds"
            lines += _head(name, "histogram", "Time from request to answer.")
            for labels, counts in sorted(self._latency.items()):
                total = 0
                for edge, n in zip((*map(str, BUCKETS), "+Inf"), counts, strict=True):
                    total += n
                    lines.append(f"{name}_bucket{_text((*labels, ('le', edge)))} {total}")
                lines.append(f"{name}_sum{_text(labels)} {self._seconds[labels]:.6f}")
                lines.append(f"{name}_count{_text(labels)} {total}")
            for gauge, (explanation, value) in sorted(gauges.items()):
                lines += [*_head(gauge, "gauge", explanation), f"{gauge} {value:g}"]
            name = "payrisk_order_decisions_total"
            lines += _head(name, "counter", "New order decisions by outcome.")
            for labels, n in sorted(self._decisions.items()):
                lines.append(f"{name}{_text(labels)} {n}")
        return "\n".join(lines) + "\n"


def _head(name: str, kind: str, explanation: str) -> list[str]:
    return [f"# HELP {name} {explanation}", f"# TYPE {name} {kind}"]


def _text(labels: Labels) -> str:
    pairs = ",".join(
        '{}="{}"'.format(key, value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n"))
        for key, value in labels
    )
    return f"{{{pairs}}}"
