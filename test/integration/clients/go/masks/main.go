// Reads what must not be seen whole, with the SDK's defaults (checksums are validated where there are any), and
// prints a JSON line for each check.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

const (
	mask      = "~mask~"
	customers = "name,mail,card\nEve,evelyn.k@example.com,4111 1111 1111 1111\nBob,bob.the.b@example.org,5500-0000-0000-0004\n"
)

var bucket, key = aws.String("go-customers"), aws.String("today.csv")

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

func read(ctx context.Context, client *s3.Client, within *string) (string, error) {
	out, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: key, Range: within})
	if err != nil {
		return "", err
	}
	defer out.Body.Close()
	text, err := io.ReadAll(out.Body)
	if err == nil && out.ContentLength != nil && *out.ContentLength != int64(len(text)) {
		err = fmt.Errorf("%d bytes, and the head says %d", len(text), *out.ContentLength)
	}
	return string(text), err
}

func pathStyle(cfg aws.Config) *s3.Client {
	return s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
}

var checks = []check{
	{"a masked secret", func(ctx context.Context, cfg aws.Config) error {
		client := secretsmanager.NewFromConfig(cfg)
		if _, err := client.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: aws.String("go-db"), SecretString: aws.String("canary-secret")}); err != nil {
			return err
		}
		out, err := client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String("go-db")})
		if err == nil && (*out.SecretString != mask || *out.Name != "go-db" || out.CreatedDate == nil) {
			err = errors.New(*out.SecretString)
		}
		return err
	}},
	{"a masked object, with the default checksum validation", func(ctx context.Context, cfg aws.Config) error {
		client := pathStyle(cfg)
		if _, err := client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: bucket}); err != nil {
			return err
		}
		if _, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: key, Body: strings.NewReader(customers), ContentType: aws.String("text/csv")}); err != nil {
			return err
		}
		text, err := read(ctx, client, nil)
		if err != nil {
			return err
		}
		if len(text) != len(customers) || !strings.Contains(text, mask) || strings.Contains(text, "evelyn") || strings.Contains(text, "4111 1111 1111") {
			return errors.New(text)
		}
		return nil
	}},
	{"ranges of a masked object are of what is masked", func(ctx context.Context, cfg aws.Config) error {
		client := pathStyle(cfg)
		whole, err := read(ctx, client, nil)
		if err != nil {
			return err
		}
		for _, ends := range [][2]int{{0, 20}, {16, 40}, {25, 30}, {len(whole) - 5, len(whole) - 1}} {
			part, err := read(ctx, client, aws.String(fmt.Sprintf("bytes=%d-%d", ends[0], ends[1])))
			if err != nil {
				return err
			}
			if part != whole[ends[0]:ends[1]+1] {
				return fmt.Errorf("bytes %v are %q", ends, part)
			}
		}
		return nil
	}},
	{"a mask that comes back is the SDK's own error", func(ctx context.Context, cfg aws.Config) error {
		client := pathStyle(cfg)
		text, err := read(ctx, client, nil)
		if err != nil {
			return err
		}
		_, err = client.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: key, Body: strings.NewReader(text)})
		if err == nil || !strings.Contains(err.Error(), "mask") {
			return fmt.Errorf("it was written back: %v", err)
		}
		return nil
	}},
}
