import { askByCatalog, askResources } from '../by-catalog.ts'
import { objectsAt, textAt } from '../values.ts'
import { forAll, OTHERS, type Rule, type ServiceRules } from './rule.ts'

/** Tagging names its resource by the ARN that it calls `ResourceName`. */
const onTagged: Rule = (call, answer) => {
  const arn = (textAt(call.parameters, 'ResourceName') ?? '').toLowerCase()
  const clear = arn.startsWith('arn:') && !/[*?]/.test(arn)
  answer.pair(`rds:${call.operation}`, clear ? arn : '*', clear ? {} : { certainty: 'any' })
}

/** What is made with tags has to be allowed to be tagged; `rds:req-tag/KEY` is what RDS calls them. */
const others: Rule = (call, answer) => {
  askByCatalog(call, answer)
  const tags = objectsAt(call.parameters, 'Tags[]')
  if (tags.length === 0) return
  for (const tag of tags) {
    const key = textAt(tag, 'Key')
    if (key !== undefined) answer.key(`rds:req-tag/${key}`, textAt(tag, 'Value') ?? '')
  }
  if (/^(?:Create|Copy|Restore|Purchase|StartExport)/.test(call.operation)) {
    askResources(call, answer, 'rds:AddTagsToResource')
  }
}

export const RDS_RULES: ServiceRules = {
  ...forAll(['AddTagsToResource', 'ListTagsForResource', 'RemoveTagsFromResource'], onTagged),
  [OTHERS]: others,
}
