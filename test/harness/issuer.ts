import { exportJWK, generateKeyPair, SignJWT } from 'jose'

/** An identity provider of a test: its public keys, and a pen. */
export interface Issuer {
  readonly issuer: string
  /** The JWK set, as a file's text. */
  readonly jwks: string
  /** A signed token; `claims` over the usual ones. */
  token(subject: string, claims?: Record<string, unknown>): Promise<string>
  /** A signed token of exactly these claims. */
  sign(claims: Record<string, unknown>): Promise<string>
}

/** Makes an issuer with one fresh ES256 key. `url` is its `iss`. */
export async function createIssuer(url: string, audience = 'sallyport'): Promise<Issuer> {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const jwk = { ...(await exportJWK(publicKey)), kid: 'test-key', alg: 'ES256', use: 'sig' }
  return {
    issuer: url,
    jwks: JSON.stringify({ keys: [jwk] }),
    sign: claims =>
      new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: 'test-key', typ: 'JWT' }).sign(privateKey),
    token: (subject, claims = {}) =>
      new SignJWT({ ...claims })
        .setProtectedHeader({ alg: 'ES256', kid: 'test-key', typ: 'JWT' })
        .setIssuer(url)
        .setAudience(audience)
        .setSubject(subject)
        .setIssuedAt()
        .setExpirationTime('1h')
        .sign(privateKey),
  }
}
