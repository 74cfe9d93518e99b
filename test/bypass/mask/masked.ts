/** What the attacker's role may: everything but to unmask. */
export const MASKED: object = {
  Version: '2012-10-17',
  Statement: [
    { Sid: 'AllButUnmask', Effect: 'Allow', NotAction: 'gate:Unmask', Resource: '*' },
    {
      Sid: 'Rows',
      Effect: 'Mask',
      Action: 'dynamodb:*',
      Resource: 'arn:aws:dynamodb:*:*:table/rows',
      Mask: { Fields: ['**.ssn'] },
    },
    {
      Sid: 'People',
      Effect: 'Mask',
      Action: ['dynamodb:*', 'bedrock:InvokeModel', 'apigateway:GET'],
      NotResource: 'arn:aws:dynamodb:*:*:table/rows',
      Mask: { Detect: ['email-address', 'credit-card', 'us-ssn'] },
    },
    {
      Sid: 'PeopleInObjects',
      Effect: 'Mask',
      Action: ['s3:GetObject', 's3:GetObjectVersion'],
      Resource: 'arn:aws:s3:::people/*',
      Mask: { Detect: ['email-address', 'credit-card', 'us-ssn'], As: 'partial' },
    },
    {
      Sid: 'WholeObjects',
      Effect: 'Mask',
      Action: ['s3:GetObject', 's3:GetObjectVersion'],
      Resource: 'arn:aws:s3:::sealed/*',
      Mask: { Fields: ['B*y', 'Metadata.Owner'] },
    },
    {
      Sid: 'ExpressObjects',
      Effect: 'Mask',
      Action: 's3express:CreateSession',
      Resource: '*',
      Mask: { Detect: ['email-address'] },
    },
  ],
}
