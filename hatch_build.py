"""Compiles every message catalogue while a wheel is built or the tree is installed, so that .mo files travel but are not committed."""

from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompileCatalogues(BuildHookInterface):  # type: ignore[type-arg]
    """Writes nengbao.mo beside each .po, by renaming, so that a program that starts meanwhile reads a whole one."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's own signature
        for source in Path(self.root, "locales").glob("*/LC_MESSAGES/*.po"):
            unfinished = source.with_suffix(".mo.new")
            with source.open("rb") as text, unfinished.open("wb") as compiled:
                write_mo(compiled, read_po(text))
            unfinished.replace(source.with_suffix(".mo"))
