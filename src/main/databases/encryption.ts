import type { Config } from '../../config/model.ts'
import { databaseContext, type EncryptionOptions } from '../../gateway/sql/encryption.ts'

/** TLS for clients of databases, with the certificate that the gate has for all; undefined without one. */
export function clientEncryption({ tls, databases }: Config): EncryptionOptions | undefined {
  if (tls === undefined) return undefined
  return {
    secureContext: databaseContext(tls.key.reveal(), tls.certificate),
    requestCertificate: databases.clientCertificates !== undefined,
  }
}
