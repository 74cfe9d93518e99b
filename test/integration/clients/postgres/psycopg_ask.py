"""What applications do with psycopg 3; prints a line for each thing that went well.

Connects by libpq's variables of the environment.
"""

import asyncio
import datetime
import decimal
import sys
import threading

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb


def main() -> None:
    with psycopg.connect("", autocommit=True) as db:
        types(db)
        prepared(db)
        pipeline(db)
        copy(db)
        cursors(db)
        transactions(db)
        cancelling(db)
        listening(db)
    greetings()
    asyncio.run(asynchronous())


def types(db: psycopg.Connection) -> None:
    values = (
        1,
        2**40,
        decimal.Decimal("12.50"),
        1.5,
        "grüße",
        b"\x00\xff",
        datetime.datetime(2026, 1, 2, 3, 4, tzinfo=datetime.timezone.utc),
        datetime.date(2026, 1, 2),
        [1, 2, 3],
        True,
        None,
    )
    for binary in (False, True):
        text = "select %s::int, %s::bigint, %s::numeric, %s::float8, %s::text, %s::bytea, %s::timestamptz,"
        text += " %s::date, %s::int[], %s::bool, %s::text"
        row = db.cursor(binary=binary).execute(text, values).fetchone()
        assert row == values, row
    assert db.execute("select %s", (Jsonb({"a": [1]}),)).fetchone() == ({"a": [1]},)
    print("types")


def prepared(db: psycopg.Connection) -> None:
    for i in range(12):
        assert db.execute("select %s::int * 2", (i,), prepare=i > 2).fetchone() == (i * 2,)
    print("prepared")


def pipeline(db: psycopg.Connection) -> None:
    with db.pipeline() as pipe:
        cursors = [db.execute("select %s::int", (i,)) for i in range(50)]
        pipe.sync()
        assert [cursor.fetchone() for cursor in cursors] == [(i,) for i in range(50)]
    failed = 0
    try:
        with db.pipeline():
            db.execute("select 1")
            db.execute("select 1 / 0")
            db.execute("select 2")
    except psycopg.errors.DivisionByZero:
        failed += 1
    assert failed == 1
    assert db.execute("select 3").fetchone() == (3,)
    print("pipeline")


def copy(db: psycopg.Connection) -> None:
    db.execute("create temp table c (a int, b text)")
    for form in ("text", "binary"):
        with db.cursor().copy(f"copy c from stdin (format {form})") as into:
            into.set_types(["int4", "text"])
            for i in range(1000):
                into.write_row((i, "x" * i))
        with db.cursor().copy(f"copy c to stdout (format {form})") as out:
            out.set_types(["int4", "text"])
            assert sum(1 for _ in out.rows()) == 1000
        db.execute("truncate c")
    try:
        with db.cursor().copy("copy c from stdin") as into:
            into.write_row((1, "one"))
            raise KeyError
    except KeyError:
        pass
    assert db.execute("select count(*) from c").fetchone() == (0,)
    print("copy")


def cursors(db: psycopg.Connection) -> None:
    with db.transaction(), db.cursor(name="c") as cursor:
        cursor.execute("select generate_series(1, 1000)")
        assert cursor.fetchmany(3) == [(1,), (2,), (3,)]
        assert len(cursor.fetchall()) == 997
    assert sum(1 for _ in db.cursor().stream("select generate_series(1, 500)")) == 500
    print("cursors")


def transactions(db: psycopg.Connection) -> None:
    with db.transaction():
        db.execute("create temp table t (a int primary key)")
        db.execute("insert into t values (1)")
        try:
            with db.transaction():
                db.execute("insert into t values (1)")
        except psycopg.errors.UniqueViolation:
            pass
        db.cursor().executemany("insert into t values (%s)", [(i,) for i in range(2, 100)])
    assert db.execute("select count(*) from t").fetchone() == (99,)
    query = sql.SQL("select {} from {}").format(sql.Identifier("a"), sql.Identifier("t"))
    assert len(db.execute(query).fetchall()) == 99
    print("transactions")


def cancelling(db: psycopg.Connection) -> None:
    again = threading.Event()

    def cancel() -> None:
        while not again.wait(0.2):
            db.cancel_safe()

    thread = threading.Thread(target=cancel)
    thread.start()
    try:
        db.execute("select pg_sleep(600)")
        raise AssertionError("not cancelled")
    except psycopg.errors.QueryCanceled:
        pass
    finally:
        again.set()
        thread.join()
    print("cancelling")


def listening(db: psycopg.Connection) -> None:
    db.execute("listen news")
    db.execute("notify news, 'hello'")
    assert next(db.notifies()).payload == "hello"
    print("listening")


def greetings() -> None:
    """What newer libpqs can do as well."""
    if psycopg.pq.version() >= 170000:
        with psycopg.connect("sslnegotiation=direct") as db:
            assert db.execute("select 1").fetchone() == (1,)
    if psycopg.pq.version() >= 180000:
        with psycopg.connect("min_protocol_version=3.2 max_protocol_version=3.2", autocommit=True) as db:
            assert db.pgconn.full_protocol_version == 30002
            cancelling(db)
    token, secret = sys.argv[1:3]
    bound = f"channel_binding=require password={secret} options='-c sallyport.token={token}'"
    with psycopg.connect(bound) as db:
        assert db.execute("select 1").fetchone() == (1,)
    for wrong in ("password=wrong", f"channel_binding=require password=x options='-c sallyport.token={token}'"):
        try:
            psycopg.connect(wrong).close()
            raise AssertionError("let in")
        except psycopg.OperationalError as error:
            assert "by this password" in str(error), error
    print("greetings")


async def asynchronous() -> None:
    async with await psycopg.AsyncConnection.connect("") as db:
        async with db.pipeline():
            first = await db.execute("select 1")
            second = await db.execute("select 2")
        assert [await first.fetchone(), await second.fetchone()] == [(1,), (2,)]
    print("asynchronous")


main()
