import type { Catalog } from '../catalog/model.ts'
import type { AskedPairs } from '../cli/policy/ports.ts'
import type { Principal } from '../core/principal.ts'
import { parseCommandLine } from '../interpret/aws/command-line.ts'
import { readCallFromParameters } from '../interpret/aws/interpret.ts'
import { partitionOf } from './policy-session.ts'

/** What signs a call where no region is named; also the region of AWS's global services. */
const FIRST_REGION: Readonly<Record<string, string>> = {
  'aws-cn': 'cn-north-1',
  'aws-us-gov': 'us-gov-west-1',
}

/**
 * What an `aws` command line, without `aws`, asks for when the principal runs it.
 * @throws GateError `command-line-invalid`, and what interpreting the call throws
 */
export function interpretCommandLine(
  catalog: Catalog,
  words: readonly string[],
  principal: Principal,
): AskedPairs {
  const { service, operation, parameters, region: named } = parseCommandLine(words, catalog)
  const partition = partitionOf(principal.roleArn)
  const region = named ?? process.env['AWS_REGION'] ?? FIRST_REGION[partition] ?? 'us-east-1'
  const caller = { account: principal.account, partition }
  const { pairs, context } = readCallFromParameters(catalog, service, operation, parameters, region, caller)
  return { pairs, context: new Map([...context, ['aws:requestedregion', [region]]]) }
}
