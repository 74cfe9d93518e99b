import java.io.StringReader;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Properties;
import org.postgresql.PGConnection;
import org.postgresql.PGStatement;
import org.postgresql.copy.CopyManager;

/** What applications do with the JDBC driver; prints a line for each thing that went well. */
public final class Jdbc {
  public static void main(String[] args) throws Exception {
    Properties properties = new Properties();
    properties.setProperty("user", "agent");
    properties.setProperty("password", args[1]);
    properties.setProperty("sslmode", "verify-full");
    properties.setProperty("sslrootcert", args[2]);
    // The second connection would resume the TLS session of the first if it were let.
    for (int i = 0; i < 2; i++) DriverManager.getConnection(args[0], properties).close();
    try (Connection db = DriverManager.getConnection(args[0], properties)) {
      prepared(db);
      batches(db);
      metadata(db);
      fetching(db);
      copying(db);
      failing(db);
      calling(db);
    }
  }

  private static void prepared(Connection db) throws SQLException {
    try (PreparedStatement query = db.prepareStatement("select ?::int + 1, ?::text")) {
      // The driver names the statement at the server from the fifth time on, and asks for binary.
      for (int i = 0; i < 12; i++) {
        query.setInt(1, i);
        query.setString(2, "x" + i);
        try (ResultSet rows = query.executeQuery()) {
          rows.next();
          check(rows.getInt(1) == i + 1 && rows.getString(2).equals("x" + i));
        }
      }
      check(query.unwrap(PGStatement.class).isUseServerPrepare());
    }
    System.out.println("prepared");
  }

  private static void batches(Connection db) throws SQLException {
    try (Statement statement = db.createStatement()) {
      statement.execute("create table jdbc (id serial primary key, name text, price numeric, at timestamptz)");
    }
    db.setAutoCommit(false);
    try (PreparedStatement insert =
        db.prepareStatement("insert into jdbc (name, price, at) values (?, ?, now())")) {
      for (int i = 0; i < 500; i++) {
        insert.setString(1, "n" + i);
        insert.setBigDecimal(2, new BigDecimal(i).movePointLeft(2));
        insert.addBatch();
      }
      check(Arrays.stream(insert.executeBatch()).sum() == 500);
    }
    db.commit();
    try (PreparedStatement insert =
        db.prepareStatement("insert into jdbc (name) values (?)", Statement.RETURN_GENERATED_KEYS)) {
      insert.setString(1, "one");
      insert.executeUpdate();
      try (ResultSet keys = insert.getGeneratedKeys()) {
        check(keys.next() && keys.getInt(1) == 501);
      }
    }
    db.rollback();
    db.setAutoCommit(true);
    System.out.println("batches");
  }

  private static void metadata(Connection db) throws SQLException {
    List<String> columns = new ArrayList<>();
    try (ResultSet rows = db.getMetaData().getTables(null, "public", "jdbc", null)) {
      check(rows.next() && rows.getString("TABLE_NAME").equals("jdbc"));
    }
    try (ResultSet rows = db.getMetaData().getColumns(null, "public", "jdbc", null)) {
      while (rows.next()) columns.add(rows.getString("COLUMN_NAME") + ":" + rows.getInt("DATA_TYPE"));
    }
    check(columns.equals(List.of("id:" + Types.INTEGER, "name:" + Types.VARCHAR,
        "price:" + Types.NUMERIC, "at:" + Types.TIMESTAMP)));
    try (ResultSet rows = db.getMetaData().getPrimaryKeys(null, "public", "jdbc")) {
      check(rows.next() && rows.getString("COLUMN_NAME").equals("id"));
    }
    try (ResultSet rows = db.getMetaData().getIndexInfo(null, "public", "jdbc", false, false)) {
      check(rows.next());
    }
    try (ResultSet rows = db.getMetaData().getTypeInfo()) {
      check(rows.next());
    }
    System.out.println("metadata");
  }

  private static void fetching(Connection db) throws SQLException {
    db.setAutoCommit(false);
    try (Statement statement = db.createStatement()) {
      statement.setFetchSize(50);
      int count = 0;
      try (ResultSet rows = statement.executeQuery("select * from jdbc order by id")) {
        while (rows.next()) count++;
      }
      check(count == 500);
    }
    db.commit();
    db.setAutoCommit(true);
    System.out.println("fetching");
  }

  private static void copying(Connection db) throws Exception {
    CopyManager copy = db.unwrap(PGConnection.class).getCopyAPI();
    check(copy.copyIn("copy jdbc (id, name) from stdin csv", new StringReader("9001,a\n9002,b\n")) == 2);
    StringWriter out = new StringWriter();
    copy.copyOut("copy (select id, name from jdbc where id > 9000 order by id) to stdout csv", out);
    check(out.toString().equals("9001,a\n9002,b\n"));
    System.out.println("copying");
  }

  private static void failing(Connection db) throws SQLException {
    db.setAutoCommit(false);
    try (Statement statement = db.createStatement()) {
      statement.execute("insert into jdbc (id) values (9001)");
      check(false);
    } catch (SQLException error) {
      check(error.getSQLState().equals("23505"));
    }
    db.rollback();
    db.setAutoCommit(true);
    try (Statement statement = db.createStatement()) {
      statement.setQueryTimeout(1);
      statement.execute("select pg_sleep(600)");
      check(false);
    } catch (SQLException error) {
      check(error.getSQLState().equals("57014"));
    }
    System.out.println("failing");
  }

  private static void calling(Connection db) throws SQLException {
    try (Statement statement = db.createStatement()) {
      statement.execute(
          "create function twice(int) returns int language sql as 'select $1 * 2'; select 1; select 2");
    }
    try (var call = db.prepareCall("{? = call twice(?)}")) {
      call.registerOutParameter(1, Types.INTEGER);
      call.setInt(2, 21);
      call.execute();
      check(call.getInt(1) == 42);
    }
    try (Statement statement = db.createStatement()) {
      statement.execute("drop function twice(int); drop table jdbc");
    }
    System.out.println("calling");
  }

  private static void check(boolean isSo) {
    if (!isSo) throw new AssertionError("not so");
  }
}
