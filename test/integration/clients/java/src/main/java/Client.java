import java.util.List;
import java.util.Map;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.*;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.secretsmanager.SecretsManagerClient;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sts.StsClient;

/** Calls AWS through whatever AWS_ENDPOINT_URL says, and prints a JSON line for each check. */
public final class Client {
  interface Check {
    void run() throws Exception;
  }

  static void check(String name, Check check) {
    String error = "";
    try {
      check.run();
    } catch (Throwable thrown) {
      error = ",\"error\":\"" + thrown.toString().replace("\\", "\\\\").replace("\"", "'").replace("\n", " ") + "\"";
    }
    System.out.println("{\"name\":\"" + name + "\"" + error + "}");
  }

  static void expect(boolean condition, String what) {
    if (!condition) throw new AssertionError(what);
  }

  public static void main(String[] args) {
    var http = UrlConnectionHttpClient.create();
    check("sts caller identity", () -> {
      var arn = StsClient.builder().httpClient(http).build().getCallerIdentity().arn();
      expect(arn.contains(":assumed-role/"), arn);
    });
    check("s3 path style, with the default checksum", () -> {
      var s3 = S3Client.builder().httpClient(http).forcePathStyle(true).build();
      s3.createBucket(b -> b.bucket("java-bucket"));
      var body = "duke".repeat(100_000);
      s3.putObject(b -> b.bucket("java-bucket").key("a.txt"), RequestBody.fromString(body));
      expect(s3.getObjectAsBytes(b -> b.bucket("java-bucket").key("a.txt")).asUtf8String().equals(body), "bytes");
    });
    check("dynamodb", () -> {
      var ddb = DynamoDbClient.builder().httpClient(http).build();
      ddb.createTable(b -> b.tableName("java").billingMode(BillingMode.PAY_PER_REQUEST)
          .keySchema(KeySchemaElement.builder().attributeName("k").keyType(KeyType.HASH).build())
          .attributeDefinitions(AttributeDefinition.builder().attributeName("k").attributeType("S").build()));
      ddb.putItem(b -> b.tableName("java").item(Map.of("k", AttributeValue.fromS("1"), "l", AttributeValue.fromSs(List.of("a", "b")))));
      expect(ddb.getItem(b -> b.tableName("java").key(Map.of("k", AttributeValue.fromS("1")))).hasItem(), "item");
    });
    check("sqs", () -> {
      var sqs = SqsClient.builder().httpClient(http).build();
      var url = sqs.createQueue(b -> b.queueName("java")).queueUrl();
      sqs.sendMessage(b -> b.queueUrl(url).messageBody("hello"));
      expect(sqs.receiveMessage(b -> b.queueUrl(url)).messages().size() == 1, "message");
    });
    check("a denied call is the SDK's own error", () -> {
      try {
        SecretsManagerClient.builder().httpClient(http).build().getSecretValue(b -> b.secretId("forbidden"));
        throw new AssertionError("it passed");
      } catch (AwsServiceException denied) {
        expect(denied.awsErrorDetails().errorCode().startsWith("AccessDenied"), denied.toString());
        expect(denied.getMessage().contains("secretsmanager:GetSecretValue"), denied.getMessage());
      }
    });
  }
}
