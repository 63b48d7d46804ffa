"""How often one client, one conversation and one door may ask: token buckets in memory."""

import time
from dataclasses import dataclass, field

#: Buckets that are full again hold nothing worth keeping; beyond this many they are swept, and again at twice as many as are left then.
_MANY_BUCKETS = 10_000


@dataclass(slots=True)
class Limit:
    """At most `rate` a second, with bursts of `burst`."""

    rate: float
    burst: int
    _buckets: dict[str, tuple[float, float]] = field(default_factory=dict)
    _sweep_at: int = _MANY_BUCKETS

    def wait(self, key: str) -> float:
        """Take one token; 0 when there was one, else the seconds until there will be."""
        now = time.monotonic()
        tokens, last = self._buckets.get(key, (float(self.burst), now))
        tokens = min(self.burst, tokens + (now - last) * self.rate)
        if tokens < 1:
            self._buckets[key] = (tokens, now)
            return (1 - tokens) / self.rate
        self._buckets[key] = (tokens - 1, now)
        if len(self._buckets) > self._sweep_at:
            self._sweep(now)
        return 0.0

    def _sweep(self, now: float) -> None:
        full = self.burst / self.rate
        self._buckets = {key: bucket for key, bucket in self._buckets.items() if now - bucket[1] < full}
        self._sweep_at = max(_MANY_BUCKETS, 2 * len(self._buckets))
