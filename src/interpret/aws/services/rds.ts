import { askArn } from '../ask-arn.ts'
import { askByCatalog, askResources } from '../by-catalog.ts'
import { foldCase } from '../fold-case.ts'
import { objectsAt, textAt } from '../values.ts'
import { forAll, OTHERS, type Rule, type ServiceRules } from './rule.ts'

/** Tagging names its resource by the ARN that it calls `ResourceName`. */
const onTagged: Rule = (call, answer) => {
  const arn = textAt(call.parameters, 'ResourceName') ?? ''
  askArn(answer, `rds:${call.operation}`, foldCase('rds', arn), { orAs: [arn] })
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
