"""What applications do with PyMySQL; prints a line for each thing that went well. Arguments: port, token, authority."""
import sys

import pymysql

port, token, authority = int(sys.argv[1]), sys.argv[2], sys.argv[3]


def come(**more):
    options = dict(host="localhost", port=port, user="agent", password=token, database="shop", ssl_ca=authority,
                   ssl_verify_identity=True)
    return pymysql.connect(**{**options, **more})


def fails(code, run):
    try:
        run()
    except pymysql.MySQLError as error:
        assert error.args[0] == code, error
        assert token not in str(error)
        return
    raise AssertionError(f"no error {code}")


db = come()
with db.cursor() as cursor:
    cursor.execute("select %s + 1, %s", (1, "ä'\\\n"))
    assert cursor.fetchone() == (2, "ä'\\\n")
print("queries")

with db.cursor() as cursor:
    cursor.executemany("insert into python (name) values (%s)", [(f"name{i}",) for i in range(1000)])
    db.rollback()
    assert cursor.execute("insert into python (name) values ('ann'), ('bob')") == 2
    db.commit()
    cursor.execute("select count(*) from python")
    assert cursor.fetchone() == (2,)
print("changes")

with db.cursor(pymysql.cursors.SSCursor) as cursor:
    cursor.execute("select a.name from python a, python b, python c")
    assert len(list(cursor)) == 8
print("streaming")

fails(1142, lambda: db.cursor().execute("select * from mysql.user"))
fails(1045, lambda: come(password="wrong"))
fails(1045, lambda: come(password=""))
fails(3159, lambda: come(ssl_ca=None, ssl_verify_identity=None, ssl_disabled=True))
come(client_flag=pymysql.constants.CLIENT.MULTI_STATEMENTS).close()
print("failing")

for plugin in ("mysql_clear_password", "mysql_native_password", "caching_sha2_password", "sha256_password"):
    class Begins(pymysql.connections.Connection):
        """Begins with a plugin of its own choice, as old clients do."""

        @property
        def _auth_plugin_name(self):
            return plugin

        @_auth_plugin_name.setter
        def _auth_plugin_name(self, _name):
            pass

    other = Begins(host="localhost", port=port, user="agent", password=token, database="shop", ssl_ca=authority)
    other.ping(reconnect=False)
    other.close()
print("plugins")

db.ping(reconnect=False)
db.select_db("shop")
db.close()
print("leaving")
