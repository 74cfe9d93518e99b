import type { Answer } from '../answer.ts'
import { parseArn } from '../arn.ts'
import { askArn } from '../ask-arn.ts'
import { askByCatalog } from '../by-catalog.ts'
import { textAt } from '../values.ts'
import { OTHERS, ownArn, type Rule, type RuleCall, type ServiceRules } from './rule.ts'

const MODEL = /^[A-Za-z0-9-]{1,63}\.[A-Za-z0-9.:-]{1,128}$/
/** Beginnings of AWS's own inference profiles, which run a model in several regions. */
const PROFILE = /^(?:apac|au|ca|eu|global|jp|us|us-gov)\./
const GUARDRAIL = /^[a-z0-9]{1,64}$/

function modelArn(call: RuleCall, model: string): string {
  return `arn:${call.caller.partition}:bedrock:${call.region}::foundation-model/${model}`
}

/**
 * A model by its id or ARN. An inference profile needs the profile and the model behind it, which may run in
 * any region (Bedrock User Guide, "Prerequisites for inference profiles").
 */
const invoke: Rule = (call, answer) => {
  const { action } = call.authorization
  const model = textAt(call.parameters, 'modelId')
  if (action === undefined || model === undefined) {
    askByCatalog(call, answer)
    return
  }
  askGuardrail(call, answer)
  if (parseArn(model)?.service === 'bedrock' && !/[*?]/.test(model)) answer.pair(action, model)
  else if (!MODEL.test(model)) answer.pair(action, '*', { certainty: 'any' })
  else if (PROFILE.test(model)) {
    const behind = model.slice(model.indexOf('.') + 1)
    answer.pair(action, ownArn(call, 'bedrock', `inference-profile/${model}`))
    answer.pair(action, modelArn(call, behind), {
      orAs: [`arn:${call.caller.partition}:bedrock:*:*:foundation-model/${behind}`],
    })
  } else answer.pair(action, modelArn(call, model))
}

function askGuardrail(call: RuleCall, answer: Answer): void {
  const { parameters } = call
  const id =
    textAt(parameters, 'guardrailIdentifier') ?? textAt(parameters, 'guardrailConfig.guardrailIdentifier')
  if (id === undefined || id === '') return
  const version =
    textAt(parameters, 'guardrailVersion') ?? textAt(parameters, 'guardrailConfig.guardrailVersion')
  const arn = GUARDRAIL.test(id) ? ownArn(call, 'bedrock', `guardrail/${id}`) : id
  askArn(answer, 'bedrock:ApplyGuardrail', arn)
  const suffix = version === undefined || version === 'DRAFT' ? '' : `:${version}`
  answer.setKey('bedrock:GuardrailIdentifier', `${arn}${suffix}`)
}

export const BEDROCK_RUNTIME_RULES: ServiceRules = {
  Converse: invoke,
  ConverseStream: invoke,
  CountTokens: invoke,
  InvokeModel: invoke,
  InvokeModelWithResponseStream: invoke,
  [OTHERS]: askByCatalog,
}
