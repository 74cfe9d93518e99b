import type { ErrorCode } from '../core/codes.ts'

/**
 * AWS's names for the errors of identity, by which SDKs tell them apart (some refresh their credentials
 * on `ExpiredToken`, some retry on `IDPCommunicationError`). The status is that of the error's code.
 * Source: STS API Reference, "Common errors" and the errors of each call.
 */
export const IDENTITY_WIRE_CODES: Readonly<Partial<Record<ErrorCode, string>>> = {
  'credentials-not-gate': 'InvalidClientTokenId',
  'credentials-invalid': 'InvalidClientTokenId',
  'credentials-expired': 'ExpiredToken',
  'session-revoked': 'ExpiredToken',
  'issuer-unreachable': 'IDPCommunicationError',
  'identity-token-invalid': 'InvalidIdentityToken',
  'identity-token-expired': 'ExpiredTokenException',
  'identity-token-rejected': 'IDPRejectedClaim',
  'sts-parameter-invalid': 'ValidationError',
  'sts-policy-malformed': 'MalformedPolicyDocument',
  'sts-too-large': 'PackedPolicyTooLarge',
  'sts-denied': 'AccessDenied',
}
