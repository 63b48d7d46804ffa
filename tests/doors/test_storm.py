"""All widgets come back in one moment: after kill -9 and a new start nobody's message is lost, and nobody's counts twice."""

from pathlib import Path

from benchmarks.servers import UNLIMITED
from benchmarks.storm import storm
from tests.server import Server


def test_a_hundred_widgets_come_back_after_kill_9(tmp_path: Path) -> None:
    """Each greets and sends its last message again; it has one answer, the one it had where it had one, and goes on with the next turn."""
    server = Server(tmp_path, **UNLIMITED)
    server.start()
    found = storm(server, 100)
    assert server.stop() == 0
    assert (found.lost, found.doubled) == (0, 0)
    assert found.waits
