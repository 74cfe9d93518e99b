"""Calls the services through whatever AWS_ENDPOINT_URL says, and prints a JSON line for each check.

Nothing here knows of the gate: credentials come from AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE.
"""

import io
import json
import os
import sys
import urllib.request
import zipfile

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

CHECKS = []
ROLE = os.environ["AWS_ROLE_ARN"]


def check(function):
    CHECKS.append(function)
    return function


def expect(condition, what):
    if not condition:
        raise AssertionError(what)


@check
def sts_caller_identity():
    answer = boto3.client("sts").get_caller_identity()
    expect(":assumed-role/" in answer["Arn"], answer)


@check
def ec2_run_describe_terminate():
    ec2 = boto3.client("ec2")
    started = ec2.run_instances(
        ImageId="ami-12c6146b",
        InstanceType="t3.micro",
        MinCount=1,
        MaxCount=2,
        TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "größe & <more>"}]}],
    )
    ids = [i["InstanceId"] for i in started["Instances"]]
    found = ec2.describe_instances(InstanceIds=ids, Filters=[{"Name": "instance-type", "Values": ["t3.micro"]}])
    tags = found["Reservations"][0]["Instances"][0]["Tags"]
    expect(tags == [{"Key": "Name", "Value": "größe & <more>"}], tags)
    ec2.terminate_instances(InstanceIds=ids)


@check
def ec2_paginates():
    pages = boto3.client("ec2").get_paginator("describe_instance_types").paginate(PaginationConfig={"MaxItems": 30, "PageSize": 10})
    expect(len([t for p in pages for t in p["InstanceTypes"]]) == 30, "30 types")


@check
def iam_roles_and_paths():
    iam = boto3.client("iam")
    iam.create_role(RoleName="worker", Path="/team/", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}), Tags=[{"Key": "a", "Value": "b"}])
    expect(iam.get_role(RoleName="worker")["Role"]["Path"] == "/team/", "path")
    iam.delete_role(RoleName="worker")
    try:
        iam.get_role(RoleName="worker")
        raise AssertionError("still there")
    except ClientError as error:
        expect(error.response["Error"]["Code"] == "NoSuchEntity", error)


@check
def dynamodb_items_batch_transact():
    ddb = boto3.client("dynamodb")
    ddb.create_table(TableName="t", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}], AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}])
    table = boto3.resource("dynamodb").Table("t")
    table.put_item(Item={"k": "1", "n": 12345678901234567890, "b": b"\x00\xff", "m": {"x": [1, 2, None, True]}, "ü": "ß"})
    item = table.get_item(Key={"k": "1"})["Item"]
    expect(int(item["n"]) == 12345678901234567890 and item["ü"] == "ß", item)
    ddb.batch_write_item(RequestItems={"t": [{"PutRequest": {"Item": {"k": {"S": str(i)}}}} for i in range(20)]})
    ddb.transact_write_items(TransactItems=[{"Put": {"TableName": "t", "Item": {"k": {"S": "t1"}}}}, {"Delete": {"TableName": "t", "Key": {"k": {"S": "3"}}}}])
    expect(ddb.scan(TableName="t")["Count"] == 20, "count")
    ddb.execute_statement(Statement="SELECT * FROM \"t\" WHERE k = ?", Parameters=[{"S": "1"}])


@check
def sqs_send_receive_batch():
    sqs = boto3.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="hello", MessageAttributes={"a": {"DataType": "String", "StringValue": "b"}})
    sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": str(i), "MessageBody": f"m{i}"} for i in range(3)])
    got = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    expect(len(got) == 4, got)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=got[0]["ReceiptHandle"])


@check
def sns_publish_batch():
    sns = boto3.client("sns")
    arn = sns.create_topic(Name="topic", Attributes={"DisplayName": "a b+c&d"})["TopicArn"]
    sns.publish(TopicArn=arn, Message="x" * 1000, Subject="s")
    sns.publish_batch(TopicArn=arn, PublishBatchRequestEntries=[{"Id": "1", "Message": "m"}])
    expect(sns.get_topic_attributes(TopicArn=arn)["Attributes"]["DisplayName"] == "a b+c&d", "name")


@check
def lambda_create_list():
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as z:
        z.writestr("f.py", "def handler(event, context): return event")
    role = boto3.client("iam").create_role(RoleName="fn", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}))["Role"]["Arn"]
    client = boto3.client("lambda")
    client.create_function(FunctionName="fn", Runtime="python3.11", Role=role, Handler="f.handler", Code={"ZipFile": archive.getvalue()}, Environment={"Variables": {"A": "1"}})
    expect([f["FunctionName"] for f in client.list_functions()["Functions"]] == ["fn"], "fn")
    expect(client.get_function(FunctionName="fn")["Configuration"]["Handler"] == "f.handler", "handler")
    client.delete_function(FunctionName="fn")


@check
def secretsmanager_create_get():
    sm = boto3.client("secretsmanager")
    sm.create_secret(Name="team/db", SecretString="s3cr3t-value-0001")
    expect(sm.get_secret_value(SecretId="team/db")["SecretString"] == "s3cr3t-value-0001", "value")


@check
def cloudwatch_put_get():
    cw = boto3.client("cloudwatch")
    cw.put_metric_data(Namespace="n", MetricData=[{"MetricName": f"m{i}", "Value": 1.5, "Unit": "Count"} for i in range(200)])
    expect(any(m["MetricName"] == "m7" for p in cw.get_paginator("list_metrics").paginate(Namespace="n") for m in p["Metrics"]), "metric")


@check
def rds_create_describe():
    rds = boto3.client("rds")
    rds.create_db_instance(DBInstanceIdentifier="orders", DBInstanceClass="db.t3.micro", Engine="postgres", MasterUsername="u", MasterUserPassword="correct-horse-battery", AllocatedStorage=20)
    expect(rds.describe_db_instances(DBInstanceIdentifier="orders")["DBInstances"][0]["Engine"] == "postgres", "engine")


@check
def kms_encrypt_decrypt():
    kms = boto3.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/app", TargetKeyId=key)
    blob = kms.encrypt(KeyId="alias/app", Plaintext=b"\x00plain", EncryptionContext={"team": "a"})["CiphertextBlob"]
    expect(kms.decrypt(CiphertextBlob=blob, EncryptionContext={"team": "a"})["Plaintext"] == b"\x00plain", "plain")


@check
def cloudformation_stack():
    cfn = boto3.client("cloudformation")
    template = {"Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "from-stack"}}}}
    cfn.create_stack(StackName="s", TemplateBody=json.dumps(template), Parameters=[])
    expect(cfn.describe_stacks(StackName="s")["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE", "status")


@check
def logs_ssm_ecs_events():
    logs = boto3.client("logs")
    logs.create_log_group(logGroupName="/app/web")
    expect(logs.describe_log_groups(logGroupNamePrefix="/app")["logGroups"][0]["logGroupName"] == "/app/web", "group")
    ssm = boto3.client("ssm")
    ssm.put_parameter(Name="/app/key", Value="v", Type="String")
    expect(ssm.get_parameter(Name="/app/key")["Parameter"]["Value"] == "v", "value")
    expect(boto3.client("ecs").create_cluster(clusterName="c")["cluster"]["clusterName"] == "c", "cluster")
    boto3.client("events").put_rule(Name="r", ScheduleExpression="rate(5 minutes)")


@check
def route53_global():
    r53 = boto3.client("route53", region_name="eu-central-1")
    zone = r53.create_hosted_zone(Name="example.org.", CallerReference="1")["HostedZone"]["Id"]
    r53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [{"Action": "UPSERT", "ResourceRecordSet": {"Name": "a.example.org.", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}}]})
    sets = r53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    expect(any(s["Name"] == "a.example.org." for s in sets), sets)


@check
def apigateway_paths():
    api = boto3.client("apigateway")
    made = api.create_rest_api(name="shop", tags={"a": "b"})
    expect(api.get_rest_api(restApiId=made["id"])["name"] == "shop", "name")
    api.delete_rest_api(restApiId=made["id"])


# --- S3, in all its ways

KEYS = ["plain.txt", "with space.txt", "plus+plus", "ünïcode/ß.txt", "a//b", "../up", "semi;colon", "per%cent", "per%2Fcent", "quote'\"", "tilde~*()!", "trailing/", "?q=1&b=2#f"]


@check
def s3_buckets():
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="bucket-one")
    s3.create_bucket(Bucket="bucket.with.dots")
    expect({b["Name"] for b in s3.list_buckets()["Buckets"]} >= {"bucket-one", "bucket.with.dots"}, "names")


@check
def s3_awkward_keys():
    s3 = boto3.client("s3", config=Config(s3={"addressing_style": "path"}))
    for key in KEYS:
        body = key.encode()
        s3.put_object(Bucket="bucket-one", Key=key, Body=body, Metadata={"k": "v"}, ContentType="text/x-odd; charset=utf-8")
        got = s3.get_object(Bucket="bucket-one", Key=key)
        expect(got["Body"].read() == body and got["Metadata"] == {"k": "v"} and got["ContentType"].startswith("text/x-odd"), key)
    listed = {o["Key"] for o in s3.list_objects_v2(Bucket="bucket-one")["Contents"]}
    expect(listed == set(KEYS), listed ^ set(KEYS))


@check
def s3_copy_range_conditional_delete():
    s3 = boto3.client("s3")
    for key in KEYS:
        s3.copy_object(Bucket="bucket-one", Key=f"copy/{key}", CopySource={"Bucket": "bucket-one", "Key": key})
    expect(s3.get_object(Bucket="bucket-one", Key="plain.txt", Range="bytes=2-4")["Body"].read() == b"ain", "range")
    try:
        s3.get_object(Bucket="bucket-one", Key="plain.txt", IfNoneMatch=s3.head_object(Bucket="bucket-one", Key="plain.txt")["ETag"])
        raise AssertionError("not 304")
    except ClientError as error:
        expect(error.response["ResponseMetadata"]["HTTPStatusCode"] == 304, error)
    gone = s3.delete_objects(Bucket="bucket-one", Delete={"Objects": [{"Key": f"copy/{key}"} for key in KEYS]})
    expect(len(gone["Deleted"]) == len(KEYS), gone)


@check
def s3_multipart_and_managed_transfer():
    s3 = boto3.client("s3")
    data = os.urandom(1 << 20) * 12
    s3.upload_fileobj(io.BytesIO(data), "bucket-one", "big.bin", Config=boto3.s3.transfer.TransferConfig(multipart_threshold=6 << 20, multipart_chunksize=5 << 20))
    back = io.BytesIO()
    s3.download_fileobj("bucket-one", "big.bin", back)
    expect(back.getvalue() == data, "bytes differ")


@check
def s3_checksums():
    for algorithm in ["CRC32", "SHA1", "SHA256"]:
        s3 = boto3.client("s3")
        s3.put_object(Bucket="bucket-one", Key=f"sum-{algorithm}", Body=b"checked" * 1000, ChecksumAlgorithm=algorithm)
        expect(len(s3.get_object(Bucket="bucket-one", Key=f"sum-{algorithm}")["Body"].read()) == 7000, algorithm)


@check
def s3_presigned_get_and_put():
    s3 = boto3.client("s3", config=Config(signature_version="s3v4"))
    url = s3.generate_presigned_url("put_object", Params={"Bucket": "bucket-one", "Key": "pre signed"}, ExpiresIn=300)
    urllib.request.urlopen(urllib.request.Request(url, data=b"by url", method="PUT", headers={"content-type": ""}))
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "bucket-one", "Key": "pre signed", "ResponseContentType": "text/odd"}, ExpiresIn=300)
    with urllib.request.urlopen(url) as reply:
        expect(reply.read() == b"by url", "body")


@check
def s3_bucket_settings():
    s3 = boto3.client("s3")
    s3.put_bucket_versioning(Bucket="bucket-one", VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_tagging(Bucket="bucket-one", Tagging={"TagSet": [{"Key": "a", "Value": "<b>&"}]})
    expect(s3.get_bucket_tagging(Bucket="bucket-one")["TagSet"] == [{"Key": "a", "Value": "<b>&"}], "tags")
    s3.put_bucket_lifecycle_configuration(Bucket="bucket-one", LifecycleConfiguration={"Rules": [{"ID": "r", "Status": "Enabled", "Filter": {"Prefix": "x/"}, "Expiration": {"Days": 3}}]})
    s3.put_bucket_policy(Bucket="bucket-one", Policy=json.dumps({"Version": "2012-10-17", "Statement": []}))
    version = s3.put_object(Bucket="bucket-one", Key="v", Body=b"1", Tagging="a=b")["VersionId"]
    expect(s3.get_object(Bucket="bucket-one", Key="v", VersionId=version)["Body"].read() == b"1", "version")
    expect(s3.get_object_tagging(Bucket="bucket-one", Key="v")["TagSet"] == [{"Key": "a", "Value": "b"}], "object tags")


wanted = set(sys.argv[1:])
for function in CHECKS:
    if wanted and function.__name__ not in wanted:
        continue
    try:
        function()
        print(json.dumps({"name": function.__name__}), flush=True)
    except Exception as error:  # each check is reported by itself
        print(json.dumps({"name": function.__name__, "error": f"{type(error).__name__}: {error}"}), flush=True)
