const ACCOUNT = '123456789012'

/** What the role `narrow` may: one of each kind, so that every attack on it is for something beside that. */
export const NARROW: object = {
  Version: '2012-10-17',
  Statement: [
    {
      Sid: 'OpenObjects',
      Effect: 'Allow',
      Action: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:ListBucket'],
      Resource: ['arn:aws:s3:::open', 'arn:aws:s3:::open/public/*'],
    },
    {
      Sid: 'OpenTable',
      Effect: 'Allow',
      Action: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:DeleteItem', 'dynamodb:PartiQLSelect'],
      Resource: `arn:aws:dynamodb:us-east-1:${ACCOUNT}:table/open`,
    },
    {
      Sid: 'Instances',
      Effect: 'Allow',
      Action: 'ec2:RunInstances',
      Resource: '*',
    },
    {
      Sid: 'PassOne',
      Effect: 'Allow',
      Action: 'iam:PassRole',
      Resource: `arn:aws:iam::${ACCOUNT}:role/app`,
    },
    {
      Sid: 'OpenQueue',
      Effect: 'Allow',
      Action: 'sqs:SendMessage',
      Resource: `arn:aws:sqs:us-east-1:${ACCOUNT}:open`,
    },
    {
      Sid: 'OpenFunction',
      Effect: 'Allow',
      Action: 'lambda:InvokeFunction',
      Resource: `arn:aws:lambda:us-east-1:${ACCOUNT}:function:open`,
    },
    {
      Sid: 'OpenSecret',
      Effect: 'Allow',
      Action: 'secretsmanager:GetSecretValue',
      Resource: `arn:aws:secretsmanager:us-east-1:${ACCOUNT}:secret:open-??????`,
    },
  ],
}
