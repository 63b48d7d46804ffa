"""Settings from the environment (NENGBAO_…). Nothing secret is printed or logged."""

import os
import re
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, StringConstraints
from pydantic_settings import BaseSettings, SettingsConfigDict

Network = IPv4Network | IPv6Network
Rate = Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False)]


@cache
def _origins(sites: str) -> frozenset[str]:
    return frozenset(part.strip().lower().rstrip("/") for part in sites.split(",") if part.strip())


def _origins_only(sites: str) -> str:
    """Raises ValueError for what is no origin, such as an address with a path."""
    if any(not re.fullmatch(r"https?://[^/\s;,]+", origin) for origin in _origins(sites)):
        raise ValueError("not an origin")
    return sites


Address = Annotated[str, StringConstraints(pattern=r"^https?://[^/\s]+(/\S*)?$")]
#: With a path, which our own server then answers on.
HookAddress = Annotated[str, StringConstraints(pattern=r"^https?://[^/\s]+/[^\s?#]+$")]


@cache
def _networks(proxies: str) -> tuple[Network, ...]:
    return tuple(ip_network(part.strip(), strict=False) for part in proxies.split(",") if part.strip())


def _networks_only(proxies: str) -> str:
    """Raises ValueError for what is no address."""
    _networks(proxies)
    return proxies


def _default_data_dir() -> Path:
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "nengbao"


class Settings(BaseSettings):
    """`policies` names more folders of packs, separated like PATH, later ones winning; `operator` is who runs the site,
    `proxies` the addresses or networks of our own proxies, `origins` the sites that may carry the chat; both separated by commas.

    `line_seconds`: in which a request has to come whole, and an answer over a WebSocket is taken; after as many of silence a widget is
    pinged. Rates are a second: requests, Telegram messages. `metrics`: who gets /metrics; local means this machine alone.
    `wechat_patience`: seconds after which a turn that is not done is told with the next message; WeChat itself waits five.
    """

    model_config = SettingsConfigDict(env_prefix="NENGBAO_", extra="ignore", env_ignore_empty=True)

    data_dir: Path = _default_data_dir()
    store: SecretStr | None = None
    policies: str = ""
    operator: str = ""
    proxies: Annotated[str, AfterValidator(_networks_only)] = ""
    origins: Annotated[str, AfterValidator(_origins_only)] = ""
    retention_days: Annotated[int, Field(ge=1, le=3650)] = 30
    client_rate: Rate = 50
    client_burst: Annotated[int, Field(ge=1, le=1_000_000)] = 200
    conversation_rate: Rate = 20
    door_rate: Rate = 200
    line_seconds: Annotated[float, Field(ge=0.5, le=3600)] = 30
    metrics: Literal["local", "open", "off"] = "local"
    telegram_token: SecretStr | None = None
    telegram_api: Address | None = None
    telegram_webhook: HookAddress | None = None
    telegram_rate: Rate = 30
    wechat_token: SecretStr | None = None
    wechat_aes_key: SecretStr | None = None
    wechat_appid: str | None = None
    wechat_patience: Annotated[float, Field(ge=0, le=4.7)] = 4.5

    def trusted_proxies(self) -> tuple[Network, ...]:
        """The networks from which X-Forwarded-For is believed."""
        return _networks(self.proxies)

    def named_origins(self) -> frozenset[str]:
        """The sites that may carry the chat; none named means all."""
        return _origins(self.origins)

    def policy_folders(self) -> list[Path]:
        """The extra folders of packs."""
        return [Path(part) for part in self.policies.split(os.pathsep) if part]
