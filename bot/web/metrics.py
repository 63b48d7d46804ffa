"""`GET /metrics`: what the program counted, in Prometheus' format, for those who look after it and without a word of anybody.

Nothing is made ready before somebody asks: the doors count plain numbers, and prometheus-client is loaded with the first question.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from contextlib import suppress
from functools import cached_property
from http import HTTPStatus
from ipaddress import IPv6Address, ip_address
from itertools import accumulate, product
from typing import TYPE_CHECKING, TypeVar

from aiohttp import web

from bot.assistant import Assistant
from bot.counters import CHANNELS, OTHER, OUTCOMES, Histogram
from bot.web.shared import SETTINGS

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

Labels = TypeVar("Labels", bound=tuple[str, ...])

_METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"})
_STATUSES = ("computed", "partial", "refused")
#: The doors that bring their answers themselves.
_CARRIED = ("telegram",)
#: A store that does not answer must not keep the other figures back.
_STORE_SECONDS = 2
#: Where another door takes deliveries may be a secret: it is counted and logged by this name.
DELIVERY = "(delivery)"
#: What a proxy adds. Whoever asks through one is not on this machine, whatever address the proxy has.
_PROXIED = ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via")

DELIVERIES = web.AppKey("deliveries", frozenset[str])


def route_of(request: web.Request) -> str:
    """The route of a request as it is counted and logged: its template, never what was typed."""
    resource = request.match_info.route.resource
    if resource is None:
        return "-"
    return DELIVERY if resource.canonical in request.app[DELIVERIES] else resource.canonical


def method_of(request: web.Request) -> str:
    """The method of a request; a client may make up words of its own."""
    return request.method if request.method in _METHODS else OTHER


class Metrics:
    """What one app has to show: the counters of its assistant and store, its requests, its open sockets, its process."""

    def __init__(self, assistant: Assistant, sockets: Sized) -> None:
        self._assistant, self._sockets = assistant, sockets
        self._parcels: dict[str, int] = {}
        self._requests: Counter[tuple[str, str, str]] = Counter()
        self._seconds: dict[str, Histogram] = {}

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a request by its `route_of` and `method_of`. How long a socket stays open is no answering time."""
        self._requests[route, method, f"{status // 100}xx"] += 1
        if status != HTTPStatus.SWITCHING_PROTOCOLS:
            self._seconds.setdefault(route, Histogram()).add(seconds)

    async def exposition(self, accept: str) -> tuple[bytes, str]:
        """All figures as they are now, and the media type they are written in."""
        from prometheus_client.exposition import choose_encoder

        self._parcels = {}
        with suppress(Exception):  # told by the figures that are missing, and by /readyz
            async with asyncio.timeout(_STORE_SECONDS):
                self._parcels = {channel: await self._assistant.store.parcels_waiting(channel) for channel in _CARRIED}
        encode, media_type = choose_encoder(accept)
        return encode(self._registry), media_type

    def collect(self) -> "Iterator[Metric]":
        """For the registry: every figure."""
        yield from self._talk()
        yield from self._web()
        yield from self._store()

    @cached_property
    def _registry(self) -> "CollectorRegistry":
        """One of our own: two apps in one process share nothing."""
        from prometheus_client import CollectorRegistry, ProcessCollector

        registry = CollectorRegistry()
        registry.register(self)
        ProcessCollector(registry=registry)
        return registry

    def _talk(self) -> "Iterator[Metric]":
        counters, places = self._assistant.counters, self._assistant.knowledge.shelf.places
        turns = {key: counters.turns[key] for key in product(CHANNELS, OUTCOMES)}
        yield _counter("nengbao_turns", "Turns, by what became of them.", ("channel", "outcome"), turns)
        seconds = {(channel,): histogram for channel, histogram in counters.turn_seconds.items()}
        yield _histogram("nengbao_turn_seconds", "From a message to its answer on disk.", ("channel",), seconds)
        yield _gauge("nengbao_turns_under_way", "Turns that are being played.", (), {(): counters.under_way})
        read = {(channel,): counters.messages[channel] for channel in CHANNELS}
        yield _counter("nengbao_messages", "Messages in words.", ("channel",), read)
        lost = {(channel,): counters.not_understood[channel] for channel in CHANNELS}
        yield _counter("nengbao_messages_not_understood", "Messages in which neither a fact nor a wish was found.", ("channel",), lost)
        told = {key: counters.estimates[key] for key in product(places, _STATUSES)}
        yield _counter("nengbao_estimates", "Estimates told, in talks and over the API.", ("place", "status"), told)

    def _web(self) -> "Iterator[Metric]":
        labels = ("route", "method", "status")
        yield _counter("nengbao_http_requests", "Requests, by route template.", labels, self._requests)
        seconds = {(route,): histogram for route, histogram in self._seconds.items()}
        yield _histogram("nengbao_http_request_seconds", "From a request to its answer.", ("route",), seconds)
        yield _gauge("nengbao_websockets_open", "Open connections of widgets.", (), {(): len(self._sockets)})

    def _store(self) -> "Iterator[Metric]":
        store = self._assistant.store
        counters = store.counters
        yield _gauge("nengbao_store_queue", "Pieces of writing that wait for the disk.", (), {(): store.queue_length()})
        yield _histogram("nengbao_store_commit_seconds", "One transaction, with its sync.", (), {(): counters.commit_seconds})
        yield _histogram(
            "nengbao_store_commit_size", "Turns, and what is noted about answers, in one transaction.", (), {(): counters.commit_size}
        )
        yield _counter("nengbao_store_failures", "Pieces of writing that could not be kept.", (), {(): counters.failures})
        waiting = {(channel,): count for channel, count in self._parcels.items()}
        yield _gauge("nengbao_parcels_waiting", "Answers on their way to a foreign service.", ("channel",), waiting)


METRICS = web.AppKey("metrics", Metrics)


def add_metrics(app: web.Application, metrics: Metrics, deliveries: Iterable[str]) -> None:
    """The route, unless it is switched off, and what counts for it."""
    app[METRICS], app[DELIVERIES] = metrics, frozenset(deliveries)
    if app[SETTINGS].metrics != "off":
        app.add_routes([web.get("/metrics", _show)])


async def _show(request: web.Request) -> web.Response:
    if request.app[SETTINGS].metrics != "open" and not _is_local(request):
        raise web.HTTPNotFound
    body, media_type = await request.app[METRICS].exposition(request.headers.get("Accept", ""))
    return web.Response(body=body, headers={"Content-Type": media_type, "Cache-Control": "no-store"})


def _is_local(request: web.Request) -> bool:
    """Whether the question comes from this machine and was not handed on by a proxy that stands on it."""
    peer = request.transport.get_extra_info("peername") if request.transport else None
    try:
        address = ip_address(peer[0] if peer else "")
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback and not any(name in request.headers for name in _PROXIED)


def _counter(name: str, about: str, labels: Sequence[str], values: Mapping[Labels, float]) -> "CounterMetricFamily":
    from prometheus_client.metrics_core import CounterMetricFamily

    family = CounterMetricFamily(name, about, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family


def _gauge(name: str, about: str, labels: Sequence[str], values: Mapping[Labels, float]) -> "GaugeMetricFamily":
    from prometheus_client.metrics_core import GaugeMetricFamily

    family = GaugeMetricFamily(name, about, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family


def _histogram(name: str, about: str, labels: Sequence[str], values: Mapping[Labels, Histogram]) -> "HistogramMetricFamily":
    from prometheus_client.metrics_core import HistogramMetricFamily

    family = HistogramMetricFamily(name, about, labels=labels)
    for key, histogram in values.items():
        bounds = [*(str(float(bound)) for bound in histogram.bounds), "+Inf"]
        family.add_metric(key, list(zip(bounds, accumulate(histogram.counts), strict=True)), histogram.total)
    return family
