import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { it } from 'node:test'
import { createSecureContext } from 'node:tls'
import { rdsAuthorities } from './authorities.ts'

it('has the authorities of RDS, each a certificate that may vouch for others', () => {
  const pem = rdsAuthorities()
  const certificates = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  // Several for each of more than thirty regions.
  assert.ok(certificates.length > 90, `${certificates.length}`)
  assert.equal(pem.match(/-----BEGIN/g)?.length, certificates.length)
  const parsed = certificates.map(text => new X509Certificate(text))
  for (const certificate of parsed) {
    assert.ok(certificate.ca, certificate.subject)
    assert.match(certificate.subject, /^CN=Amazon (RDS|Root CA) |^CN=Starfield Services Root /m)
  }
  for (const region of ['us-east-1', 'eu-west-1', 'ap-southeast-2']) {
    assert.ok(
      parsed.some(({ subject }) => subject.includes(region)),
      region,
    )
  }
  assert.ok(createSecureContext({ ca: pem }))
})
