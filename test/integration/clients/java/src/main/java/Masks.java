import java.util.Arrays;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.secretsmanager.SecretsManagerClient;

/**
 * Reads what must not be seen whole, with the SDK's defaults (checksums are validated where there are any), and
 * prints a JSON line for each check.
 */
public final class Masks {
  static final String MASK = "~mask~";
  static final String CUSTOMERS =
      "name,mail,card\nEve,evelyn.k@example.com,4111 1111 1111 1111\nBob,bob.the.b@example.org,5500-0000-0000-0004\n";

  static String read(S3Client s3, String range) {
    var read = s3.getObjectAsBytes(b -> b.bucket("java-customers").key("today.csv").range(range));
    var text = read.asUtf8String();
    Client.expect(read.response().contentLength() == text.length(), "the head says another length");
    return text;
  }

  public static void main(String[] args) {
    var http = UrlConnectionHttpClient.create();
    var s3 = S3Client.builder().httpClient(http).forcePathStyle(true).build();
    Client.check("a masked secret", () -> {
      var secrets = SecretsManagerClient.builder().httpClient(http).build();
      secrets.createSecret(b -> b.name("java-db").secretString("canary-secret"));
      var read = secrets.getSecretValue(b -> b.secretId("java-db"));
      Client.expect(read.secretString().equals(MASK), read.secretString());
      Client.expect(read.name().equals("java-db") && read.createdDate() != null, read.toString());
    });
    Client.check("a masked object, with the default checksum validation", () -> {
      s3.createBucket(b -> b.bucket("java-customers"));
      s3.putObject(b -> b.bucket("java-customers").key("today.csv").contentType("text/csv"), RequestBody.fromString(CUSTOMERS));
      var text = read(s3, null);
      Client.expect(text.length() == CUSTOMERS.length() && text.contains(MASK), text);
      Client.expect(!text.contains("evelyn") && !text.contains("4111 1111 1111"), text);
    });
    Client.check("ranges of a masked object are of what is masked", () -> {
      var whole = read(s3, null);
      for (var ends : Arrays.asList(new int[] {0, 20}, new int[] {16, 40}, new int[] {25, 30}, new int[] {whole.length() - 5, whole.length() - 1})) {
        var part = read(s3, "bytes=" + ends[0] + "-" + ends[1]);
        Client.expect(part.equals(whole.substring(ends[0], ends[1] + 1)), part);
      }
    });
    Client.check("a mask that comes back is the SDK's own error", () -> {
      var text = read(s3, null);
      try {
        s3.putObject(b -> b.bucket("java-customers").key("today.csv"), RequestBody.fromString(text));
        throw new AssertionError("it was written back");
      } catch (AwsServiceException refused) {
        Client.expect(refused.getMessage().contains("mask"), refused.getMessage());
      }
    });
  }
}
