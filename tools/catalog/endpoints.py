"""Writes vectors/endpoints.json: where botocore itself would send a call, and for what it would sign.

Run by hand when the pinned botocore changes: python3 tools/catalog/endpoints.py
Each row is [service, region, host, signing region, signing name]. Nothing is sent.
"""

import json
import os
from urllib.parse import urlsplit

import botocore
import botocore.config
import botocore.session

REGIONS = [
    'us-east-1',
    'eu-central-1',
    'cn-northwest-1',
    'us-gov-east-1',
    'us-iso-west-1',
    'eusc-de-east-1',
]
# The endpoint of these is made from an ARN in each call.
WITHOUT = {'cloudfront-keyvaluestore'}


def row(session, service, region):
    client = session.create_client(
        service,
        region_name=region,
        aws_access_key_id='AKIDEXAMPLE',
        aws_secret_access_key='secret',
    )
    ruleset = client._ruleset_resolver
    model = client.meta.service_model
    operation = model.operation_model(model.operation_names[0])
    parameters = dict(ruleset._get_provider_params(operation, {}, {'client_config': client.meta.config}))
    if service == 'neptune-graph':
        parameters['ApiType'] = 'ControlPlane'
    for name in ('RequiresAccountId', 'UseS3ExpressControlEndpoint', 'UseControlPlaneEndpoint'):
        parameters.pop(name, None)
    endpoint = ruleset._provider.resolve_endpoint(**parameters)
    signer = client._request_signer
    signing = {}
    for scheme in endpoint.properties.get('authSchemes') or []:
        if scheme['name'] in ('sigv4', 'sigv4-s3express'):
            signing = scheme
            break
    return [
        service,
        region,
        urlsplit(endpoint.url).netloc,
        signing.get('signingRegion') or signer._region_name,
        signing.get('signingName') or signer._signing_name,
    ]


def main():
    rows = []
    for region in REGIONS:
        session = botocore.session.Session()
        for service in session.get_available_services():
            if service in WITHOUT:
                continue
            try:
                rows.append(row(session, service, region))
            except botocore.exceptions.EndpointProviderError:
                pass
    rows.sort()
    path = os.path.join(os.path.dirname(__file__), '..', '..', 'vectors', 'endpoints.json')
    with open(path, 'w', encoding='utf-8') as file:
        file.write('{"source": "botocore %s", "rows": [\n' % botocore.__version__)
        file.write(',\n'.join(json.dumps(item) for item in rows))
        file.write('\n]}\n')
    print(len(rows), 'rows')


main()
