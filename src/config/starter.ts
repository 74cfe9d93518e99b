/** A file of the starting configuration. */
export interface StarterFile {
  /** Relative to the folder that is set up. */
  readonly path: string
  readonly text: string
}

const CONFIGURATION = `# Configuration of Sallyport. Every key is described in docs/configuration.md; a key that is
# left out has the default that stands there. Check it with: sallyport serve --check
# Paths are relative to this file.

# Where AWS clients connect: set AWS_ENDPOINT_URL to this address.
listen: 127.0.0.1:4566

# Beyond loopback the gate speaks TLS only (or plain HTTP with "insecure: true").
# tls:
#   certificate: tls/gate.crt
#   key: tls/gate.key

# Control API, /healthz, /readyz and metrics.
admin: 127.0.0.1:4567

# The journal, the gate's keys and its store.
data: ./data

# Processes that share the listening socket.
workers: 1

# DNS names of the gate, for virtual hosts (bucket.aws.gate.example). Needs a wildcard DNS entry.
# domains: [aws.gate.example]

# Who may vouch for an identity. An identity provider with discovery:
issuers:
  - name: github
    oidc: https://token.actions.githubusercontent.com
    audience: sts.amazonaws.com
  # An identity provider that vouches for people may name approvers; "groups" is its claim.
  # - name: okta
  #   oidc: https://example.okta.com
  #   audience: sallyport
  #   people: { groups: groups }
  # Or a fixed set of public keys; "iss" in its tokens is then the name:
  # - name: local
  #   jwks: jwks.json
  #   audience: [sallyport]

# What clients may assume. Each role's ARN is the real role's, so that ARNs in policies stay true.
roles:
  - arn: arn:aws:iam::111122223333:role/deploy
    # An IAM trust policy: which identities may assume the role.
    trust: trust/deploy.yaml
    # IAM policies: what they may do. Nothing is allowed that no statement allows.
    policies: [policies/deploy.yaml]
    maxSession: 1h
    upstream:
      # The gate's own credentials: the AWS SDK's default provider chain.
      credentials: default
      # The real role that the gate assumes for a session; the same ARN if left out.
      # role: arn:aws:iam::111122223333:role/deploy-behind-the-gate
      # externalId: from-the-trust-policy
      # region: us-east-1

aws:
  # A stand-in or VPC endpoints instead of AWS's own: one URL, or a map by service.
  # endpoint: http://127.0.0.1:5000
  # Regions that may be called; all of the partition if left out.
  # regions: [eu-west-1, us-east-1]
  partition: aws

record:
  # What a decision waits for: "fsync" (on disk) or "os" (survives the process, not the machine).
  durability: fsync
  # Longer parameters are cut in the journal, and marked so.
  parameters: 64KiB

# Where access requests and grants are kept: "sqlite" (a file in data), or postgres:// for replicas.
store: sqlite

# Calls that need a person's approval: the statements with the effect RequireApproval.
approvals:
  # Where people reach the admin address; links in denials begin with it.
  # url: https://gate-admin.example.com
  openFor: 24h
  maxStanding: 8h

# Who is told of access requests.
# notify:
#   - name: on-call
#     slack:
#       channel: C0123456789
#       token: secrets/slack-token
#       signingSecret: secrets/slack-signing-secret
#       people: { T0123/U0456: okta/00u1abcd }

# Secrets in replies are masked unless a policy allows gate:Unmask.
masks:
  builtIn: true
  # patterns: { employee-id: 'E-[0-9]{6}' }

# Databases, for unchanged clients; see docs/databases.md. Take the "# " from these lines, and from those in
# policies/deploy.yaml; then: sallyport connect orders
# databases:
#   postgres: 127.0.0.1:6432
#   # Clients of MySQL come over TLS alone: set "tls" above first.
#   # mysql: 127.0.0.1:6306
# targets:
#   - name: orders
#     engine: postgres
#     host: orders.abc123.eu-west-1.rds.amazonaws.com
#     database: shop
#     user: gate
#     # A token of RDS, signed with the lease of the client's role; or: { secret: { arn: ARN } }, { environment: NAME }
#     auth: { iam: true }

# HTTPS_PROXY for tools whose endpoints cannot be changed.
proxy:
  enabled: false
  otherHosts: refuse

log:
  level: info
`

const TRUST = `# Who may assume the role: jobs of one repository's main branch, on GitHub Actions.
Version: "2012-10-17"
Statement:
  - Sid: MainBranch
    Effect: Allow
    Principal:
      Federated: arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com
    Action: sts:AssumeRoleWithWebIdentity
    Condition:
      StringEquals:
        "token.actions.githubusercontent.com:aud": sts.amazonaws.com
      StringLike:
        "token.actions.githubusercontent.com:sub": "repo:example/shop:ref:refs/heads/main"
`

const POLICY = `# What the role may do. A policy from the AWS console may stand here as it is, in JSON or YAML.
Version: "2012-10-17"
Statement:
  - Sid: WhoAmI
    Effect: Allow
    Action: sts:GetCallerIdentity
    Resource: "*"
  - Sid: ReadBuilds
    Effect: Allow
    Action: [s3:GetObject, s3:ListBucket]
    Resource: ["arn:aws:s3:::builds", "arn:aws:s3:::builds/*"]
  - Sid: LookAtInstances
    Effect: Allow
    Action: ec2:DescribeInstances
    Resource: "*"
  # A call that waits for a person: see docs/approvals.md. "admin" is who holds the token of the first run.
  - Sid: TerminatingNeedsAHuman
    Effect: RequireApproval
    Action: ec2:TerminateInstances
    Resource: "*"
    Approval: { From: [admin], Hold: 25s }
  # A database: who comes to it, and reads, but for a column that is masked. See docs/policy-sql.md.
  # - Sid: ReadOrders
  #   Effect: Allow
  #   Action: [sql:Connect, sql:Select, sql:Explain, sql:Set, sql:Transaction]
  #   Resource: "arn:sallyport:sql:*:*:orders/*"
  # - Sid: NoEmails
  #   Effect: Mask
  #   Action: sql:Select
  #   Resource: "arn:sallyport:sql:*:*:orders/*"
  #   Mask: { Columns: ["*.email"], As: partial }
`

/** A commented starting configuration with its policies; it passes \`serve --check\` as it stands. */
export const STARTER: readonly StarterFile[] = [
  { path: 'sallyport.yaml', text: CONFIGURATION },
  { path: 'trust/deploy.yaml', text: TRUST },
  { path: 'policies/deploy.yaml', text: POLICY },
]
