import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Properties;

/** What applications do with MariaDB Connector/J; prints a line for each thing that went well. */
public final class Jdbc {
  public static void main(String[] args) throws Exception {
    Properties properties = new Properties();
    properties.setProperty("user", "agent");
    properties.setProperty("password", args[1]);
    // Both names: of 2.x, and of 3.x.
    properties.setProperty("useSsl", "true");
    properties.setProperty("sslMode", "verify-full");
    properties.setProperty("serverSslCert", args[2]);
    properties.setProperty("useServerPrepStmts", "true");
    for (int i = 0; i < 2; i++) DriverManager.getConnection(args[0], properties).close();
    try (Connection db = DriverManager.getConnection(args[0], properties)) {
      prepared(db);
      changes(db);
      streaming(db);
      failing(db);
      timeout(db);
    }
  }

  private static void prepared(Connection db) throws SQLException {
    try (PreparedStatement query = db.prepareStatement("select ? + 1, ?")) {
      for (int i = 0; i < 3; i++) {
        query.setInt(1, i);
        query.setString(2, "ä" + i);
        try (ResultSet rows = query.executeQuery()) {
          rows.next();
          check(rows.getInt(1) == i + 1 && rows.getString(2).equals("ä" + i));
        }
      }
    }
    System.out.println("prepared");
  }

  private static void changes(Connection db) throws SQLException {
    try (Statement statement = db.createStatement()) {
      statement.executeUpdate("delete from jdbc");
    }
    db.setAutoCommit(false);
    try (PreparedStatement insert = db.prepareStatement("insert into jdbc (name) values (?)")) {
      for (int i = 0; i < 100; i++) {
        insert.setString(1, "name" + i);
        insert.addBatch();
      }
      insert.executeBatch();
    }
    db.rollback();
    try (Statement statement = db.createStatement()) {
      check(statement.executeUpdate("insert into jdbc (name) values ('ann'), ('bob')") == 2);
      db.commit();
      try (ResultSet rows = statement.executeQuery("select count(*) from jdbc")) {
        rows.next();
        check(rows.getInt(1) == 2);
      }
    }
    db.setAutoCommit(true);
    System.out.println("changes");
  }

  private static void streaming(Connection db) throws SQLException {
    try (Statement statement = db.createStatement()) {
      statement.setFetchSize(10);
      int count = 0;
      try (ResultSet rows = statement.executeQuery("select a.name from jdbc a, jdbc b, jdbc c")) {
        while (rows.next()) count++;
      }
      check(count == 8);
    }
    System.out.println("streaming");
  }

  private static void failing(Connection db) throws SQLException {
    try (Statement statement = db.createStatement()) {
      statement.executeQuery("select * from mysql.user");
      check(false);
    } catch (SQLException error) {
      check(error.getSQLState().equals("42000") && error.getErrorCode() == 1142);
    }
    try (Statement statement = db.createStatement()) {
      statement.executeUpdate("insert into jdbc (id, name) values (1000000, 'again'), (1000000, 'again')");
      check(false);
    } catch (SQLException error) {
      check(error.getErrorCode() == 1062);
    }
    System.out.println("failing");
  }

  /** The driver comes a second time, and kills by the id of the first. */
  private static void timeout(Connection db) throws SQLException {
    try (Statement statement = db.createStatement()) {
      Thread canceller = new Thread(() -> {
        while (true) {
          try {
            Thread.sleep(100);
            statement.cancel();
          } catch (InterruptedException done) {
            return;
          } catch (SQLException error) {
            throw new RuntimeException(error);
          }
        }
      });
      canceller.setDaemon(true);
      canceller.start();
      try (ResultSet rows = statement.executeQuery("select sleep(600)")) {
        rows.next();
        check(rows.getInt(1) == 1);
      } catch (SQLException error) {
        if (error.getErrorCode() != 1317) throw error;
      } finally {
        canceller.interrupt();
      }
    }
    try (Statement statement = db.createStatement(); ResultSet rows = statement.executeQuery("select 1")) {
      check(rows.next());
    }
    System.out.println("cancelling");
  }

  private static void check(boolean isTrue) {
    if (!isTrue) throw new AssertionError("not so");
  }
}
