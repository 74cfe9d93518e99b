"""Writes requests.jsonl: inputs of AWS operations as botocore itself puts them on the wire.

Run with the botocore that tools/catalog pins. Every operation gets one input made from its shapes, three
levels deep; all operations of the services in ALL are taken, and every STEP-th of the others.
"""

import base64
import datetime
import json
import sys
from collections import OrderedDict

import botocore.session
from botocore.model import ServiceModel
from botocore.serialize import create_serializer

ALL = {"s3", "sqs", "sns", "sts", "dynamodb", "kms", "lambda", "secretsmanager", "cloudwatch", "cloudformation"}
STEP = 23
WHEN = datetime.datetime(2026, 11, 23, 9, 30, 15, tzinfo=datetime.timezone.utc)


def sample(shape, depth=0):
    kind = shape.type_name
    if kind == "structure":
        if getattr(shape, "is_document_type", False):
            return {"a": [1, "b", None, True]}
        members = list(shape.members.items())
        if getattr(shape, "is_tagged_union", False):
            members = members[:1]
        out = OrderedDict()
        for name, member in members:
            if depth > 2 and name not in shape.required_members and member.type_name in ("structure", "list", "map"):
                continue
            if getattr(member, "is_eventstream", False) or member.serialization.get("eventstream"):
                return None
            value = sample(member, depth + 1) if depth < 7 else None
            if value is not None:
                out[name] = value
        return out
    if kind == "list":
        value = sample(shape.member, depth + 1) if depth < 7 else None
        return None if value is None else [value, value] if shape.member.type_name == "string" else [value]
    if kind == "map":
        value = sample(shape.value, depth + 1) if depth < 7 else None
        return None if value is None else {"key-1": value}
    if kind in ("string", "character"):
        if shape.serialization.get("jsonvalue"):
            return None
        return shape.enum[0] if shape.enum else "ab c&d/ü<e>"
    if kind == "blob":
        return b"\x00blob\xff"
    if kind == "boolean":
        return True
    if kind in ("integer", "long"):
        return 42
    if kind in ("float", "double"):
        return 1.5
    if kind == "timestamp":
        return WHEN
    raise ValueError(kind)


def plain(value):
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [plain(v) for v in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime.datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return value


def header_safe(shape, params):
    """Values that travel in headers or host names are ASCII without spaces at their ends."""
    for name, member in shape.members.items():
        if name not in params:
            continue
        location = member.serialization.get("location")
        if member.serialization.get("hostLabel") or (location == "uri" and not member.serialization.get("locationName", name).endswith("+")):
            if member.type_name == "string" and not member.enum:
                params[name] = "label-1"
        elif location == "header" and member.type_name == "string" and not member.enum:
            params[name] = "header value"
        elif location == "header" and member.type_name == "list":
            params[name] = params[name][:1] if member.member.enum else ["v1", "v2"]
        elif location == "headers":
            params[name] = {"key-1": "meta value"}
    for name in list(params):
        if name == "ContentMD5" or (name.startswith("Checksum") and shape.members[name].serialization.get("location") == "header"):
            del params[name]
    if "Bucket" in params and isinstance(params["Bucket"], str):
        params["Bucket"] = "bucket-1"
    return params


def main():
    session = botocore.session.get_session()
    index = 0
    with open(sys.argv[1], "w") as out:
        for service in sorted(session.get_available_services()):
            model = ServiceModel(session.get_service_data(service), service)
            for protocol in model.metadata.get("protocols", [model.metadata["protocol"]]):
                serializer = create_serializer(protocol, include_validation=False)
                for name in model.operation_names:
                    index += 1
                    if service not in ALL and index % STEP:
                        continue
                    operation = model.operation_model(name)
                    shape = operation.input_shape
                    if operation.has_event_stream_input or (shape is not None and operation.get_streaming_input()):
                        continue
                    params = sample(shape) if shape is not None else {}
                    if params is None:
                        continue
                    params = header_safe(shape, params) if shape is not None else {}
                    request = serializer.serialize_to_request(params, operation)
                    body = request["body"]
                    if isinstance(body, dict):
                        from urllib.parse import urlencode
                        body = urlencode(body).encode()
                    elif isinstance(body, str):
                        body = body.encode()
                    elif hasattr(body, "read"):
                        body = body.read()
                    out.write(json.dumps({
                        "service": service, "protocol": protocol, "operation": name,
                        "signingName": model.signing_name, "params": plain(params),
                        "method": request["method"], "path": request["url_path"],
                        "query": request["query_string"] if isinstance(request["query_string"], dict) else list(request["query_string"] or []),
                        "headers": {k: (v if isinstance(v, str) else v.decode() if isinstance(v, bytes) else str(v)) for k, v in request["headers"].items()},
                        "hostPrefix": request.get("host_prefix") or "",
                        "body": base64.b64encode(body or b"").decode(),
                    }, ensure_ascii=True) + "\n")


main()
