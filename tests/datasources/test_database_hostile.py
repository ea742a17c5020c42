"""Queries that want more than to read: the parser refuses them, and behind it so does the session."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from perfsvc.plugin import InvalidInput
from perfsvc_datasources.database import mysql
from perfsvc_datasources.database import sqlite
from perfsvc_datasources.database.reader import Job
from perfsvc_datasources.database.reader import Reader
from perfsvc_datasources.database.reader import Refused
from perfsvc_datasources.database.statement import checked
from tests.datasources.database_rig import sqlite_connection
from tests.datasources.test_database import connection  # noqa: F401 - a fixture
from tests.datasources.test_database import execute

EVERYWHERE = [
    "",
    ";",
    ";;",
    "x",
    "SELECT 1 AS a; DROP TABLE t",
    "SELECT 1 AS a; SELECT 2 AS b",
    "SELECT 1 AS a;; SELECT 2 AS b",
    "INSERT INTO t VALUES (1)",
    "UPDATE t SET a = 1",
    "DELETE FROM t",
    "TRUNCATE TABLE t",
    "CREATE TABLE u (a INT)",
    "DROP TABLE t",
    "ALTER TABLE t ADD b INT",
    "REPLACE INTO t VALUES (1)",
    "MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN DELETE",
    "GRANT ALL ON t TO x",
    "SET @a = 1",
    "CALL p()",
    "DO sleep(1)",
    "EXPLAIN SELECT 1",
    "SHOW TABLES",
    "USE mysql",
    "BEGIN",
    "COMMIT",
    "PRAGMA user_version = 5",
    "ATTACH 'x' AS y",
    "DETACH y",
    "VACUUM INTO 'x'",
    "LOAD DATA INFILE '/etc/passwd' INTO TABLE t",
    "COPY t TO '/tmp/x'",
    "COPY t FROM PROGRAM 'id'",
    "HANDLER t OPEN",
    "LOCK TABLES t WRITE",
    "PREPARE s FROM 'DELETE FROM t'",
    "EXECUTE s",
    "WITH a AS (SELECT 1) DELETE FROM t",
    "WITH a AS (DELETE FROM t RETURNING *) SELECT * FROM a",
    "SELECT * INTO u FROM t",
    "SELECT a FROM t INTO OUTFILE '/tmp/x'",
    "SELECT a INTO OUTFILE '/tmp/x' FROM t",
    "SELECT a INTO DUMPFILE '/tmp/x' FROM t",
    "SELECT a FROM t INTO @x",
    "SELECT a FROM t FOR UPDATE",
    "SELECT a FROM t FOR SHARE",
    "SELECT a FROM t LOCK IN SHARE MODE",
    "SELECT a FROM (SELECT a FROM t FOR UPDATE) AS b",
    "SELECT 1 AS a /*! INTO OUTFILE '/tmp/x' */",
    "SELECT 1 AS a /*M! INTO OUTFILE '/tmp/x' */",
    "SELECT 1 AS a /*!50000 INTO OUTFILE '/tmp/x' */",
    "SELECT /*+ SET_VAR(x = 1) */ 1 AS a",
    "SELECT 1 AS a -- ",
    "SELECT 1 AS a /* a /* b */ ; DROP TABLE t */",
    "/* a */ SELECT 1 AS a",
    "-- a\nSELECT 1 AS a",
    "SELECT LOAD_FILE('/etc/passwd') AS a",
    "SELECT load_file ('/etc/passwd') AS a",
    "SELECT `load_file`('/etc/passwd') AS a",
    "SELECT SLEEP(100) AS a",
    "SELECT BENCHMARK(1000000000, SHA2('a', 512)) AS a",
    "SELECT GET_LOCK('a', 100) AS a",
    "SELECT pg_read_file('/etc/passwd') AS a",
    "SELECT \"pg_read_file\"('/etc/passwd') AS a",
    "SELECT pg_catalog.pg_read_file('/etc/passwd') AS a",
    "SELECT pg_ls_dir('/') AS a",
    "SELECT pg_sleep(100) AS a",
    "SELECT lo_import('/etc/passwd') AS a",
    "SELECT * FROM dblink('host=x', 'SELECT 1') AS t(a INT)",
    "SELECT query_to_xml('DELETE FROM t', true, true, '') AS a",
    "SELECT set_config('transaction_read_only', 'off', false) AS a",
    "SELECT nextval('s') AS a",
    "SELECT load_extension('x') AS a",
    "SELECT writefile('/tmp/x', 'y') AS a",
    "SELECT " + "(" * 2000 + "1" + ")" * 2000 + " AS a",
    "SELECT 'a",
]


@pytest.mark.parametrize("kind", ["sqlite", "mysql", "postgresql"])
@pytest.mark.parametrize("query", EVERYWHERE, ids=lambda query: query[:60])
def test_the_parser_refuses(kind: str, query: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        checked(query, kind)
    assert [problem.path for problem in caught.value.problems] == ["query"]


@pytest.mark.parametrize("query", ["SELECT '\\' INTO OUTFILE ''/tmp/x''", "SELECT # c\n 1 AS a", "SELECT 5 -- 1"])
def test_the_parser_knows_how_mysql_reads_quotes_and_comments(query: str) -> None:
    with pytest.raises(InvalidInput):
        checked(query, "mysql")


@pytest.mark.parametrize("kind", ["sqlite", "mysql", "postgresql"])
@pytest.mark.parametrize(
    "query",
    [
        "SELECT a.id, COUNT(*) AS n FROM account AS a JOIN orders o ON o.account = a.id GROUP BY a.id HAVING n > 1",
        "SELECT id FROM t WHERE name IN (SELECT name FROM u) AND NOT EXISTS (SELECT 1 FROM v) ORDER BY id DESC LIMIT 5",
        "SELECT id, ROW_NUMBER() OVER (PARTITION BY kind ORDER BY id) AS place FROM t",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9) SELECT i FROM n",
        "SELECT CASE WHEN a > 1 THEN 'insert into' ELSE 'for update' END AS a FROM t WHERE b LIKE '%; DROP%'",
        "SELECT COALESCE(name, 'x') AS name, UPPER(kind) AS kind, CAST(n AS CHAR(5)) AS n FROM block",
        "SELECT clock(1) AS a, unlock AS b, lock_id AS c, sleeper AS d, file AS e FROM clock",
    ],
)
def test_the_parser_takes_what_only_reads(kind: str, query: str) -> None:
    assert checked(query + " ; ", kind) == query


def test_a_job_does_not_show_its_password() -> None:
    assert "s3cret" not in repr(Job({"password": "s3cret"}, (), "SELECT 1 AS a", 1.0))


# Behind the parser: everything below goes past it.


def run(reader: type[Reader], job: Job) -> list[Any]:
    """A reader's rows."""
    reading = reader(job)
    try:
        reading.begin()
        return list(reading.fetch(10))
    finally:
        reading.close()


WRITES_TO_SQLITE: list[str | Callable[[Path], str]] = [
    "INSERT INTO t VALUES (2)",
    "UPDATE t SET a = 2",
    "DELETE FROM t",
    "CREATE TABLE u (a)",
    "CREATE TEMP TABLE u (a)",
    "DROP TABLE t",
    "BEGIN IMMEDIATE",
    "PRAGMA query_only = OFF",
    "PRAGMA user_version = 5",
    "SELECT * FROM pragma_user_version",
    "SELECT load_extension('x')",
    "SELECT fts3_tokenizer('x')",
    "SELECT a FROM t; DELETE FROM t",
    lambda folder: f"ATTACH '{folder}/new.db' AS n",
    lambda folder: f"VACUUM INTO '{folder}/new.db'",
]


@pytest.mark.parametrize("query", WRITES_TO_SQLITE)
def test_the_session_of_sqlite_only_reads(query: str | Callable[[Path], str], tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE t (a)")
        database.execute("INSERT INTO t VALUES (1)")
    before = path.read_bytes()
    statement = query if isinstance(query, str) else query(tmp_path)
    with pytest.raises(Refused):
        run(sqlite.SqliteReader, Job(sqlite_connection(path), (), statement, 5.0))
    assert (path.read_bytes(), sorted(tmp_path.iterdir())) == (before, [path])


TOO_BIG = "SELECT replace(printf('%.1000000c', 'x'), 'x', printf('%.1000c', 'y')) AS a"
TWO_MILLION = "SELECT hex(printf('%.1000000c', 'x')) AS a"
TOO_WILD = f"SELECT 'aaa' GLOB '{'*a' * 60}' AS a"


@pytest.mark.parametrize(
    ("query", "said"), [(TOO_BIG, "too big"), (TWO_MILLION, "too big"), (TOO_WILD, "pattern too complex")]
)
def test_values_of_sqlite_are_bounded(query: str, said: str, tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "a.db").close()
    job = Job(sqlite_connection(tmp_path / "a.db"), (), query, 5.0)
    with pytest.raises(Refused, match=said):
        run(sqlite.SqliteReader, job)


@pytest.mark.parametrize(
    "query",
    [
        "INSERT INTO t VALUES (2)",
        "UPDATE t SET a = 2",
        "DELETE FROM t",
        "DROP TABLE t",
        "CREATE TABLE u (a INT)",
        "SELECT a FROM t; DELETE FROM t",
        "SELECT writes()",
        "SELECT a FROM t INTO OUTFILE '{folder}/x'",
        "SELECT a INTO DUMPFILE '{folder}/x' FROM t",
        "SELECT 1 /*! INTO OUTFILE '{folder}/x' */",
        "SELECT 1 /*M! INTO OUTFILE '{folder}/x' */",
        "SELECT 1) UNION (SELECT 2) INTO OUTFILE '{folder}/x' -- ",
        "SELECT (1 -- )\n) INTO OUTFILE '{folder}/x'",
        "COMMIT",
        "SET SESSION TRANSACTION READ WRITE",
        "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE t",
    ],
)
def test_the_session_of_mariadb_only_reads(
    connection: dict[str, Any],  # noqa: F811
    query: str,
    tmp_path: Path,
) -> None:
    tmp_path.chmod(0o777)
    function = "CREATE FUNCTION writes() RETURNS INT BEGIN DELETE FROM t; RETURN 1; END"
    execute(connection, "CREATE TABLE t (a INT)", "INSERT INTO t VALUES (1)", function)
    addresses = [(2, 1, 6, "", ("127.0.0.1", connection["port"]))]
    with pytest.raises(Refused):
        run(mysql.MysqlReader, Job(connection, addresses, query.format(folder=tmp_path), 5.0))
    assert execute(connection, "SELECT a FROM t") == [(1,)]
    assert list(tmp_path.iterdir()) == []
