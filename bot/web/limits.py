"""How often one client and one conversation may ask: token buckets in memory."""

import time
from dataclasses import dataclass, field

#: Buckets that are full again hold nothing worth keeping; beyond this many they are swept.
_MOST_BUCKETS = 10_000


@dataclass(slots=True)
class Limit:
    """At most `rate` a second, with bursts of `burst`."""

    rate: float
    burst: int
    _buckets: dict[str, tuple[float, float]] = field(default_factory=dict)

    def wait(self, key: str) -> float:
        """Take one token; 0 when there was one, else the seconds until there will be."""
        now = time.monotonic()
        tokens, last = self._buckets.get(key, (float(self.burst), now))
        tokens = min(self.burst, tokens + (now - last) * self.rate)
        if tokens < 1:
            self._buckets[key] = (tokens, now)
            return (1 - tokens) / self.rate
        self._buckets[key] = (tokens - 1, now)
        if len(self._buckets) > _MOST_BUCKETS:
            self._sweep(now)
        return 0.0

    def _sweep(self, now: float) -> None:
        full = self.burst / self.rate
        self._buckets = {key: bucket for key, bucket in self._buckets.items() if now - bucket[1] < full}
