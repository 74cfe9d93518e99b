import { loadCatalog } from '../catalog/load.ts'
import { systemFiles } from '../config/files.ts'
import type { ConfigPorts } from '../config/findings.ts'
import { GateError } from '../core/errors.ts'
import { ClientAuthorities } from '../identity/databases/client-authorities.ts'
import { approverProblems } from './approver-checks.ts'
import { patternProblem } from './mask-checks.ts'
import { checkDocument } from './policies.ts'

/** What reading a configuration takes: the file system, the catalog's names, and the policy language. */
export async function configPorts(): Promise<ConfigPorts> {
  const catalog = loadCatalog()
  return {
    files: systemFiles,
    services: catalog.services,
    checkPolicy: (document, kind, { detectors, peopleIssuers }) => [
      ...checkDocument(document, kind, { catalog: () => catalog, own: detectors }),
      ...approverProblems(document, kind, peopleIssuers),
    ],
    checkDetectors: patternProblem,
    checkClientAuthorities: authoritiesProblem,
    environment: name => process.env[name],
  }
}

/** Why the gate could not start with these authorities. */
function authoritiesProblem(pem: string): string | undefined {
  try {
    new ClientAuthorities(pem)
    return undefined
  } catch (error) {
    if (error instanceof GateError) return error.message
    throw error
  }
}
