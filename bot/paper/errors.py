"""What keeps a sheet from being made."""


class PrintMissingError(Exception):
    """A package of the extra `[print]` is not installed. `code` is stable, `paper.<code>` its sentence, `name` the package."""

    code = "print_missing"

    def __init__(self, name: str) -> None:
        super().__init__(f"{self.code}: {name}")
        self.name = name
