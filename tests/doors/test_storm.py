"""All widgets come back in one moment: after kill -9 and a new start nobody's message is lost, and nobody's counts twice."""

from pathlib import Path

import pytest

from benchmarks.servers import UNLIMITED
from benchmarks.storm import Pause, as_the_widget, at_once, storm
from tests.server import Server


@pytest.mark.parametrize("pause", [at_once, as_the_widget])
def test_a_hundred_widgets_come_back_after_kill_9(tmp_path: Path, pause: Pause) -> None:
    """Each greets and sends its last message again; it has one answer, the one it had where it had one, and goes on with the next turn."""
    server = Server(tmp_path, **UNLIMITED)
    server.start()
    found = storm(server, 100, pause)
    assert server.stop() == 0
    assert (found.lost, found.doubled) == (0, 0)
    assert found.waits
