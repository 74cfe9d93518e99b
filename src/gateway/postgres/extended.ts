import { GateError } from '../../core/errors.ts'
import type { BackendMessage, Bind, FrontendMessage, Parse } from '../../wire/postgres/messages.ts'
import { writeFrontend } from '../../wire/postgres/writer.ts'
import type { Met } from '../sql/statement-decision.ts'
import { callsFunctions, type Understood } from '../sql/understood.ts'
import { writeError } from './complaint.ts'
import { Copying } from './copying.ts'
import type { Portal, Prepared } from './handles.ts'
import { HeldChange } from './held-change.ts'
import type { Line, Read } from './line.ts'
import { saidParameters } from './parameters.ts'
import type { Message } from './relay.ts'
import type { Run } from './run.ts'
import { givesResults, mayCopyIn, poisonParse } from './simple.ts'

type Kind = FrontendMessage['kind']
const FLUSH = writeFrontend({ kind: 'flush' })
const NO_STATEMENT = '26000'
const NO_PORTAL = '34000'
const TOO_MANY = '53400'

/** The extended protocol: Parse, Bind, Describe, Execute, Close, up to a Sync. */
export class ExtendedQueries {
  readonly #line: Line
  /** A message of this batch was denied: as after an error of the server, nothing more of it counts. */
  #skipping = false
  /** Portals that people were asked for when they were bound, and that ran since. */
  readonly #executed = new WeakSet<Portal>()

  constructor(line: Line) {
    this.#line = line
  }

  /** Whether a message is passed over, for an earlier one of its batch was denied. */
  skips(kind: Kind): boolean {
    return this.#skipping && kind !== 'sync'
  }

  /** Gives what there is to wait for before the next message, if anything. */
  take(message: FrontendMessage, bytes: Buffer): Promise<void> | undefined {
    const line = this.#line
    switch (message.kind) {
      case 'parse':
        return this.#parse(message, bytes)
      case 'bind':
        return this.#bind(message, bytes)
      case 'describe':
        return line.pass([[{ kind: 'describe' }, bytes]])
      case 'execute':
        return this.#execute(message.portal, bytes)
      case 'close': {
        const { handle, name } = message
        const { handles } = line
        const undo =
          handle === 'S' ? handles.setStatement(name, undefined) : handles.setPortal(name, undefined)
        return line.pass([[{ kind: 'close', undo }, bytes]])
      }
      case 'flush':
        line.write(bytes)
        line.flush()
        return line.drained()
      case 'sync': {
        this.#skipping = false
        const full = line.pass([[{ kind: 'sync' }, bytes]])
        line.endBatch()
        return full
      }
      default:
        throw new GateError(
          'postgres-malformed',
          `the client sends \`${message.kind}\` where it has no place`,
        )
    }
  }

  async #parse({ statement, sql, types }: Parse, bytes: Buffer): Promise<void> {
    const line = this.#line
    if (line.handles.isFull) return this.#refuse(TOO_MANY, 'the session has too many prepared statements')
    const read = await line.read(sql)
    const { parsed, understood } = read
    const prepared = { sql, parsed, types }
    const message = (isHushed: boolean, run?: Run): Message => {
      const undo = line.handles.setStatement(statement, prepared)
      return [{ kind: 'parse', isHushed, undo, ...(run === undefined ? {} : { run, isLast: true }) }, bytes]
    }
    const decision = line.decideAhead(understood)
    if (!line.isDenied(decision, read)) return line.send([message(line.masks(decision, understood).isHushed)])
    const text = { message: 'Parse', sql, tags: understood.tags, parameters: [] } as const
    const onlyParsed = { ...read, understood: unchanging(understood) }
    await line.ask(
      text,
      onlyParsed,
      run => [message(run.isHushed, run)],
      error => this.#deny(error),
    )
  }

  #bind(message: Bind, bytes: Buffer): Promise<void> | undefined {
    const line = this.#line
    const { statement } = message
    const prepared = line.handles.statement(statement)
    if (prepared === undefined) {
      return this.#refuse(NO_STATEMENT, `the gate does not know the prepared statement \`${statement}\``)
    }
    if (line.handles.isFull) return this.#refuse(TOO_MANY, 'the session has too many portals')
    const read = line.readPrepared(prepared)
    if (!(read instanceof Promise)) return this.#bound(message, prepared, read, bytes)
    return read.then(late => this.#bound(message, prepared, late, bytes))
  }

  #bound(
    { portal, parameters: values, formats }: Bind,
    prepared: Prepared,
    read: Read,
    bytes: Buffer,
  ): Promise<void> | undefined {
    const line = this.#line
    const { understood } = read
    const decision = line.decideAhead(understood)
    const { version } = line.names
    const parameters = saidParameters(values, formats, prepared.types)
    const bound = { sql: prepared.sql, prepared, understood, version, parameters }
    const message = (isHushed: boolean, run?: Run): Message => {
      const undo = line.handles.setPortal(portal, { ...bound, met: run?.met })
      const inTime = line.inTime(read)
      return [
        { kind: 'bind', isHushed, undo, ...inTime, ...(run === undefined ? {} : { run, isLast: true }) },
        bytes,
      ]
    }
    // The server plans at Bind, and whoever plans runs functions that say they are immutable.
    const isRecorded = line.isDenied(decision, read) || callsFunctions(understood)
    if (!isRecorded) return line.pass([message(line.masks(decision, understood).isHushed)])
    const asking = line.ask(
      { message: 'Bind', sql: prepared.sql, tags: understood.tags, parameters },
      { ...read, understood: unchanging(understood) },
      run => [message(run.isHushed, run)],
      error => this.#deny(error),
    )
    return asking.then(() => undefined)
  }

  async #execute(name: string, bytes: Buffer): Promise<void> {
    const line = this.#line
    const portal = line.handles.portal(name)
    if (portal === undefined) return this.#refuse(NO_PORTAL, `the gate does not know the portal \`${name}\``)
    const { sql, parameters } = portal
    const found = line.readPortal(portal)
    const read = found instanceof Promise ? await found : found
    const { parsed, understood } = read
    const copiesIn = mayCopyIn(understood)
    let copying: Copying | undefined
    let held: HeldChange | undefined
    await line.ask(
      { message: 'Execute', sql, tags: understood.tags, parameters },
      { ...read, met: this.#metFor(portal) },
      (run, counting) => {
        if (counting !== undefined) {
          held = new HeldChange({ line, run, counting, deny: error => this.#deny(error) })
        }
        if (copiesIn) copying = new Copying(line, run)
        const done = (): void => line.handles.learn(sql, parsed, understood)
        const inTime = givesResults(understood) ? line.inTime(read) : {}
        const execute: Message = [{ kind: 'execute', run, isLast: true, done, ...inTime }, bytes]
        return run.needsColumns ? [describing(name, run), execute] : [execute]
      },
      error => this.#deny(error),
    )
    if (held !== undefined) return held.settle(copying)
    if (copying === undefined) return
    line.write(FLUSH)
    line.flush()
    await copying.once()
  }

  /** What people have said of a portal holds once. */
  #metFor(portal: Portal): Met | undefined {
    if (portal.met === undefined || this.#executed.has(portal)) return undefined
    this.#executed.add(portal)
    return portal.met
  }

  #refuse(sqlstate: string, message: string): Promise<void> {
    return this.#deny(writeError({ sqlstate, message }))
  }

  /** Makes the server fail here, too, so that its batch and its transaction end as the client is told. */
  async #deny(error: Buffer): Promise<void> {
    this.#skipping = true
    await this.#line.send([poisonParse(error)])
  }
}

/** What is only prepared or bound changes nothing, and gives no names, yet. */
function unchanging(understood: Understood): Understood {
  const statements = understood.statements.map(statement => ({ ...statement, effects: [] }))
  return { ...understood, statements, change: 'nothing' }
}

/** Asks what the rows are made of, for masks: types and formats as they will come. */
function describing(name: string, run: Run): Message {
  const own = (message: BackendMessage): void => {
    if (message.kind === 'row-description') run.describe(message.columns)
    if (message.kind === 'no-data') run.describe([])
  }
  return [{ kind: 'describe', run, own }, writeFrontend({ kind: 'describe', handle: 'P', name })]
}
