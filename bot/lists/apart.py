"""Work in a process of its own (`python -m bot.lists`): it gives way to others, and gives all its memory back."""

import asyncio
import sys
from contextlib import suppress


class ApartError(Exception):
    """The process did not come to its end. The message is its exit status."""


async def run_apart(asked: bytes) -> bytes:
    """What the process says of what it was asked; cancelled, it is ended and gone. Raises ApartError."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot.lists", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        # By its input and not as arguments: these everybody on the machine can read.
        said, _ = await process.communicate(asked)
    except RuntimeError as error:  # uvloop's, where the process was gone before it was asked
        raise ApartError(str(await process.wait())) from error
    except BaseException:
        with suppress(ProcessLookupError):
            process.kill()
        # Nobody clears a folder in which it still writes.
        await asyncio.shield(process.wait())
        raise
    if process.returncode != 0:
        raise ApartError(str(process.returncode))
    return said
