import {
  type Attack,
  AUDIT,
  DEPLOY,
  exchange,
  LOCKED,
  NO_CONTEXT,
  rs256,
  session,
  type World,
} from './world.ts'

const denied = 'sts-denied'
const parameter = 'sts-parameter-invalid'

function withParameters(name: string, code: string, change: Parameters<typeof exchange>[2]): Attack {
  return { name, code, run: w => exchange(w, rs256(), change) }
}

function chained(name: string, code: string, change: Parameters<typeof exchange>[2], claims = {}): Attack {
  return { name: `chained: ${name}`, code, run: async w => chain(w, change, claims) }
}

async function chain(world: World, change: Parameters<typeof exchange>[2], claims: Record<string, unknown>) {
  const { principal } = await session(world, claims)
  return world.sts.assumeRole(principal, {
    parameters: { RoleArn: AUDIT, RoleSessionName: 'next', ...change },
    context: NO_CONTEXT,
  })
}

const tag = (Key: string, Value = 'x') => ({ Key, Value })

/** The identity is true; what is asked with it is not for it. */
export const attacks: readonly Attack[] = [
  withParameters('a role that trusts nobody', denied, { RoleArn: LOCKED }),
  withParameters('a role that trusts roles alone', denied, { RoleArn: AUDIT }),
  withParameters('a role that the gate does not have', denied, {
    RoleArn: 'arn:aws:iam::111122223333:role/admin',
  }),
  withParameters('the role in another account', denied, {
    RoleArn: DEPLOY.replace('111122223333', '444455556666'),
  }),
  withParameters('the role in another partition', denied, {
    RoleArn: DEPLOY.replace('arn:aws:', 'arn:aws-cn:'),
  }),
  withParameters('the role in another case', denied, { RoleArn: DEPLOY.replace('deploy', 'Deploy') }),
  withParameters('ARN in upper case', denied, { RoleArn: DEPLOY.toUpperCase() }),
  withParameters('the role without its path', denied, { RoleArn: DEPLOY.replace('/ci/', '/') }),
  withParameters('the role with a dot segment', denied, { RoleArn: DEPLOY.replace('/ci/', '/x/../ci/') }),
  withParameters('the role with a wildcard', denied, { RoleArn: `${DEPLOY.slice(0, -1)}*` }),
  withParameters('the role with a space after it', denied, { RoleArn: `${DEPLOY} ` }),
  withParameters('the role with a NUL after it', denied, { RoleArn: `${DEPLOY}\0` }),
  withParameters('a property of every object for a role', denied, { RoleArn: '__proto__' }),
  withParameters('the role as a list', parameter, { RoleArn: [DEPLOY] }),
  withParameters('no role', parameter, { RoleArn: '' }),
  ...['a\nb', 'a/b', 'a:b', 'a b', 'a', 'a'.repeat(65), 'äb', 'ab\0', '<a>', 'a%2Fb', 'a`b'].map(name =>
    withParameters(`session name ${JSON.stringify(name).slice(0, 20)}`, parameter, { RoleSessionName: name }),
  ),
  withParameters('shorter than 15 minutes', parameter, { DurationSeconds: 899 }),
  withParameters('longer than the role allows', parameter, { DurationSeconds: 7201 }),
  withParameters('longer than any role may', parameter, { DurationSeconds: 43_201 }),
  withParameters('a duration that is no integer', parameter, { DurationSeconds: 900.5 }),
  withParameters('a duration that is a string', parameter, { DurationSeconds: '900' }),
  withParameters('a negative duration', parameter, { DurationSeconds: -900 }),
  withParameters('a managed session policy that the gate cannot read', parameter, {
    PolicyArns: [{ arn: 'arn:aws:iam::aws:policy/ReadOnlyAccess' }],
  }),
  withParameters('a session policy that is no policy', 'sts-policy-malformed', { Policy: '{' }),
  withParameters('a session policy of 2049 characters', parameter, { Policy: `"${'a'.repeat(2047)}"` }),
  withParameters('an empty session policy', parameter, { Policy: '' }),
  withParameters('tags of the client beside a web identity', parameter, { Tags: [tag('team')] }),
  withParameters('a source identity of the client beside a web identity', parameter, {
    SourceIdentity: 'root',
  }),
  withParameters('the provider of a sign-in before OIDC', parameter, { ProviderId: 'www.amazon.com' }),
  chained('a role that does not trust this one', denied, { RoleArn: LOCKED }),
  chained('back into a role that trusts web identities alone', denied, { RoleArn: DEPLOY }),
  chained('longer than an hour', parameter, { DurationSeconds: 3601 }),
  chained('tags that the trust policy does not allow', denied, { Tags: [tag('team')] }),
  chained('a source identity that the trust policy does not allow', denied, { SourceIdentity: 'root' }),
  chained(
    'a transitive tag that the trust policy does not allow',
    denied,
    {},
    {
      'https://aws.amazon.com/tags': { principal_tags: { team: ['a'] }, transitive_tag_keys: ['team'] },
    },
  ),
  chained(
    'a transitive tag overridden',
    parameter,
    { Tags: [tag('TEAM', 'b')] },
    {
      'https://aws.amazon.com/tags': { principal_tags: { team: ['a'] }, transitive_tag_keys: ['team'] },
    },
  ),
  chained(
    'another source identity',
    denied,
    { SourceIdentity: 'eve' },
    {
      'https://aws.amazon.com/source_identity': 'ada',
    },
  ),
  chained('the same tag twice', parameter, { Tags: [tag('team'), tag('Team')] }),
  chained('a tag of AWS', parameter, { Tags: [tag('aws:PrincipalArn')] }),
  chained('a tag of AWS in another case', parameter, { Tags: [tag('AWS:x')] }),
  chained('a tag key with a new line', parameter, { Tags: [tag('a\nb')] }),
  chained('a tag value with a line separator', parameter, { Tags: [tag('a', 'b\u2028c')] }),
  chained('a tag key with a wildcard', parameter, { Tags: [tag('*')] }),
  chained('a tag value with a policy variable', parameter, { Tags: [tag('a', '$' + '{aws:username}')] }),
  chained('51 tags', parameter, { Tags: Array.from({ length: 51 }, (_, i) => tag(`k${i}`)) }),
  chained('a transitive key without its tag', parameter, { TransitiveTagKeys: ['team'] }),
  chained('an external id with a new line', parameter, { ExternalId: 'a\nb' }),
  chained('a session name with a slash', parameter, { RoleSessionName: '../deploy' }),
  chained('MFA that nobody checks', parameter, { SerialNumber: 'arn:aws:iam::1:mfa/x', TokenCode: '123456' }),
]
