import { askByCatalog } from '../by-catalog.ts'
import { objectsAt, textAt } from '../values.ts'
import { OTHERS, type Rule, type ServiceRules } from './rule.ts'

/** What a session is given needs permissions of its own (IAM User Guide, "Pass session tags in AWS STS"). */
const assumeRole: Rule = (call, answer) => {
  askByCatalog(call, answer)
  const asked = answer.pairs
  const tags = objectsAt(call.parameters, 'Tags[]').length > 0
  const source = textAt(call.parameters, 'SourceIdentity') !== undefined
  for (const { resource, certainty } of asked) {
    if (tags) answer.pair('sts:TagSession', resource, { certainty })
    if (source) answer.pair('sts:SetSourceIdentity', resource, { certainty })
  }
}

export const STS_RULES: ServiceRules = { AssumeRole: assumeRole, [OTHERS]: askByCatalog }
