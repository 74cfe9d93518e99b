// Calls AWS through whatever AWS_ENDPOINT_URL says, with the SDK's defaults, and prints a JSON line for
// each check. Nothing here knows of the gate.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

type check struct {
	name string
	run  func(context.Context, aws.Config) error
}

// The name comes first: it is what a line is known by.
type result struct {
	Name  string `json:"name"`
	Error string `json:"error,omitempty"`
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cfg, err := config.LoadDefaultConfig(ctx)
	for _, c := range checks {
		said := result{Name: c.name}
		failed := err
		if failed == nil {
			failed = c.run(ctx, cfg)
		}
		if failed != nil {
			said.Error = failed.Error()
		}
		line, _ := json.Marshal(said)
		fmt.Println(string(line))
	}
}

var checks = []check{
	{"sts caller identity", func(ctx context.Context, cfg aws.Config) error {
		out, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		if err == nil && !strings.Contains(*out.Arn, ":assumed-role/") {
			err = errors.New(*out.Arn)
		}
		return err
	}},
	{"s3 path style, with the default checksum", func(ctx context.Context, cfg aws.Config) error {
		client := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
		if _, err := client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("go-bucket")}); err != nil {
			return err
		}
		body := bytes.Repeat([]byte("gopher"), 100_000)
		if _, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("go-bucket"), Key: aws.String("a.bin"), Body: bytes.NewReader(body)}); err != nil {
			return err
		}
		out, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("go-bucket"), Key: aws.String("a.bin")})
		if err != nil {
			return err
		}
		got, err := io.ReadAll(out.Body)
		if err == nil && !bytes.Equal(got, body) {
			err = errors.New("the bytes differ")
		}
		return err
	}},
	{"s3 presigned", func(ctx context.Context, cfg aws.Config) error {
		client := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
		signed, err := s3.NewPresignClient(client).PresignGetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("go-bucket"), Key: aws.String("a.bin")})
		if err != nil {
			return err
		}
		reply, err := http.Get(signed.URL)
		if err != nil {
			return err
		}
		defer reply.Body.Close()
		if reply.StatusCode != 200 {
			text, _ := io.ReadAll(reply.Body)
			return fmt.Errorf("status %d: %s", reply.StatusCode, text)
		}
		return nil
	}},
	{"dynamodb", func(ctx context.Context, cfg aws.Config) error {
		client := dynamodb.NewFromConfig(cfg)
		_, err := client.CreateTable(ctx, &dynamodb.CreateTableInput{
			TableName: aws.String("go"), BillingMode: ddb.BillingModePayPerRequest,
			KeySchema:            []ddb.KeySchemaElement{{AttributeName: aws.String("k"), KeyType: ddb.KeyTypeHash}},
			AttributeDefinitions: []ddb.AttributeDefinition{{AttributeName: aws.String("k"), AttributeType: ddb.ScalarAttributeTypeS}},
		})
		if err != nil {
			return err
		}
		_, err = client.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String("go"), Item: map[string]ddb.AttributeValue{"k": &ddb.AttributeValueMemberS{Value: "1"}}})
		return err
	}},
	{"sqs", func(ctx context.Context, cfg aws.Config) error {
		client := sqs.NewFromConfig(cfg)
		queue, err := client.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("go")})
		if err != nil {
			return err
		}
		_, err = client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: queue.QueueUrl, MessageBody: aws.String("hello")})
		return err
	}},
	{"sns", func(ctx context.Context, cfg aws.Config) error {
		client := sns.NewFromConfig(cfg)
		topic, err := client.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("go")})
		if err != nil {
			return err
		}
		_, err = client.Publish(ctx, &sns.PublishInput{TopicArn: topic.TopicArn, Message: aws.String("hello & good bye")})
		return err
	}},
	{"a denied call is the SDK's own error", func(ctx context.Context, cfg aws.Config) error {
		_, err := secretsmanager.NewFromConfig(cfg).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String("forbidden")})
		var api smithy.APIError
		if !errors.As(err, &api) || !strings.HasPrefix(api.ErrorCode(), "AccessDenied") {
			return fmt.Errorf("not an access-denied error: %v", err)
		}
		if !strings.Contains(api.ErrorMessage(), "secretsmanager:GetSecretValue") {
			return fmt.Errorf("the message does not name the action: %s", api.ErrorMessage())
		}
		return nil
	}},
}
