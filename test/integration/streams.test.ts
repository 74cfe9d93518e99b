import assert from 'node:assert/strict'
import { webcrypto } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { createServer, type TLSSocket } from 'node:tls'
import 'reflect-metadata'
import { SubjectAlternativeNameExtension, X509CertificateGenerator } from '@peculiar/x509'
import type { Outbound } from '../../src/archive/stream/outbound.ts'
import { SyslogSink } from '../../src/archive/stream/syslog-sink.ts'

/** A certificate that vouches for itself, for one name and no other. */
async function selfSigned(name: string): Promise<{ key: string; certificate: string }> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 3_600_000),
    extensions: [new SubjectAlternativeNameExtension([{ type: 'dns', value: name }])],
  })
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64')
  const key = `-----BEGIN PRIVATE KEY-----\n${der.replace(/.{64}/g, '$&\n')}\n-----END PRIVATE KEY-----\n`
  return { key, certificate: certificate.toString('pem') }
}

function event(id: string): Outbound {
  const text = JSON.stringify({ id })
  return { id, timeMs: 0, kind: 'call', sessionId: undefined, weight: 'information', text, short: () => text }
}

test('syslog over TLS: the certificate must be of the authority that is named, and of the receiver', async () => {
  const good = await selfSigned('localhost')
  const other = await selfSigned('elsewhere.example')
  const signal = new AbortController().signal
  for (const [certificate, trusted, expected] of [
    [good, good, undefined],
    [good, other, /DEPTH_ZERO_SELF_SIGNED_CERT/],
    [good, undefined, /DEPTH_ZERO_SELF_SIGNED_CERT/],
    [other, other, /ERR_TLS_CERT_ALTNAME_INVALID/],
  ] as const) {
    const received: Buffer[] = []
    const server = createServer(
      { cert: certificate.certificate, key: certificate.key },
      (socket: TLSSocket) => {
        socket.on('data', (bytes: Buffer) => void received.push(bytes)).on('error', () => undefined)
      },
    )
    server.on('tlsClientError', () => undefined)
    server.listen(0)
    await once(server, 'listening')
    const sink = new SyslogSink({
      name: 'siem',
      address: 'localhost',
      port: (server.address() as AddressInfo).port,
      facility: 13,
      host: 'gate',
      tls: trusted === undefined ? {} : { ca: trusted.certificate },
    })
    const delivery = sink.deliver([event('a'), event('b')], signal)
    if (expected === undefined) await delivery
    else await assert.rejects(delivery, expected)
    server.close()
    assert.equal(Buffer.concat(received).includes('"id":"b"'), expected === undefined)
  }
})
