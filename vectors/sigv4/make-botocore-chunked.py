"""Writes botocore-chunked.json: bodies in aws-chunked encoding with a trailer, as botocore sends them.

    python3 vectors/sigv4/make-botocore-chunked.py > vectors/sigv4/botocore-chunked.json
"""
import base64
import io
import json

import botocore
from botocore import httpchecksum
from botocore.httpchecksum import AwsChunkedWrapper

ALGORITHMS = ['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256', 'sha512', 'md5']
BODIES = [b'', b'hello', bytes(range(256)) * 5]


def main():
    cases = []
    for algorithm in ALGORITHMS:
        checksum = httpchecksum._CHECKSUM_CLS.get(algorithm)
        if checksum is None:
            continue
        for body in BODIES:
            for size in (1024 * 1024, 100):
                wrapper = AwsChunkedWrapper(
                    io.BytesIO(body), checksum_cls=checksum, checksum_name=f'x-amz-checksum-{algorithm}', chunk_size=size
                )
                cases.append(
                    {
                        'algorithm': algorithm,
                        'decodedLength': len(body),
                        'body': base64.b64encode(body).decode(),
                        'encoded': base64.b64encode(wrapper.read()).decode(),
                    }
                )
    print(json.dumps({'source': f'botocore {botocore.__version__}', 'cases': cases}, indent=0))


main()
