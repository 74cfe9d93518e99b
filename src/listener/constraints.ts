/**
 * Name constraints of a certificate authority (RFC 5280, 4.2.1.10,
 * https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.10), in DER:
 *
 *     SEQUENCE { [0] permitted { SEQUENCE { [2] dNSName } ... },
 *                [1] excluded  { SEQUENCE { [7] iPAddress } ... } }
 *
 * With them, even a stolen key of the authority vouches for no name but those below the suffixes, and for
 * no address at all.
 */

export const NAME_CONSTRAINTS_OID = '2.5.29.30'

const SEQUENCE = 0x30
const PERMITTED = 0xa0
const EXCLUDED = 0xa1
const DNS_NAME = 0x82
const IP_ADDRESS = 0x87

/** DER of constraints to these DNS suffixes (`amazonaws.com`). */
export function encodeNameConstraints(suffixes: readonly string[]): Buffer {
  const names = suffixes.map(suffix => encode(SEQUENCE, encode(DNS_NAME, Buffer.from(suffix, 'ascii'))))
  // Address and mask, all zero: every address of the family.
  const addresses = [8, 32].map(bytes => encode(SEQUENCE, encode(IP_ADDRESS, Buffer.alloc(bytes))))
  return encode(
    SEQUENCE,
    Buffer.concat([encode(PERMITTED, Buffer.concat(names)), encode(EXCLUDED, Buffer.concat(addresses))]),
  )
}

/** Tag, length in as few bytes as it takes, and content. */
function encode(tag: number, content: Buffer): Buffer {
  const { length } = content
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content])
  if (length < 0x100) return Buffer.concat([Buffer.from([tag, 0x81, length]), content])
  return Buffer.concat([Buffer.from([tag, 0x82, length >> 8, length & 0xff]), content])
}
