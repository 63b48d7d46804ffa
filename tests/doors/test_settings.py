"""Settings from the environment: what is secret in them is shown to nobody."""

import pytest

from bot.settings import Settings

SECRETS = {
    "NENGBAO_STORE": "postgresql://nengbao:geheim@db/talks",
    "NENGBAO_TELEGRAM_TOKEN": "1:geheim",
    "NENGBAO_WECHAT_TOKEN": "geheim",
    "NENGBAO_WECHAT_AES_KEY": "geheim",
}


def test_secrets_are_masked_wherever_settings_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Printed, as JSON or in an error: tokens, keys and the password of the database are stars."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    shown = (repr(settings), str(settings), settings.model_dump_json(), repr(settings.model_dump()))
    assert [text for text in shown if "geheim" in text] == []
    assert settings.store is not None
    assert "geheim" in settings.store.get_secret_value()
