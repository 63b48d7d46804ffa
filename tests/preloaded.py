"""What a server imports, imported once for all servers under test; see tests.warm. Patterns stay compiled as well."""

import bot.assistant
import bot.cli.doors
import bot.store.postgres
import bot.telegram
import bot.web.serve
import bot.wechat  # noqa: F401
from bot.knowledge import read_knowledge

read_knowledge()
