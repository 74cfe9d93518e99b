import type { Demand } from '../core/decision.ts'
import type { AccessRequest, Approval, Person, Requester } from './model.ts'

/** Which demands (numbers from 0) a person may answer; or why none. */
export interface Eligibility {
  readonly demands: readonly number[]
  /** Prose, set if and only if `demands` is empty. */
  readonly why?: string
}

/** `Person.id` of the local administrator, whom `admin` in `From` names. */
const LOCAL_ADMIN = 'sallyport/admin'

/** The part of an access request that it takes to know who may answer. */
type Asked = Pick<AccessRequest, 'requester' | 'demands' | 'approvals'>

/**
 * Whether, and for what, a person's approval would count: for the demands that name them and are not met yet.
 * Four eyes: nobody approves for themselves, for one who acts for them, or twice.
 */
export function mayApprove(request: Asked, person: Person): Eligibility {
  const named = namedFor(request, person)
  if (named.demands.length === 0) return named
  const names = namesOf(person)
  if (request.approvals.some(approval => isBy(approval, person, names))) {
    return none('this person has approved it already')
  }
  const open = named.demands.filter(number => !isMet(request, number))
  return open.length === 0
    ? none('others are waited for: what this person may approve is approved')
    : { demands: open }
}

/**
 * Whether a person may deny: whoever a demand names, also after an approval; nobody for themselves. The local
 * administrator may deny everything, as it only takes away.
 */
export function mayDeny(request: Asked, person: Person): Eligibility {
  return person.id === LOCAL_ADMIN ? { demands: [...request.demands.keys()] } : namedFor(request, person)
}

/** The demands that name a person who has not asked themselves. */
function namedFor({ requester, demands }: Asked, person: Person): Eligibility {
  if (isOneself(requester, person))
    return none('nobody answers a request of their own, or of one who acts for them')
  const named = [...demands.keys()].filter(number =>
    demands[number]?.from.some(from => isNamed(from, person)),
  )
  return named.length === 0 ? none('no policy statement that asked names this person') : { demands: named }
}

/** Whether as many people have approved for the demand of this number as it asks for. */
export function isMet({ demands, approvals }: Asked, number: number): boolean {
  const demand: Demand | undefined = demands[number]
  return (
    demand !== undefined &&
    approvals.filter(approval => approval.demands.includes(number)).length >= demand.count
  )
}

/** Every name by which a person may be recognised, comparable. */
export function namesOf({ subject, knownAs }: Pick<Person, 'subject' | 'knownAs'>): readonly string[] {
  return comparable([subject, ...knownAs])
}

/** An entry of `From`. Groups and subjects are compared exactly: they are names that others gave. */
export function isNamed(from: string, person: Person): boolean {
  if (from === 'admin') return person.id === LOCAL_ADMIN
  if (from.startsWith('group/')) return person.groups.includes(from.slice('group/'.length))
  return from === `person/${person.id}`
}

/** Rather one too many: who shares a name with the requester asks somebody else to approve. */
function isOneself({ subject, sourceIdentity, knownAs }: Requester, person: Person): boolean {
  const own = new Set(comparable([subject, sourceIdentity ?? '', ...knownAs]))
  return namesOf(person).some(name => own.has(name))
}

/** The same account, or another one of the same person. */
function isBy({ by, knownAs }: Approval, person: Person, names: readonly string[]): boolean {
  return by === person.id || (knownAs?.some(name => names.includes(name)) ?? false)
}

/** Control and format characters, which two issuers may treat differently. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu

/** Without case and without differences of encoding that nobody sees. */
function comparable(names: readonly string[]): string[] {
  return names
    .map(name => name.replace(UNSEEN, '').normalize('NFKC').trim().toLowerCase())
    .filter(name => name !== '')
}

function none(why: string): Eligibility {
  return { demands: [], why }
}
