"""Deletes the tables that its input names, one a line with a read time-out in seconds (0: the default), and
prints a JSON line for each: how the SDK put it."""
import json
import sys

import boto3
from botocore.config import Config

for line in sys.stdin:
    table, seconds = line.split()
    config = Config(read_timeout=float(seconds)) if float(seconds) else None
    said = {"code": "", "message": ""}
    try:
        boto3.client("dynamodb", config=config).delete_table(TableName=table)
    except Exception as error:
        response = getattr(error, "response", {"Error": {}})["Error"]
        said = {"code": response.get("Code", type(error).__name__), "message": str(error)}
    print(json.dumps(said), flush=True)
