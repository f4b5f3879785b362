"""A COPY of ten minutes over a link that forgets connections after five idle ones ends once, with the right rows.

Everything is sixty times shorter: keepalives after 1 s instead of 60, a link that forgets after 5 s instead of 300, a
COPY of 10 s instead of 600.  The link sees the packets of the client's kernel, keepalive probes among them.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from psycopg2.extensions import connection

from lakeport.loading.one_file import FileLoad
from lakeport.mng.load_records import Load
from lakeport.redshift import connecting
from lakeport.redshift.session import Warehouse
from lakeport.schema.file_type import FileType
from local import credentials
from local.config import Config
from tests.integration.callables import Query
from tests.support import idle_link

PrepareLoad = Callable[..., FileLoad]
pytestmark = pytest.mark.skipif(not idle_link.is_possible(), reason="network namespaces need CAP_SYS_ADMIN")
BODY = b"id,city,price\n1,Bern,1\n2,Oslo,2\n"
SHORTER = 60
KEPT_ALIVE = {
    **{name: max(1, round(connecting._OPTIONS[name] / SHORTER)) for name in ("keepalives_idle", "keepalives_interval")},
    "tcp_user_timeout": connecting._OPTIONS["tcp_user_timeout"] // SHORTER,
}
FORGETS_AFTER_SECONDS = 300 / SHORTER
COPY_SECONDS = 600 / SHORTER


def connect(link: idle_link.IdleLink, opened: list[connection], **extra: object) -> connection:
    """Open a session across the link, with the product's options as far as `extra` does not replace them."""
    with link.inside():
        opened.append(
            connecting.connect(
                host=idle_link.SERVER,
                port=link.port,
                database=credentials.DATABASE,
                username=credentials.USER,
                password=credentials.PASSWORD,
                extra={"sslmode": "disable", **extra},
            )
        )
    return opened[-1]


@pytest.fixture
def link(redshift: Config, request: pytest.FixtureRequest) -> Iterator[idle_link.IdleLink]:
    with idle_link.idle_link(redshift.ports.redshift, request.param) as found:
        yield found


def copy_for(seconds: float, load: FileLoad, across: Warehouse, beside: Warehouse) -> Load:
    """Run the load while its table is locked for so long: its COPY takes that time, and nothing is sent meanwhile."""
    is_locked = threading.Event()

    def lock(current: Any) -> None:
        current.execute(f"LOCK TABLE {load.file_type.table.name} IN ACCESS EXCLUSIVE MODE")
        is_locked.set()
        time.sleep(seconds)

    holder = threading.Thread(target=partial(beside.transaction, lock))
    holder.start()
    is_locked.wait()
    try:
        return replace(load, warehouse=across).run()
    finally:
        holder.join()


def loaded_once(query: Query, load: FileLoad) -> bool:
    recorded = query("SELECT rows_loaded FROM mng.files WHERE file_id = %s", (load.file.file_id,))
    rows = query(f"SELECT id FROM {load.file_type.table.name} ORDER BY id")  # noqa: S608
    return (recorded, rows) == ([(2,)], [(1,), (2,)])


@pytest.mark.parametrize("link", [FORGETS_AFTER_SECONDS], indirect=True)
def test_copy_of_twice_the_links_time_hangs_without_keepalives(
    link: idle_link.IdleLink, prepare_load: PrepareLoad, query: Query, warehouse: Warehouse, file_type: FileType
) -> None:
    """What the link does; once somebody ends the connection, the load is repeated."""
    load, opened = prepare_load(file_type, BODY), list[connection]()
    with Warehouse(partial(connect, link, opened, keepalives=0, tcp_user_timeout=0)) as across:
        thread = threading.Thread(target=partial(copy_for, COPY_SECONDS, load, across, warehouse))
        thread.start()
        thread.join(COPY_SECONDS + 5)
        is_hanging = thread.is_alive()
        with socket.socket(fileno=os.dup(opened[0].fileno())) as ended:
            ended.shutdown(socket.SHUT_RDWR)
        thread.join()

    assert is_hanging
    assert (len(opened), len(link.forgotten)) == (2, 1)
    assert link.dropped_packets > 0
    assert loaded_once(query, load)


@pytest.mark.parametrize("link", [FORGETS_AFTER_SECONDS], indirect=True)
def test_copy_of_twice_the_links_time_is_kept_alive_and_loads_once(
    link: idle_link.IdleLink, prepare_load: PrepareLoad, query: Query, warehouse: Warehouse, file_type: FileType
) -> None:
    load, opened = prepare_load(file_type, BODY), list[connection]()
    started = time.monotonic()
    with Warehouse(partial(connect, link, opened, **KEPT_ALIVE)) as across:
        done = copy_for(COPY_SECONDS, load, across, warehouse)

    assert time.monotonic() - started > COPY_SECONDS
    assert (done.rows_loaded, len(opened), link.dropped_packets) == (2, 1, 0)
    assert loaded_once(query, load)


@pytest.mark.parametrize("link", [0.5], indirect=True)
def test_load_whose_connection_is_forgotten_all_the_same_is_repeated_and_loads_once(
    link: idle_link.IdleLink, prepare_load: PrepareLoad, query: Query, warehouse: Warehouse, file_type: FileType
) -> None:
    """The link's time is shorter than the keepalives': the client gives the connection up after its time-out."""
    load, opened = prepare_load(file_type, BODY), list[connection]()
    started = time.monotonic()

    def connect_again() -> connection:
        if opened:
            link.idle_seconds = FORGETS_AFTER_SECONDS
        return connect(link, opened, **KEPT_ALIVE)

    with Warehouse(connect_again) as across:
        done = copy_for(3, load, across, warehouse)

    assert time.monotonic() - started < 30
    assert done.rows_loaded == 2
    assert len(opened) > 1
    assert link.forgotten
    assert loaded_once(query, load)
