import { awsAccessKey, awsSecretKey, awsSessionToken } from './aws.ts'
import { bearerToken } from './bearer-token.ts'
import { creditCard } from './credit-card.ts'
import type { Detector } from './detector.ts'
import { emailAddress } from './email.ts'
import { iban } from './iban.ts'
import { jwt } from './jwt.ts'
import { phoneNumber } from './phone-number.ts'
import { presignedUrl } from './presigned-url.ts'
import { privateKey } from './private-key.ts'
import { usSsn } from './us-ssn.ts'

/** The built-in detectors, in the order of their priority where two find the same. */
export const BUILT_IN: readonly Detector[] = [
  privateKey,
  awsAccessKey,
  awsSecretKey,
  awsSessionToken,
  jwt,
  bearerToken,
  presignedUrl,
  creditCard,
  iban,
  usSsn,
  emailAddress,
  phoneNumber,
]
