import { type AddressPorts, overrideOf } from './address.ts'

/** Where leases come from: `aws.endpoint` holds for the gate's own STS calls too. */
export function stsEndpoint(region: string, ports: Pick<AddressPorts, 'catalog' | 'endpoints'>): string {
  const override = overrideOf('sts', ports.endpoints)
  return override?.href ?? `https://${ports.catalog.endpoint('sts', region).host}`
}
