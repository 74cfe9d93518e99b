"""Writes botocore.json: requests signed by botocore's own signers, at a fixed time.

    python3 vectors/sigv4/make-botocore.py > vectors/sigv4/botocore.json

The requests are what botocore would put on the wire; `authorization` (or the presigned target) is what a
verifier has to find good. Deterministic for one version of botocore, which the file names.
"""
import datetime
import json
from unittest import mock

import botocore
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.utils import percent_encode, percent_encode_sequence

NOW = datetime.datetime(2026, 3, 9, 17, 5, 3, tzinfo=datetime.timezone.utc)
SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'
TOKEN = 'FwoGZXIvYXdzEJr//////////wEaDEXAMPLE+token/with=signs=='


class FixedDatetime(datetime.datetime):
    @classmethod
    def utcnow(cls):
        return NOW.replace(tzinfo=None)

    @classmethod
    def now(cls, tz=None):
        return NOW if tz else NOW.replace(tzinfo=None)


def frozen():
    patches = [mock.patch('datetime.datetime', FixedDatetime)]
    import botocore.auth
    if hasattr(botocore.auth, 'get_current_datetime'):
        patches.append(mock.patch('botocore.auth.get_current_datetime', lambda remove_tzinfo=True: NOW.replace(tzinfo=None)))
    return patches


KEYS = [
    'plain.txt', 'a b', 'a+b', 'a*b', 'a~b', "it's", '(x)!', 'a//b', '/leading', 'trailing/', 'a/../b', './a',
    'a/./b', 'a%2Fb', '100%', 'a%20b', 'ümläut', '日本語/キー', '😀.png', 'a;b', 'a?b', 'a#b', 'a&b=c', 'a:b@c,d$e',
    'back\\slash', '[x]{y}|z^`', '"quoted"<>', 'line\nbreak',
]
PATHS = [
    ('lambda', '/2015-03-31/functions/' + percent_encode('arn:aws:lambda:eu-west-1:123456789012:function:f', safe='') + '/invocations'),
    ('lambda', '/2015-03-31/functions/'),
    ('apigateway', '/tags/' + percent_encode('arn:aws:apigateway:eu-west-1::/restapis/abc', safe='')),
    ('execute-api', '/prod/a%20b/%C3%BC'),
    ('iot', '/things/~tilde-_.'),
    ('bedrock', '/model/anthropic.claude-v2%3A1/invoke'),
    ('IoTSecuredTunneling', '/'),
    ('es', '/_search/a%2520b'),
    ('execute-api', '/a//b'),
    ('execute-api', '/a/./b/../c/'),
]
QUERIES = [
    [], [('acl', '')], [('prefix', 'a b+c'), ('list-type', '2')], [('b', '2'), ('a', '1'), ('b', '1')],
    [('key', 'ünï/~*()!\''), ('Key', 'upper')], [('a-b', '1'), ('a', '2'), ('a.b', '3'), ('aB', '4')],
    [('tagKeys', 'x y'), ('tagKeys', 'a&b=c')],
]
HEADERS = [
    {}, {'Content-Type': 'application/x-amz-json-1.0', 'X-Amz-Target': 'DynamoDB_20120810.GetItem'},
    {'x-amz-meta-a_b': '  spaced   out  '}, {'Range': 'bytes=0-9', 'User-Agent': 'not signed', 'X-Amz-Acl': 'private'},
]


def wire(request):
    prepared = request.prepare()
    url = prepared.url
    target = url[url.index('/', len('https://')):]
    headers = [['host', url[len('https://'):url.index('/', len('https://'))]]]
    for name, value in prepared.headers.items():
        value = value.decode('latin-1') if isinstance(value, bytes) else value
        if name.lower() not in ('host', 'content-length'):
            headers.append([name.lower(), value])
    return {'method': prepared.method, 'target': target, 'headers': headers}


def make(service, path, query, headers, body, presign, token, method):
    credentials = Credentials('ASIAEXAMPLE', SECRET, TOKEN if token else None)
    url = f'https://{service.lower()}.eu-west-1.amazonaws.com{path}'
    if query:
        url += '?' + percent_encode_sequence(query)
    request = AWSRequest(method=method, url=url, data=body, headers=dict(headers))
    s3 = service == 's3'
    if presign:
        signer = S3SigV4QueryAuth if s3 else SigV4QueryAuth
        signer(credentials, service, 'eu-west-1', expires=900).add_auth(request)
    else:
        (S3SigV4Auth if s3 else SigV4Auth)(credentials, service, 'eu-west-1').add_auth(request)
    out = wire(request)
    out.update(service=service, body=body.decode() if body else '', form='presigned' if presign else 'header')
    return out


def cases():
    for presign in (False, True):
        for i, key in enumerate(KEYS):
            path = '/bucket/' + percent_encode(key, safe='/~')
            body = b'' if presign else b'hello'
            yield make('s3', path, QUERIES[i % len(QUERIES)], {}, body, presign, i % 2 == 0, 'GET' if presign else 'PUT')
        for i, (service, path) in enumerate(PATHS):
            for j, query in enumerate(QUERIES):
                body = b'' if presign else b'{"a":"b"}'
                headers = {} if presign else HEADERS[(i + j) % len(HEADERS)]
                yield make(service, path, query, headers, body, presign, (i + j) % 2 == 0, 'GET' if presign else 'POST')
    for headers in HEADERS:
        for service in ('dynamodb', 'sts', 's3'):
            yield make(service, '/', [], headers, b'Action=X&Version=2011-06-15', False, True, 'POST')


def main():
    patches = frozen()
    for patch in patches:
        patch.start()
    out = {
        'source': f'botocore {botocore.__version__}, vectors/sigv4/make-botocore.py',
        'secretAccessKey': SECRET,
        'sessionToken': TOKEN,
        'time': NOW.strftime('%Y%m%dT%H%M%SZ'),
        'cases': list(cases()),
    }
    print(json.dumps(out, indent=0, ensure_ascii=True))


main()
