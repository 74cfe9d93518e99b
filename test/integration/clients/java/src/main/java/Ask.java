import java.time.Duration;
import java.util.Scanner;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/**
 * Deletes the tables that its input names, one a line with a socket time-out in seconds (0: the default), and
 * prints a JSON line for each: how the SDK put it.
 */
public final class Ask {
  static String quote(String text) {
    return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", " ") + "\"";
  }

  public static void main(String[] args) {
    var lines = new Scanner(System.in);
    while (lines.hasNext()) {
      var table = lines.next();
      var seconds = lines.nextInt();
      var http = UrlConnectionHttpClient.builder();
      if (seconds > 0) http.socketTimeout(Duration.ofSeconds(seconds));
      var code = "";
      var message = "";
      try (var client = DynamoDbClient.builder().httpClient(http.build()).build()) {
        client.deleteTable(b -> b.tableName(table));
      } catch (AwsServiceException denied) {
        code = denied.awsErrorDetails().errorCode();
        message = denied.getMessage();
      } catch (RuntimeException failed) {
        code = failed.getClass().getSimpleName();
        message = failed.toString();
      }
      System.out.println("{\"code\":" + quote(code) + ",\"message\":" + quote(message) + "}");
      System.out.flush();
    }
  }
}
