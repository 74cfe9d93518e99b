/** Who has to act when an error comes. */
export type ErrorParty = 'client' | 'operator' | 'upstream' | 'gate'

/** The public description of an error code; `docs/errors.md` is generated from these. */
export interface ErrorCodeEntry {
  readonly party: ErrorParty
  /** HTTP status that a client sees, where the error reaches one. */
  readonly status: number
  /** What to do about it, in one or two sentences. */
  readonly advice: string
}

const table = {
  // --- the gate itself
  internal: {
    party: 'gate',
    status: 500,
    advice: 'Read the operator log for the event id; report it if it repeats.',
  },
  'gate-stopping': {
    party: 'gate',
    status: 503,
    advice:
      'Connect anew: to another gate behind the same address, or to this one once it has started again.',
  },
  overloaded: {
    party: 'gate',
    status: 503,
    advice: 'Retry with back-off; raise the limit named in the message if it lasts.',
  },

  'body-too-large': {
    party: 'client',
    status: 413,
    advice: 'Send a smaller body; the operator can raise `limits.body`.',
  },
  'client-gone': {
    party: 'client',
    status: 400,
    advice: 'Nothing to do: the client closed its connection before the call had ended.',
  },

  // --- the gateway
  'host-mismatch': {
    party: 'client',
    status: 400,
    advice: 'Open a tunnel of its own for each host; a connection serves the one that it was opened to.',
  },
  'credentials-would-leave': {
    party: 'client',
    status: 403,
    advice: 'Assume a role that the gate has: its credentials work at the gate, and nowhere else.',
  },
  'upstream-reply-unclear': {
    party: 'upstream',
    status: 502,
    advice: 'Try again; if it lasts, the upstream at `aws.endpoint` does not answer as AWS does.',
  },
  'payload-unsigned': {
    party: 'client',
    status: 400,
    advice: 'Sign the body: leave payload signing on, as every SDK does by default for this service.',
  },
  'payload-length-missing': {
    party: 'client',
    status: 411,
    advice: 'Send `content-length`, or `x-amz-decoded-content-length` with an `aws-chunked` body.',
  },
  'address-unavailable': {
    party: 'operator',
    status: 500,
    advice: 'Choose another address for `listen` or `admin`, or stop what uses this one.',
  },

  // --- identity: gate credentials
  'credentials-not-gate': {
    party: 'client',
    status: 403,
    advice:
      'Sign with credentials of the gate: set AWS_ROLE_ARN, AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ENDPOINT_URL, and unset AWS_ACCESS_KEY_ID and AWS_PROFILE, so that the SDK gets them from the STS of the gate. Rotate a real AWS key that was sent here by mistake.',
  },
  'credentials-invalid': {
    party: 'client',
    status: 403,
    advice:
      'Get new credentials from the STS of the gate. Access key id, secret and session token belong together and must be used unchanged.',
  },
  'credentials-expired': {
    party: 'client',
    status: 403,
    advice: 'Get new credentials from the STS of the gate; SDKs that assume the role themselves do so.',
  },
  'session-revoked': {
    party: 'client',
    status: 403,
    advice:
      'A person has ended the session. Ask them, by the event id; get new credentials from the STS of the gate if you may.',
  },
  'revocations-unknown': {
    party: 'operator',
    status: 503,
    advice:
      'Retry with back-off. The gate cannot read from its store which sessions were ended, and lets no call of any pass meanwhile: the operator checks the disk of the data folder, or the database of `store`.',
  },
  'revocations-too-many': {
    party: 'client',
    status: 429,
    advice:
      'End sessions by their principal or role instead of one by one: one order is enough for all of them.',
  },
  'keyring-unsafe': {
    party: 'operator',
    status: 500,
    advice:
      'Restrict the file to 0600 and its folder to 0700, owned by the user of the gate. If others could read the keys, rotate them with the older ones revoked.',
  },
  'keyring-unreadable': {
    party: 'operator',
    status: 500,
    advice:
      'Restore the key file from a backup, or remove it: the gate makes a new one, and every live session ends.',
  },
  'proxy-host-refused': {
    party: 'client',
    status: 403,
    advice: 'Use the proxy of the gate for host names of AWS alone; set NO_PROXY for the others.',
  },
  'keyring-busy': {
    party: 'operator',
    status: 500,
    advice: 'Wait for the other rotation to end; remove the lock file if the process that made it is gone.',
  },

  // --- identity: tokens of OIDC issuers
  'issuer-misconfigured': {
    party: 'operator',
    status: 500,
    advice: 'Correct the entry of this issuer under `issuers` in the configuration.',
  },
  'issuer-unreachable': {
    party: 'upstream',
    status: 400,
    advice:
      'Retry; if it lasts, check that the gate can reach the discovery document and the key set of the issuer.',
  },
  'identity-token-invalid': {
    party: 'client',
    status: 400,
    advice:
      'Send a JSON Web Token of a configured issuer, signed with an asymmetric algorithm, for an audience that the issuer is configured with.',
  },
  'identity-token-expired': {
    party: 'client',
    status: 400,
    advice: 'Get a fresh token from the issuer; check that the token file is renewed.',
  },
  'identity-token-rejected': {
    party: 'client',
    status: 403,
    advice: 'Change the claim that the message names, in the configuration of the issuer.',
  },

  // --- identity: the STS of the gate
  'sts-parameter-invalid': {
    party: 'client',
    status: 400,
    advice: 'Correct the parameter that the message names.',
  },
  'sts-policy-malformed': {
    party: 'client',
    status: 400,
    advice:
      'Correct the session policy: a JSON policy document of at most 2048 characters without Principal.',
  },
  'sts-too-large': {
    party: 'client',
    status: 400,
    advice: 'Send fewer or shorter session tags, claims or a shorter session policy.',
  },
  'sts-denied': {
    party: 'client',
    status: 403,
    advice:
      'Ask for a role of the gate whose trust policy allows this identity and its conditions; the operator log has the reason by the event id.',
  },
  // --- identity: clients of databases
  'database-token-malformed': {
    party: 'client',
    status: 403,
    advice:
      'Give as the password what `sallyport token --target NAME` prints, or `aws rds generate-db-auth-token` with credentials of the gate, unchanged.',
  },
  'database-token-misdirected': {
    party: 'client',
    status: 403,
    advice:
      'Make a token for this very target: `sallyport token --target NAME`, and connect to the database of that name.',
  },
  'database-user-mismatch': {
    party: 'client',
    status: 403,
    advice:
      'Connect as the role that the credentials are for, by its name or its ARN, and make the token for that user.',
  },
  'database-target-unknown': {
    party: 'client',
    status: 403,
    advice: 'Name one target of the gate in the place of the database.',
  },
  'client-certificate-rejected': {
    party: 'client',
    status: 403,
    advice:
      'Come with a certificate for client authentication from an authority of `databases.clientCertificates`; `docs/databases-identity.md` says what it must be.',
  },
  'client-authorities-unusable': {
    party: 'operator',
    status: 500,
    advice: 'Put certificates of authorities alone, PEM, into `databases.clientCertificates.ca`.',
  },

  // --- record: the journal
  'journal-unavailable': {
    party: 'operator',
    status: 503,
    advice:
      'Nothing passes unrecorded: free space on the data volume or repair it; the gate recovers by itself.',
  },
  'journal-corrupt': {
    party: 'operator',
    status: 503,
    advice:
      'Run `sallyport sessions verify`; keep the named lane as evidence by moving it away, with its files in `heads` and `checkpoints`, then start again.',
  },
  'journal-locked': {
    party: 'operator',
    status: 503,
    advice: 'Another gate process writes this lane: stop it, or give this gate a data folder of its own.',
  },
  'journal-missing': {
    party: 'operator',
    status: 404,
    advice: "Name the gate's data folder with `--data`, or its configuration file with `--config`.",
  },
  'holds-unreadable': {
    party: 'operator',
    status: 500,
    advice:
      'Nothing is removed or shredded until the file can be read: restore it from a backup, or correct the line; after a crash while a hold was added, say that hold again.',
  },
  'holds-busy': {
    party: 'operator',
    status: 409,
    advice: 'Run the command again when the other one has ended.',
  },
  'events-removed': {
    party: 'operator',
    status: 410,
    advice:
      'Retention removed them: `sessions verify` prints which, and where they are kept if they were uploaded; prove the event from that copy.',
  },
  'removal-blocked': {
    party: 'operator',
    status: 500,
    advice:
      'Nothing of the lane is removed: run `sallyport sessions verify` and see what it says of the lane.',
  },
  'journal-key-unusable': {
    party: 'operator',
    status: 500,
    advice:
      'Give the public key as `sallyport sessions key` prints it; a key file is restored from a backup, with mode 0600 in a folder of mode 0700.',
  },
  'master-key-unavailable': {
    party: 'operator',
    status: 503,
    advice:
      'Check the key of `record.encryption`: that its file is there with mode 0600, or that the gate may call `kms:Encrypt` and `kms:Decrypt` with it; see docs/encryption.md.',
  },
  'session-idle': {
    party: 'client',
    status: 408,
    advice:
      'Connect anew; a client that keeps connections asks for something on each now and then, or closes it.',
  },
  'session-held': {
    party: 'operator',
    status: 409,
    advice:
      'Whoever put the session on hold has to release it first: `sallyport sessions holds` lists the holds.',
  },
  'content-sealed': {
    party: 'operator',
    status: 409,
    advice:
      "Give the gate's configuration with `--config`: its `record.encryption` says where the key is that opens what was recorded.",
  },
  'content-shredded': {
    party: 'operator',
    status: 410,
    advice:
      'Nothing brings it back: its key was deleted; the `shred` event in the journal says by whom and why.',
  },
  'checkpoint-missing': {
    party: 'operator',
    status: 404,
    advice: 'Wait for the next checkpoint: a gate that runs makes one within its interval, and when it ends.',
  },
  'proof-invalid': {
    party: 'operator',
    status: 400,
    advice: 'Trust nothing of the event: the proof was altered, or made with another key than the one given.',
  },
  'body-unrecorded': {
    party: 'operator',
    status: 503,
    advice:
      'A rule of `record.keep` wants this body on disk, and it cannot be: free space on the data volume or repair it.',
  },
  'body-missing': {
    party: 'client',
    status: 404,
    advice:
      'Ask `sallyport sessions show EVENT` what was kept of the call; `record.keep` in the configuration says what is kept of the next.',
  },
  'body-damaged': {
    party: 'operator',
    status: 500,
    advice:
      'The file is not what was recorded. Keep it as evidence, and run `sallyport sessions verify --bodies`.',
  },
  'event-too-large': {
    party: 'gate',
    status: 413,
    advice: 'The call cannot be recorded within the limit of one event; make a smaller call.',
  },
  'stream-state-unreadable': {
    party: 'operator',
    status: 500,
    advice:
      'Restore the file from a backup, or remove it: the stream then sends the whole journal again, with the same ids.',
  },
  'stream-undeliverable': {
    party: 'operator',
    status: 502,
    advice:
      'Look at the receiver: what is not delivered waits in the journal and is tried again for ever. docs/streams.md says what receivers must take.',
  },
  'events-unreadable': {
    party: 'operator',
    status: 400,
    advice:
      'Name files as CloudTrail delivers them: JSON with `Records`, or an event a line, also as .gz; fetch a damaged one again.',
  },
  'trail-unavailable': {
    party: 'operator',
    status: 502,
    advice:
      'Look at the credentials (`--profile`): they need `cloudtrail:LookupEvents`. What was throttled can be asked again for a shorter span.',
  },
  'reconcile-too-large': {
    party: 'operator',
    status: 413,
    advice: 'Reconcile a shorter span of time: `--since` and `--until`, and run it for each.',
  },
  'reconcile-roles-missing': {
    party: 'operator',
    status: 400,
    advice:
      'Name the configuration of the gate with `--config`, or the roles that it leases with `--role ARN`.',
  },
  'index-locked': {
    party: 'operator',
    status: 500,
    advice:
      'Search with the configuration of the gate, which names the key: --config FILE; or without the index: --scan.',
  },
  'index-busy': {
    party: 'operator',
    status: 503,
    advice: 'Another process brings the index up to date: try again when it has, or search with --scan.',
  },
  'segment-missing': {
    party: 'operator',
    status: 404,
    advice:
      'Name a lane and a segment of this journal, as `00/1`: its files stand in the folder `journal` of the data folder.',
  },
  'index-damaged': {
    party: 'operator',
    status: 500,
    advice:
      'The index holds nothing that the journal does not: remove the folder `index` of the data folder, or search with --scan.',
  },
  'export-unwritable': {
    party: 'operator',
    status: 500,
    advice: 'Name a file in a folder that exists, on a disk with room, with `--out`.',
  },
  'session-unknown': {
    party: 'operator',
    status: 404,
    advice: 'List the sessions with `sallyport sessions list`.',
  },
  'query-invalid': {
    party: 'operator',
    status: 400,
    advice: 'Write words, or `key:value` with one of the keys in docs/recordings.md; quote what has spaces.',
  },
  // --- interpret: an `aws` command line
  'command-line-invalid': {
    party: 'operator',
    status: 400,
    advice: 'Write the call as the AWS CLI takes it: `aws SERVICE OPERATION --member value`.',
  },
  // --- interpret: which AWS call a request is, and what it asks for
  'service-unknown': {
    party: 'client',
    status: 400,
    advice:
      "Sign for an AWS service that the gate's catalog knows; check the client's endpoint and signing name.",
  },
  'operation-unknown': {
    party: 'client',
    status: 400,
    advice: 'Update the gate if the operation is new; what it does not know, it does not pass.',
  },
  'request-ambiguous': {
    party: 'client',
    status: 400,
    advice: 'Send one meaning: one operation, in one place, in the protocol of the service.',
  },
  'header-duplicate': {
    party: 'client',
    status: 400,
    advice: 'Send each header once.',
  },
  'header-unknown': {
    party: 'client',
    status: 400,
    advice: 'Leave the header out: no parameter of the operation travels in it.',
  },
  'header-unsigned': {
    party: 'client',
    status: 403,
    advice: 'Sign every header that carries a parameter; AWS SDKs do so by themselves.',
  },
  'header-forbidden': {
    party: 'client',
    status: 400,
    advice: 'Leave the header out: it would let two readers take the request for two different ones.',
  },
  'parameter-duplicate': {
    party: 'client',
    status: 400,
    advice: 'Send each parameter once.',
  },
  'parameter-unknown': {
    party: 'client',
    status: 400,
    advice: 'Leave the parameter out, or update the gate if AWS has added it.',
  },
  'parameter-unclear': {
    party: 'client',
    status: 400,
    advice: 'Write the parameter in the plain form that the AWS documentation shows.',
  },
  'path-invalid': {
    party: 'client',
    status: 400,
    advice: 'Send the path as AWS SDKs write it: each part encoded once, no empty or dot segments.',
  },
  'host-unclear': {
    party: 'client',
    status: 400,
    advice: "Use the gate's own endpoint, or an AWS host name through the proxy, as the documentation shows.",
  },
  'content-type-mismatch': {
    party: 'client',
    status: 415,
    advice: "Send the content type of the service's own protocol.",
  },
  'body-unexpected': {
    party: 'client',
    status: 400,
    advice: 'Send the body as the operation takes it.',
  },
  'body-encoding': {
    party: 'client',
    status: 415,
    advice: 'Send the body plain or compressed with gzip.',
  },
  'bucket-name-invalid': {
    party: 'client',
    status: 400,
    advice: 'Name a bucket, an access point ARN or an access point alias.',
  },
  's3-form-upload': {
    party: 'client',
    status: 501,
    advice: 'Upload with PutObject or a presigned PUT URL: browser form uploads do not pass the gate.',
  },
  's3-unsupported': {
    party: 'client',
    status: 501,
    advice: 'Use the plain S3 API: the message names what does not pass the gate.',
  },
  'event-stream-input': {
    party: 'client',
    status: 501,
    advice: "Bidirectional event streams do not pass the gate: use the operation's plain form.",
  },
  'copy-source-invalid': {
    party: 'client',
    status: 400,
    advice: 'Write the copy source as `bucket/key`, `bucket/key?versionId=id` or an access point object ARN.',
  },
  'partiql-unclear': {
    party: 'client',
    status: 400,
    advice: 'Write one plain SELECT, INSERT, UPDATE, DELETE or EXISTS statement on one table.',
  },
  'operation-unmapped': {
    party: 'client',
    status: 403,
    advice: 'No IAM action is known for the operation, so nothing can allow it: report it.',
  },
  'too-many-resources': {
    party: 'client',
    status: 400,
    advice: 'Split the call: every resource that it names is decided one by one.',
  },
  'too-many-values': {
    party: 'client',
    status: 400,
    advice: 'Split the call: it holds more values than the gate reads for conditions.',
  },
  // --- config
  'config-invalid': {
    party: 'operator',
    status: 500,
    advice:
      'Correct the lines that the message names; `sallyport serve --check` shows them again, `docs/configuration.md` every key.',
  },
  // --- upstream: leases and forwarding
  'region-not-allowed': {
    party: 'client',
    status: 403,
    advice: 'Call a region that `aws.regions` names, or ask the operator of the gate to add this one.',
  },
  'upstream-host-invalid': {
    party: 'client',
    status: 400,
    advice:
      'Name the bucket, account or access point as AWS does; multi-Region access points and Outposts are not taken.',
  },
  'lease-denied': {
    party: 'operator',
    status: 403,
    advice:
      "Let the gate's own credentials assume the real role: its trust policy must name them, with `sts:SetSourceIdentity` and `sts:TagSession`.",
  },
  'lease-unavailable': {
    party: 'upstream',
    status: 503,
    advice:
      'Retry with back-off; the operator checks that the gate finds its own credentials and reaches the STS endpoint.',
  },
  'body-length-mismatch': {
    party: 'client',
    status: 400,
    advice: 'Send exactly as many bytes as the request announces.',
  },
  'upstream-unreachable': {
    party: 'upstream',
    status: 502,
    advice:
      'Check that the service exists in this region and that the gate reaches its endpoint (DNS, routes, `aws.endpoint`).',
  },
  'upstream-timeout': {
    party: 'upstream',
    status: 504,
    advice:
      'Retry if the call may be repeated; raise `limits.upstreamHeadersTimeout` if the service needs longer.',
  },
  'upstream-tls': {
    party: 'operator',
    status: 502,
    advice:
      "Give the gate the certificate authority of the endpoint (`NODE_EXTRA_CA_CERTS`), or correct the endpoint's certificate.",
  },

  // --- wire/http: what was sent as a request
  'http-malformed': {
    party: 'client',
    status: 400,
    advice:
      'Send the request as an AWS SDK does: an origin-form target of percent-encoded ASCII, headers of visible characters. A proxy or library between client and gate may be rewriting it.',
  },
  'http-ambiguous': {
    party: 'client',
    status: 400,
    advice:
      'Send each header and parameter once, and one statement of the body length. Two parsers could read this request in two ways, so the gate reads it in none.',
  },
  'http-path-refused': {
    party: 'client',
    status: 400,
    advice:
      'Send the plain path of the API operation. Dot segments, empty segments and double encoding are taken in keys of S3 objects only.',
  },
  'http-target-too-long': {
    party: 'client',
    status: 414,
    advice: 'Shorten the path or the query, or send the parameters in the body.',
  },
  'http-headers-too-large': {
    party: 'client',
    status: 431,
    advice: 'Send fewer or shorter headers; object metadata counts among them.',
  },
  'http-too-many-parameters': {
    party: 'client',
    status: 400,
    advice: 'Split the call into several smaller ones.',
  },
  'http-form-too-large': {
    party: 'client',
    status: 413,
    advice: 'Split the call into several smaller ones.',
  },

  // --- wire/sigv4: the signature of a request
  'signature-missing': {
    party: 'client',
    status: 403,
    advice:
      'Sign with credentials of the gate: set AWS_ENDPOINT_URL, AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE. Remove `--no-sign-request`, or signature_version=UNSIGNED, if it is set; the gate takes no anonymous calls and no browser form uploads.',
  },
  'signature-bearer': {
    party: 'client',
    status: 403,
    advice:
      'Sign with SigV4: set AWS_AUTH_SCHEME_PREFERENCE=sigv4, and unset AWS_BEARER_TOKEN_BEDROCK and other AWS_BEARER_TOKEN_ variables.',
  },
  'signature-v2': {
    party: 'client',
    status: 403,
    advice:
      "Sign with version 4. boto3: Config(signature_version='s3v4'), which presigned URLs with a custom endpoint need; AWS CLI: `aws configure set default.s3.signature_version s3v4`.",
  },
  'signature-v4a': {
    party: 'client',
    status: 403,
    advice:
      'Sign with SigV4 for one region: use a single-region access point or bucket, set AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS=true and AWS_AUTH_SCHEME_PREFERENCE=sigv4, and set no sigv4a signing region set.',
  },
  'signature-events': {
    party: 'client',
    status: 501,
    advice:
      'Calls that stream events to AWS do not pass the gate. Use the operation that takes a whole body.',
  },
  'signature-malformed': {
    party: 'client',
    status: 400,
    advice:
      'Let an AWS SDK sign the request; a proxy or library between client and gate may be rewriting it.',
  },
  'signature-two-forms': {
    party: 'client',
    status: 400,
    advice: 'Sign either in the Authorization header or in the query, never in both.',
  },
  'signature-unsigned-header': {
    party: 'client',
    status: 403,
    advice:
      'Sign host and every x-amz- header. A proxy that adds x-amz- headers after signing has to be told not to.',
  },
  'signature-mismatch': {
    party: 'client',
    status: 403,
    advice:
      'Check that access key, secret and session token belong together, and that nothing between client and gate rewrites host, path, query or signed headers.',
  },
  'signature-skewed': {
    party: 'client',
    status: 403,
    advice: 'Set the clock of the client by NTP; it may be off by 5 minutes at most.',
  },
  'signature-expired': {
    party: 'client',
    status: 403,
    advice: 'Make a new presigned URL; it lasts 7 days at most, and never longer than its credentials.',
  },
  'payload-hash-malformed': {
    party: 'client',
    status: 400,
    advice:
      'Send x-amz-content-sha256 as 64 lower-case hex digits, UNSIGNED-PAYLOAD, or one of the streaming values that the message names.',
  },
  'payload-hash-mismatch': {
    party: 'client',
    status: 400,
    advice:
      'The body changed after it was signed. Retry; if it repeats, look for a proxy that rewrites bodies.',
  },

  // --- wire/sigv4: chunked bodies and checksums
  'chunk-malformed': {
    party: 'client',
    status: 400,
    advice: 'Let an AWS SDK encode the body; a proxy or library between client and gate may be rewriting it.',
  },
  'chunk-too-large': {
    party: 'client',
    status: 400,
    advice: 'Sign chunks of at most 8 MiB; the SDKs use 64 KiB to 1 MiB.',
  },
  'chunk-signature-mismatch': {
    party: 'client',
    status: 403,
    advice:
      'The body changed after it was signed. Retry; if it repeats, look for a proxy that rewrites bodies.',
  },
  'chunk-length-mismatch': {
    party: 'client',
    status: 400,
    advice: 'Send exactly as many bytes as x-amz-decoded-content-length announces.',
  },
  'chunk-trailer-refused': {
    party: 'client',
    status: 400,
    advice: 'Send exactly the one trailing checksum that x-amz-trailer announces.',
  },
  'checksum-mismatch': {
    party: 'client',
    status: 400,
    advice: 'The body was damaged on its way or its checksum is wrong. Retry the upload.',
  },
  'checksum-unsupported': {
    party: 'client',
    status: 400,
    advice: 'Use CRC32, CRC32C, CRC64NVME, SHA1, SHA256, SHA512 or MD5 as the checksum algorithm.',
  },

  // --- wire/postgres: messages of PostgreSQL
  'postgres-malformed': {
    party: 'client',
    status: 400,
    advice:
      'Connect with a client that speaks the PostgreSQL protocol 3.0 or 3.2; a pooler or proxy between client and gate may be rewriting messages.',
  },
  'postgres-version-refused': {
    party: 'client',
    status: 400,
    advice: 'Connect with the PostgreSQL protocol 3.0 or 3.2, which every client since 2003 speaks.',
  },
  'postgres-message-unknown': {
    party: 'client',
    status: 400,
    advice: 'Use the messages of the PostgreSQL protocol 3; an extension to it cannot pass the gate.',
  },
  'postgres-message-too-large': {
    party: 'client',
    status: 413,
    advice: 'Send the data in several statements, or by `COPY`, which has no limit.',
  },
  'postgres-text-invalid': {
    party: 'client',
    status: 400,
    advice: 'Use `client_encoding` UTF8, the default of most clients: `PGCLIENTENCODING=UTF8`.',
  },
  'postgres-name-too-long': {
    party: 'client',
    status: 400,
    advice:
      'Name prepared statements and portals with at most 63 bytes: the server would cut a longer name off without a word.',
  },
  'postgres-too-many-values': {
    party: 'client',
    status: 400,
    advice: 'Send fewer parameters at once; the protocol itself ends at 65,535.',
  },
  'postgres-reply-malformed': {
    party: 'upstream',
    status: 502,
    advice:
      'Check that the target is a PostgreSQL server and that nothing between it and the gate rewrites messages.',
  },
  'postgres-reply-too-large': {
    party: 'upstream',
    status: 502,
    advice: 'Select less in one row, or in parts (`substring`); rows that are not masked may be larger.',
  },
  'postgres-reply-too-wide': {
    party: 'upstream',
    status: 502,
    advice: 'Select fewer columns; PostgreSQL itself ends at 1,664.',
  },

  // --- wire/postgres: SCRAM
  'scram-malformed': {
    party: 'client',
    status: 400,
    advice: 'Connect with a client that speaks SCRAM-SHA-256 as libpq does.',
  },
  'scram-proof-mismatch': {
    party: 'client',
    status: 401,
    advice: 'Check user and password; a token of the gate lives for minutes only.',
  },
  'scram-binding-mismatch': {
    party: 'client',
    status: 403,
    advice:
      'Connect to the gate directly: something between the client and it ends TLS. Only where that is meant, set `channel_binding=disable`.',
  },
  'scram-reply-malformed': {
    party: 'upstream',
    status: 502,
    advice: 'Check that the target is a PostgreSQL server.',
  },
  'scram-server-refused': {
    party: 'upstream',
    status: 502,
    advice:
      'Check user and password of the target; a password that is hashed with fewer than 4,096 iterations has to be set anew.',
  },
  'scram-server-unproven': {
    party: 'upstream',
    status: 502,
    advice:
      'Check the address and the certificate of the target: whoever answers does not know its password.',
  },

  // --- wire/mysql: packets of MySQL and MariaDB
  'mysql-malformed': {
    party: 'client',
    status: 400,
    advice:
      'Connect with a client that speaks the protocol of MySQL 5.7, 8 or MariaDB 10; a proxy between client and gate may be rewriting packets.',
  },
  'mysql-sequence-broken': {
    party: 'client',
    status: 400,
    advice: 'Connect anew: client and gate do not agree on which packet they are at.',
  },
  'mysql-capability-missing': {
    party: 'client',
    status: 400,
    advice: 'Connect with a client of MySQL 5.7 or MariaDB 10, or newer.',
  },
  'mysql-message-too-large': {
    party: 'client',
    status: 413,
    advice: 'Send the data in several statements, or by `mysql_stmt_send_long_data`.',
  },
  'mysql-text-invalid': {
    party: 'client',
    status: 400,
    advice: 'Use the character set utf8mb4, the default of most clients: `--default-character-set=utf8mb4`.',
  },
  'mysql-name-too-long': {
    party: 'client',
    status: 400,
    advice: 'Use the names that the server knows: none of them is longer than 64 characters.',
  },
  'mysql-too-many-values': {
    party: 'client',
    status: 400,
    advice: 'Send fewer parameters or attributes at once; the protocol itself ends at 65,535 parameters.',
  },
  'mysql-reply-malformed': {
    party: 'upstream',
    status: 502,
    advice:
      'Check that the target is MySQL 5.7 or MariaDB 10, or newer, and that nothing between rewrites packets.',
  },
  'mysql-reply-too-large': {
    party: 'upstream',
    status: 502,
    advice: 'Select less in one row; rows that are not masked may be larger.',
  },
  'mysql-reply-too-wide': {
    party: 'upstream',
    status: 502,
    advice: 'Select fewer columns; MySQL itself ends at 4,096.',
  },

  // --- wire: JSON, XML, CBOR
  'json-malformed': {
    party: 'client',
    status: 400,
    advice: 'Send one JSON text in UTF-8, as the AWS SDKs do.',
  },
  'json-duplicate': {
    party: 'client',
    status: 400,
    advice: 'Send each member of a JSON object once; two readers could take different ones.',
  },
  'json-limit': {
    party: 'client',
    status: 413,
    advice: 'Send a smaller or flatter JSON text; the message names the limit.',
  },
  'xml-malformed': {
    party: 'client',
    status: 400,
    advice: 'Send plain XML in UTF-8 without a document type, comments or CDATA, as the AWS SDKs do.',
  },
  'xml-limit': {
    party: 'client',
    status: 413,
    advice: 'Send a smaller or flatter XML document; the message names the limit.',
  },
  'cbor-malformed': {
    party: 'client',
    status: 400,
    advice: 'Send one CBOR data item of the kinds that Smithy RPC v2 uses, as the AWS SDKs do.',
  },
  'cbor-duplicate': {
    party: 'client',
    status: 400,
    advice: 'Send each key of a CBOR map once; two readers could take different ones.',
  },
  'cbor-limit': {
    party: 'client',
    status: 413,
    advice: 'Send a smaller or flatter CBOR item; the message names the limit.',
  },

  // --- interpret: the protocols of AWS
  'parameter-malformed': {
    party: 'client',
    status: 400,
    advice: 'Send the parameter in the type and form that the AWS API reference gives for it.',
  },
  'parameter-missing': {
    party: 'client',
    status: 400,
    advice: 'Send the parameter that the message names; the address of the call is made from it.',
  },
  'body-inflated-limit': {
    party: 'client',
    status: 413,
    advice: 'Send less in one call: the body is larger than the limit when it is unpacked.',
  },

  // --- mask: contents of objects in S3
  'object-unmaskable': {
    party: 'client',
    status: 403,
    advice:
      'Read an object of text, or ask for a policy that lets other objects pass: `OtherObjects: pass` in its `Mask`.',
  },
  'object-inflated-limit': {
    party: 'client',
    status: 403,
    advice: 'Read an object that is stored without compression; what unpacks to this much is not masked.',
  },
  'object-range-limit': {
    party: 'client',
    status: 403,
    advice:
      'Read the object as a whole instead of in ranges: raise the multipart threshold of the transfer manager.',
  },

  // --- catalog
  'catalog-damaged': {
    party: 'operator',
    status: 500,
    advice: 'Install Sallyport again: `data/catalog/catalog.pack` must be the file that came with it.',
  },
  'catalog-service-unknown': {
    party: 'client',
    status: 400,
    advice: 'Name the service by its id in the catalog; update the gate if the service is new.',
  },
  'catalog-region-unknown': {
    party: 'client',
    status: 400,
    advice: 'Sign for a region of AWS, such as `us-east-1`; update the gate if the partition is new.',
  },

  // --- grants: access requests and what people make of them
  'request-unknown': {
    party: 'client',
    status: 404,
    advice: 'List the access requests with `sallyport approvals list`; the number is in the denial.',
  },
  'request-closed': {
    party: 'client',
    status: 409,
    advice: 'Look at how the request ended: `sallyport approvals show`. The call, made again, asks again.',
  },
  'approver-not-eligible': {
    party: 'client',
    status: 403,
    advice:
      'Ask somebody whom the policy statement names, and who neither made the request nor is acted for by whoever made it.',
  },
  'approval-invalid': {
    party: 'client',
    status: 400,
    advice:
      'An approver may lessen the uses and the time that are asked for, to whole numbers of at least 1.',
  },
  'request-invalid': {
    party: 'client',
    status: 400,
    advice:
      'Correct what the message names: patterns of actions and ARNs, a time and a reason within the limits.',
  },
  'request-too-large': {
    party: 'client',
    status: 413,
    advice: 'Make a smaller call: people approve only what can be shown to them in full.',
  },
  'requests-too-many': {
    party: 'client',
    status: 429,
    advice: 'Wait until open requests of this principal are answered, or take some of them back.',
  },
  // --- store: access requests, grants and what is told of them
  'store-unavailable': {
    party: 'operator',
    status: 503,
    advice:
      'Retry with back-off. The operator checks the disk of the data folder, or that the gate reaches the database of `store`. Calls that need no approval pass for half a minute more: beyond it nobody knows which sessions were ended.',
  },
  'store-damaged': {
    party: 'operator',
    status: 503,
    advice:
      'Restore the store from a backup, or remove the row that the message names: what cannot be read in full is not acted upon.',
  },
  'store-newer': {
    party: 'operator',
    status: 500,
    advice:
      'Start the newer release of the gate that has migrated this store, or restore the backup from before.',
  },
  'store-unsafe': {
    party: 'operator',
    status: 500,
    advice:
      'Restrict the database file to 0600 and its folder to 0700, owned by the user of the gate: whoever can write it can approve anything.',
  },
  'store-url-invalid': {
    party: 'operator',
    status: 500,
    advice:
      'Write `store` as `postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full`; docs/store.md lists the parameters that are known.',
  },

  // --- policy
  'policy-invalid': {
    party: 'operator',
    status: 500,
    advice: 'Correct the document where the message points to; `sallyport policy check` lists every problem.',
  },
  'policy-unreadable': {
    party: 'operator',
    status: 500,
    advice: 'Name a policy, or a file of cases, that is there and not longer than a mebibyte.',
  },
  'role-unknown': {
    party: 'operator',
    status: 404,
    advice: 'Name a role by its ARN as `roles` of the configuration has it.',
  },
  'event-unknown': {
    party: 'operator',
    status: 404,
    advice: 'Name a decision by its id, as a denial and `sallyport sessions show` tell it.',
  },
  // --- api: the control API
  'api-token-missing': {
    party: 'client',
    status: 401,
    advice:
      'Send one `authorization: Bearer TOKEN` header, with a token of a configured issuer or of the local administrator.',
  },
  'api-token-rejected': {
    party: 'client',
    status: 401,
    advice:
      'Get a fresh token of an issuer that `people` names; `sallyport keys admin-token` makes a new one for the local administrator.',
  },
  'api-attempts-too-many': {
    party: 'client',
    status: 429,
    advice: 'Wait a minute: too many tokens from this address were refused.',
  },
  'api-denied': {
    party: 'client',
    status: 403,
    advice: 'Ask the operator of the gate to allow the `gate:` action that the message names.',
  },
  'api-path-unknown': {
    party: 'client',
    status: 404,
    advice: 'Call a path of `docs/control-api.md`, spelt as it is there.',
  },
  'api-method-refused': {
    party: 'client',
    status: 405,
    advice: 'Use the method that the `allow` header of the answer names.',
  },
  'api-host-refused': {
    party: 'client',
    status: 421,
    advice:
      'Call the admin address by its IP address, by localhost or by a name that the configuration gives it.',
  },
  'api-type-refused': {
    party: 'client',
    status: 415,
    advice: 'Send `content-type: application/json`.',
  },
  'api-body-too-large': {
    party: 'client',
    status: 413,
    advice: 'Send at most 16 KiB.',
  },
  'api-request-invalid': {
    party: 'client',
    status: 400,
    advice: 'Correct the member or parameter that the message names; see `docs/control-api.md`.',
  },
  'admin-token-unreadable': {
    party: 'operator',
    status: 500,
    advice: 'Remove the file: the gate makes a new token on its next start, and prints it once.',
  },

  // --- mask
  'reply-unmaskable': {
    party: 'upstream',
    status: 502,
    advice:
      'Ask for less (a page, a range, one item), or have the mask name fields that the reply has; see `docs/masks.md`.',
  },
  'mask-rule-invalid': {
    party: 'operator',
    status: 500,
    advice: 'Correct the `Mask` statement that the message names; `sallyport policy check` finds it.',
  },
  'mask-carried-back': {
    party: 'client',
    status: 400,
    advice:
      'Send the real value, or leave the parameter out: a value that came masked would overwrite what it stands for.',
  },

  // --- notify: what Slack sends back
  'callback-unauthentic': {
    party: 'client',
    status: 401,
    advice:
      'Give the gate the signing secret of the Slack app (`docs/notifications.md`), and set the clock of the gate by NTP.',
  },
  'callback-replayed': {
    party: 'client',
    status: 409,
    advice: 'Click again: each signed message is taken once.',
  },
  'callback-malformed': {
    party: 'client',
    status: 400,
    advice: "Let Slack alone call this path: it takes the clicks of the gate's own messages.",
  },
  'callback-person-unknown': {
    party: 'operator',
    status: 403,
    advice: "Name the person by workspace and member ID in the channel's `people`: `docs/notifications.md`.",
  },
  'callback-person-stale': {
    party: 'client',
    status: 403,
    advice: 'Sign in first: `sallyport approvals list`; then click again.',
  },

  // --- cli: calling a gate
  'gate-unreachable': {
    party: 'client',
    status: 503,
    advice:
      "Check `--url` or `SALLYPORT_URL`, and that the gate runs; for its certificate set `NODE_EXTRA_CA_CERTS` to the authority's file.",
  },
  'gate-reply-unclear': {
    party: 'client',
    status: 502,
    advice: 'Check that `--url` is the admin address of a gate of this version.',
  },
  'token-unreadable': {
    party: 'client',
    status: 401,
    advice:
      'Set `SALLYPORT_TOKEN`, name a file by `--token-file`, or put the token into `~/.config/sallyport/token`.',
  },
  'database-client-missing': {
    party: 'client',
    status: 400,
    advice: 'Install `psql` or `mysql`, or have `sallyport token` print the password for another client.',
  },

  // --- upstream: databases
  'database-unreachable': {
    party: 'upstream',
    status: 502,
    advice: 'Check host and port of the target, and that the gate reaches it (DNS, routes, security groups).',
  },
  'database-tls': {
    party: 'upstream',
    status: 502,
    advice:
      "Check that the server takes TLS, and that the target's `ca` holds its authority (for RDS: the bundle of its region).",
  },
  'database-refused': {
    party: 'upstream',
    status: 502,
    advice: "Read the server's words in the message, and check user, database and credentials of the target.",
  },
  'database-secret-unavailable': {
    party: 'upstream',
    status: 502,
    advice:
      'Check that the gate reaches Secrets Manager, and that its own credentials may do `secretsmanager:GetSecretValue` on the secret of the target (and `kms:Decrypt` with its key).',
  },
  'database-secret-invalid': {
    party: 'operator',
    status: 502,
    advice: 'Keep a JSON object with `username` and `password` in the secret of the target, as RDS does.',
  },

  // --- interpret/sql
  'sql-catalog-unclear': {
    party: 'upstream',
    status: 502,
    advice:
      'Check that the target is a PostgreSQL server from 11 on, and that the gate may read its catalog.',
  },
  'sql-session-unclear': {
    party: 'client',
    status: 400,
    advice:
      'Connect anew and leave `standard_conforming_strings` on and `client_encoding` UTF8: the gate reads SQL by these alone.',
  },
  'sql-rows-unknown': {
    party: 'client',
    status: 403,
    advice:
      'Send a change whose number of rows the database tells: one INSERT, UPDATE, DELETE or MERGE that is not in another statement.',
  },
  'sql-rows-too-large': {
    party: 'client',
    status: 403,
    advice:
      'Change fewer rows at once, or leave out RETURNING: its rows wait at the gate until the change is decided.',
  },
  'sql-names-changed': {
    party: 'client',
    status: 409,
    advice: 'Send the statement again: it is asked about by what its names mean now.',
  },
  'sql-cancelled': {
    party: 'client',
    status: 409,
    advice: 'Send the statement again if it is still wanted; the access request stays open.',
  },
  'sql-parser-gone': {
    party: 'gate',
    status: 503,
    advice: 'Send the statement again; if it ends the parser each time, write it in a simpler way.',
  },

  // --- archive: uploads and anchors
  'bucket-unavailable': {
    party: 'operator',
    status: 502,
    advice:
      'Nothing is lost: it is tried again for ever. Check the region, the network, and that the credentials may do what `docs/archive.md` lists.',
  },
  'archive-contradicted': {
    party: 'operator',
    status: 500,
    advice:
      'Somebody has changed the journal, or has written where it is archived: keep both as they are and run `sallyport sessions verify --anchor`; `docs/archive.md` says how to go on.',
  },
  'archive-state-unreadable': {
    party: 'operator',
    status: 500,
    advice:
      'Move the named file away: what was archived is compared with the journal anew, and nothing is sent that is there.',
  },
  'archive-file-refused': {
    party: 'operator',
    status: 500,
    advice:
      'Find out who put it there: in the folder of the journal, the gate writes plain files and no links.',
  },
  'parquet-unwritten': {
    party: 'operator',
    status: 500,
    advice:
      'Run `sallyport sessions export --format parquet` for that segment to see why; the segment itself is uploaded, and its Parquet form is tried again.',
  },
  'anchor-unavailable': {
    party: 'operator',
    status: 502,
    advice:
      'Nothing is lost: checkpoints are told in order, and tried again for ever; see `docs/archive.md`.',
  },
  'anchor-unreadable': {
    party: 'operator',
    status: 500,
    advice: 'Give the file of an anchor, or the folder that `aws s3 sync` has made of one.',
  },

  // --- mask: what is looked for
  'mask-pattern-invalid': {
    party: 'operator',
    status: 500,
    advice: 'Write the pattern in the syntax of RE2, or use one of the built-in detectors.',
  },
  'mask-detector-unknown': {
    party: 'operator',
    status: 500,
    advice: 'Name a built-in detector or a pattern of the configuration; `docs/masks.md` lists them.',
  },
} as const

/** A stable error code. */
export type ErrorCode = keyof typeof table

/** Every error code that the gate can raise, in the order of the data path. */
export const ERROR_CODES: Readonly<Record<ErrorCode, ErrorCodeEntry>> = table
