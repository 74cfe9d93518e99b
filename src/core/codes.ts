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
  overloaded: {
    party: 'gate',
    status: 503,
    advice: 'Retry with back-off; raise the limit named in the message if it lasts.',
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
  'credentials-revoked': {
    party: 'client',
    status: 403,
    advice: 'The session was ended by an operator. Start a new one if you may.',
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
} as const

/** A stable error code. */
export type ErrorCode = keyof typeof table

/** Every error code that the gate can raise, in the order of the data path. */
export const ERROR_CODES: Readonly<Record<ErrorCode, ErrorCodeEntry>> = table
