// Deletes the tables that its input names, one a line with a time-out in seconds (0: the default), and prints
// a JSON line for each: how the SDK put it.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go"
)

func main() {
	ctx := context.Background()
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		said := map[string]string{"code": "", "message": ""}
		if err := remove(ctx, lines.Text()); err != nil {
			said["code"], said["message"] = "error", err.Error()
			var api smithy.APIError
			if errors.As(err, &api) {
				said["code"], said["message"] = api.ErrorCode(), api.ErrorMessage()
			}
		}
		line, _ := json.Marshal(said)
		fmt.Println(string(line))
	}
}

func remove(ctx context.Context, line string) error {
	var table string
	var seconds int
	if _, err := fmt.Sscan(line, &table, &seconds); err != nil {
		return err
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return err
	}
	client := dynamodb.NewFromConfig(cfg, func(o *dynamodb.Options) {
		if seconds > 0 {
			o.HTTPClient = awshttp.NewBuildableClient().WithTimeout(time.Duration(seconds) * time.Second)
		}
	})
	_, err = client.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: aws.String(table)})
	return err
}
