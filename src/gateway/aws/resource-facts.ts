import type { Pair } from '../../core/decision.ts'
import type { ResourceFacts } from '../../grants/model.ts'
import type { XmlElement } from '../../wire/xml/element.ts'
import { readXml } from '../../wire/xml/reader.ts'

/** Instances that an approver is told about; a call may name a thousand. */
const MAX_INSTANCES = 20
const MAX_FACT_CHARS = 256

const INSTANCE = /^arn:[^:]*:ec2:[^:]*:[^:]*:instance\/(i-[0-9a-f]{8,17})$/

/** The instances among the resources of a call, by id. */
export function instancesIn(pairs: readonly Pair[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const { resource, certainty } of pairs) {
    const id = certainty === 'exact' ? INSTANCE.exec(resource)?.[1] : undefined
    if (id !== undefined && found.size < MAX_INSTANCES) found.set(id, resource)
  }
  return found
}

/**
 * The call that tells of them, as a form.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html
 */
export function describeInstances(ids: Iterable<string>): string {
  const form = new URLSearchParams({ Action: 'DescribeInstances', Version: '2016-11-15' })
  let number = 1
  for (const id of ids) form.set(`InstanceId.${number++}`, id)
  return form.toString()
}

/** Name, type and state of each instance in the reply. Throws where the reply is no XML. */
export function readInstances(reply: Buffer, arns: ReadonlyMap<string, string>): readonly ResourceFacts[] {
  return items(readXml(reply), 'reservationSet').flatMap(reservation =>
    items(reservation, 'instancesSet').flatMap(instance => factsOf(instance, arns)),
  )
}

function factsOf(instance: XmlElement, arns: ReadonlyMap<string, string>): ResourceFacts[] {
  const resource = arns.get(textOf(instance, 'instanceId'))
  if (resource === undefined) return []
  const name = items(instance, 'tagSet').find(tag => textOf(tag, 'key') === 'Name')
  const state = instance.children.find(child => child.name === 'instanceState')
  const facts: [string, string][] = [
    ['type', textOf(instance, 'instanceType')],
    ['state', state === undefined ? '' : textOf(state, 'name')],
    // Last, as it may be long: the others are AWS's own words, and must not be pushed out of sight.
    ['name', name === undefined ? '' : quoted(textOf(name, 'value'))],
  ]
  return [{ resource, facts: Object.fromEntries(facts.filter(([, value]) => value !== '')) }]
}

/** A name that whoever tagged the instance chose: what is not plainly one word cannot pass for more facts. */
function quoted(text: string): string {
  return text === '' || /^[\w.:/@+-]+$/.test(text) ? text : JSON.stringify(text)
}

function items(of: XmlElement, name: string): readonly XmlElement[] {
  return of.children.find(child => child.name === name)?.children ?? []
}

function textOf(of: XmlElement, name: string): string {
  return (of.children.find(child => child.name === name)?.text ?? '').slice(0, MAX_FACT_CHARS)
}
