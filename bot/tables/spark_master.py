"""A Spark session for one job, and the files that the cluster sees: local ones, HDFS, or whatever else its Hadoop reaches."""

import logging
import os
import re
import secrets
import shutil
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from bot.tables.errors import TableError, disk_full, disk_is_full

_MASTERS = re.compile(r"local(\[.+\])?|yarn|(?:spark|k8s)://.+")
_HOST = re.compile(r"^(?:spark://)?\[?([^\]]+?)\]?:(\d+)$")
_WAIT = 5.0
_QUIET = """rootLogger.level=error
rootLogger.appenderRef.err.ref=err
appender.err.type=Console
appender.err.name=err
appender.err.target=SYSTEM_ERR
"""
_SETTINGS = {
    **{"spark.app.name": "nengbao", "spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false"},
    **{"spark.log.level": "ERROR", "spark.executor.syncLogLevel.enabled": "true"},
    # Names of columns differ by case too, and rows go to Python in blocks worth their while.
    **{"spark.sql.caseSensitive": "true", "spark.sql.execution.arrow.maxRecordsPerBatch": "50000"},
    **{"spark.sql.session.timeZone": "UTC", "spark.sql.parquet.compression.codec": "zstd"},
    # The expression of many packs is many columns deep.
    **{"spark.sql.analyzer.maxIterations": "2000", "spark.sql.optimizer.maxIterations": "2000"},
    # Local files without the checksums that Hadoop would lay beside each.
    **{"spark.hadoop.fs.file.impl": "org.apache.hadoop.fs.RawLocalFileSystem"},
}


@contextmanager
def session_at(master: str) -> Iterator[Any]:
    """A session at a master, ended afterwards. Raises TableError: spark_no_java, spark_no_master; ModuleNotFoundError without the extra."""
    from pyspark.sql import SparkSession

    _see_java()
    _see_master(master)
    logging.getLogger().addFilter(_not_of_py4j)
    # Workers on this machine run the Python that runs here; those of a cluster the one that PYSPARK_PYTHON names there.
    if master.startswith("local"):
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    with _quiet() as options:
        builder = SparkSession.builder.master(master).config("spark.driver.defaultJavaOptions", options)
        for name, value in _SETTINGS.items():
            builder = builder.config(name, value)
        try:
            with _own_ctrl_c():
                session = builder.getOrCreate()
            session.sparkContext.setLogLevel("ERROR")
        except Exception as error:  # whatever the Java side raises
            raise TableError("spark_no_master", status=1, master=master) from error
    try:
        yield session
    finally:
        apart(session.stop)


def _not_of_py4j(record: logging.LogRecord) -> bool:
    """What joins Python to Java writes a traceback to the root log when a call is cut short."""
    return "py4j" not in record.pathname


def apart(work: Callable[[], None]) -> None:
    """Do something at the end whatever happened: over a line of its own, as a call that was cut short leaves its line unusable."""

    def quietly() -> None:
        with suppress(Exception):
            work()

    thread = threading.Thread(target=quietly)
    thread.start()
    thread.join()


@contextmanager
def _own_ctrl_c() -> Iterator[None]:
    """Keeps Ctrl-C what it was: Spark takes it over, and then cannot reach its Java side from within a call to it."""
    before = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, before)


def _see_java() -> None:
    home = os.environ.get("JAVA_HOME")
    if not (shutil.which("java", path=str(Path(home, "bin"))) if home else shutil.which("java")):
        raise TableError("spark_no_java", status=1)


def _see_master(master: str) -> None:
    """A master that does not answer is told at once: Spark itself would try for a minute."""
    if not _MASTERS.fullmatch(master):
        raise TableError("spark_no_master", master=master)
    hosts = [_HOST.match(each) for each in master.split(",")] if master.startswith("spark://") else []
    if hosts and not any(host and _answers(host[1], int(host[2])) for host in hosts):
        raise TableError("spark_no_master", status=1, master=master)


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=_WAIT):
            return True
    except (OSError, OverflowError):
        return False


@contextmanager
def _quiet() -> Iterator[str]:
    """Options of the Java side by which it starts without its greetings."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "log4j2.properties")
        file.write_text(_QUIET, encoding="utf-8")
        yield f"-Dlog4j2.configurationFile={file.as_uri()}"


class Files:
    """Files by the addresses that Spark knows them by."""

    def __init__(self, session: Any) -> None:
        self._jvm, self._settings = session._jvm, session._jsc.hadoopConfiguration()

    def address(self, path: Path) -> str:
        """The whole address. `Path` has made one slash of the two behind hdfs: or s3a:."""
        text = re.sub(r"^([A-Za-z][A-Za-z0-9+.-]+):/+", r"\1://", str(path))
        return text if "://" in text else f"file:{path.resolve()}"

    def exists(self, address: str) -> bool:
        """Whether something stands there."""
        with self._honest(address):
            return bool(self._system(address).exists(self._path(address)))

    def is_folder(self, address: str) -> bool:
        """Whether a folder stands there."""
        with self._honest(address):
            return bool(self._system(address).getFileStatus(self._path(address)).isDirectory())

    def inside(self, address: str) -> list[str]:
        """The names in a folder that Spark reads, in order."""
        with self._honest(address):
            found = self._system(address).listStatus(self._path(address))
            names = [str(each.getPath().getName()) for each in found]
        return sorted(name for name in names if not name.startswith(("_", ".")))

    def start_of(self, address: str, size: int) -> bytes:
        """The first bytes of a file."""
        with self._honest(address):
            stream = self._system(address).open(self._path(address))
            try:
                return bytes(stream.readNBytes(size))
            finally:
                stream.close()

    def temporary(self, address: str) -> str:
        """A name beside an address."""
        folder, _, name = address.rpartition("/")
        return f"{folder}/.{name}.{secrets.token_hex(4)}.part"

    def remove(self, address: str) -> None:
        """Remove what stands there, if anything."""
        with suppress(Exception):
            self._system(address).delete(self._path(address), True)

    def put(self, temporary: str, address: str) -> None:
        """Move what was written to its place; what stood there goes away only then."""
        before = self.temporary(address) if self.exists(address) else None
        with self._honest(address, writing=True):
            if before:
                self._rename(address, before)
            self._rename(temporary, address)
        if before:
            self.remove(before)

    def _rename(self, address: str, to: str) -> None:
        if not self._system(address).rename(self._path(address), self._path(to)):
            raise TableError("cannot_write", status=1, name=to)

    def _path(self, address: str) -> Any:
        return self._jvm.org.apache.hadoop.fs.Path(address)

    def _system(self, address: str) -> Any:
        return self._path(address).getFileSystem(self._settings)

    @contextmanager
    def _honest(self, address: str, *, writing: bool = False) -> Iterator[None]:
        """What Hadoop raises within, as a TableError."""
        from py4j.protocol import Py4JError

        try:
            yield
        except Py4JError as error:
            if disk_is_full(error):
                raise disk_full(Path(address)) from error
            raise TableError("cannot_write" if writing else "unreadable", status=1, name=address) from error
