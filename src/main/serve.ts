import cluster, { type Worker } from 'node:cluster'
import type { Server } from 'node:net'
import { parseArgs } from 'node:util'
import { AggregatorRegistry, Registry } from 'prom-client'
import { type AdminTls, createAdminServer } from '../api/admin.ts'
import { check, DEFAULT_CONFIG_PATH } from '../cli/check.ts'
import { readConfig } from '../config/load.ts'
import type { Config } from '../config/model.ts'
import { formatProblem } from '../config/problem.ts'
import { GateError } from '../core/errors.ts'
import { openArchive } from './archive.ts'
import { configPorts } from './config-ports.ts'
import { type Control, openControl } from './control.ts'
import { type LaneMessage, LanePost } from './databases/lane-post.ts'
import { afterMs, openDesk } from './desk.ts'
import { type GateAddresses, openGate } from './gate.ts'
import { openIdentities } from './identities.ts'
import { openKeyring } from './keyring.ts'
import { openLane } from './lane.ts'
import { Links } from './links.ts'
import { listen } from './listen.ts'
import { createLog, type Log } from './log.ts'
import { openPolicies } from './policies.ts'
import { killsOfWorkers } from './sessions.ts'

const USAGE = 'usage: sallyport serve [--config FILE] [--check [--json]]\n'
/** A worker that dies at once is not started again at once. */
const RESTART_MS = 1_000
/** For calls in flight when the gate is told to stop. */
const DRAIN_MS = 10_000

/** `sallyport serve`: runs the gate until it is told to stop. */
export async function serve(args: readonly string[]): Promise<number> {
  const options = parse(args)
  if (options === undefined) {
    process.stderr.write(USAGE)
    return 2
  }
  if (options.help) {
    process.stdout.write(USAGE)
    return 0
  }
  if (options.check) {
    const out = (text: string): void => void process.stdout.write(text)
    const err = (text: string): void => void process.stderr.write(text)
    return check(args, { config: await configPorts(), out, err })
  }
  try {
    const { config, problems } = readConfig(options.config, await configPorts())
    if (cluster.isPrimary) for (const problem of problems) process.stderr.write(`${formatProblem(problem)}\n`)
    if (config === undefined) return 1
    if (cluster.isWorker) await runWorker(config)
    else if (config.workers > 1) await runPrimary(config)
    else await runAlone(config)
    return 0
  } catch (error) {
    if (!(error instanceof GateError)) throw error
    process.stderr.write(`sallyport: ${error.message}\n${error.advice}\n`)
    return 1
  }
}

interface Options {
  readonly config: string
  readonly check: boolean
  readonly help: boolean
}

function parse(args: readonly string[]): Options | undefined {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        config: { type: 'string' },
        check: { type: 'boolean' },
        json: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    })
    return {
      config: values.config ?? DEFAULT_CONFIG_PATH,
      check: values.check ?? false,
      help: values.help ?? false,
    }
  } catch {
    return undefined
  }
}

/** Everything in one process. */
async function runAlone(config: Config): Promise<void> {
  const log = createLog(config.log.level)
  const lanes = { own: 0, count: 1 }
  const post = new LanePost({ lanes, send: () => undefined, after: afterMs })
  const gate = await openGate(config, 0, log, post)
  const registry = gate.metrics
  const people = await openControl(config, gate.people)
  const admin = createAdminServer(
    {
      troubles: () => gate.troubles(),
      metrics: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
      ...people,
    },
    adminTls(config),
  )
  const stop = async (): Promise<void> => {
    admin.close()
    admin.closeAllConnections()
    await people.stop()
    await gate.close(DRAIN_MS)
  }
  try {
    await announceAdmin(config, admin, gate.people.links)
    announce(config, await gate.listen())
  } catch (error) {
    // What listens already would keep the process, which is of no use.
    await stop()
    throw error
  }
  const archive = openArchive(config, gate.journal, log, registry)
  await toldToStop()
  await stop()
  await archive.stop()
}

/** What a worker tells the primary. */
interface WorkerStatus {
  readonly kind: 'status'
  readonly listening?: GateAddresses
  readonly troubles: readonly string[]
}

/** What the primary tells its workers. */
interface WorkerOrder {
  readonly kind: 'sessions-ended'
}

/** One of several processes that share the listening socket; each writes a journal lane of its own. */
async function runWorker(config: Config): Promise<void> {
  const lane = Number(process.env['SALLYPORT_LANE'])
  const log = createLog(config.log.level, { lane })
  const post = new LanePost({
    lanes: { own: lane, count: config.workers },
    send: tellPrimary,
    after: afterMs,
  })
  const gate = await openGate(config, lane, log, post)
  const admin = process.env['SALLYPORT_ADMIN']
  if (admin !== undefined) gate.people.links.listening(admin, config)
  // Making one is what lets prom-client answer the primary's questions, from the registry that is named.
  new AggregatorRegistry()
  AggregatorRegistry.setRegistries(gate.metrics)
  const listening = await gate.listen().catch(async (error: unknown) => {
    await gate.close(0)
    process.disconnect?.()
    throw error
  })
  const tell = (): void => {
    tellPrimary({ kind: 'status', listening, troubles: gate.troubles() })
  }
  tell()
  const timer = setInterval(tell, 500)
  process.on('message', (message: WorkerOrder | LaneMessage) => {
    if (message?.kind === 'sessions-ended') gate.sessionsEnded()
    if (message?.kind === 'lane') void post.receive(message)
  })
  await toldToStop()
  clearInterval(timer)
  await gate.close(DRAIN_MS)
  process.disconnect?.()
}

/** Starts the workers, starts again what dies, and speaks for all of them on the admin address. */
async function runPrimary(config: Config): Promise<void> {
  const log = createLog(config.log.level, { primary: true })
  const statuses = new Map<number, WorkerStatus>()
  const workers = new Map<number, Worker>()
  const aggregate = new AggregatorRegistry()
  const own = new Registry()
  const people = await openPeople(config, log, own)
  const admin = createAdminServer(
    {
      ...people,
      troubles: () => troublesOf(config.workers, statuses),
      metrics: async () => ({
        contentType: aggregate.contentType,
        text: `${await aggregate.clusterMetrics()}\n${await own.metrics()}`,
      }),
    },
    adminTls(config),
  )
  // Before the workers: their denials link to it, and the system may choose its port.
  const address = await announceAdmin(config, admin, people.links)
  let stopping = false
  const start = (lane: number): void => {
    const worker = cluster.fork({ SALLYPORT_LANE: String(lane), SALLYPORT_ADMIN: address })
    workers.set(lane, worker)
    worker.on('message', (message: WorkerStatus | LaneMessage) => {
      if (message?.kind === 'status') onStatus(config, statuses, lane, message)
      if (message?.kind === 'lane') carry(message, workers)
    })
    worker.once('exit', code => {
      statuses.delete(lane)
      workers.delete(lane)
      if (stopping) return
      log.error({ lane, code }, 'a worker ended; it is started again')
      setTimeout(() => stopping || start(lane), RESTART_MS)
    })
  }
  for (let lane = 0; lane < config.workers; lane++) start(lane)
  await toldToStop()
  stopping = true
  await Promise.all(Object.values(cluster.workers ?? {}).map(worker => worker && ended(worker)))
  admin.close()
  admin.closeAllConnections()
  await people.stop()
}

/** The people's side beside the workers, with a lane of the journal of its own behind theirs. */
async function openPeople(
  config: Config,
  log: Log,
  metrics: Registry,
): Promise<Control & { readonly links: Links }> {
  const { journal } = await openLane(config, config.workers, log)
  const open = await openDesk(config, journal)
  const policies = openPolicies(config)
  const identities = openIdentities(config, policies, openKeyring(config))
  const links = new Links(config)
  const kills = killsOfWorkers({ store: open.store, journal, log }, tellWorkers)
  const control = await openControl(config, { open, policies, identities, log, links, kills })
  const archive = openArchive(config, journal, log, metrics)
  return {
    ...control,
    links,
    async stop() {
      await control.stop()
      await open.close()
      await journal.close()
      await archive.stop()
    },
  }
}

/** From one worker to another; to one that is away, nobody carries anything. */
function carry(message: LaneMessage, workers: ReadonlyMap<number, Worker>): void {
  const worker = workers.get(message.to)
  if (worker?.isConnected()) worker.send(message, nobodyIsThere)
}

function tellPrimary(message: WorkerStatus | LaneMessage): void {
  process.send?.(message, undefined, undefined, nobodyIsThere)
}

/** A process that has just died hears nothing more; without this, saying something to it would end the one that says it. */
function nobodyIsThere(): void {
  // Its end is noticed, and told, where it is waited for.
}

/** One that is just starting reads by itself. */
function tellWorkers(): void {
  const order: WorkerOrder = { kind: 'sessions-ended' }
  for (const worker of Object.values(cluster.workers ?? {}))
    if (worker?.isConnected()) worker.send(order, nobodyIsThere)
}

function onStatus(
  config: Config,
  statuses: Map<number, WorkerStatus>,
  lane: number,
  status: WorkerStatus,
): void {
  const first = ![...statuses.values()].some(known => known.listening !== undefined)
  statuses.set(lane, status)
  if (first && status.listening !== undefined) announce(config, status.listening)
}

function troublesOf(workers: number, statuses: ReadonlyMap<number, WorkerStatus>): readonly string[] {
  const troubles: string[] = []
  for (let lane = 0; lane < workers; lane++) {
    const status = statuses.get(lane)
    if (status === undefined) troubles.push(`worker ${lane} is not up`)
    else troubles.push(...status.troubles.map(trouble => `worker ${lane}: ${trouble}`))
  }
  return troubles
}

async function ended(worker: Worker): Promise<void> {
  const gone = new Promise<void>(resolve => worker.once('exit', () => resolve()))
  worker.kill('SIGTERM')
  const timer = setTimeout(() => worker.process.kill('SIGKILL'), DRAIN_MS * 2)
  await gone
  clearTimeout(timer)
}

function toldToStop(): Promise<void> {
  return new Promise(resolve => {
    process.once('SIGTERM', () => resolve())
    process.once('SIGINT', () => resolve())
  })
}

function adminTls({ tls }: Config): AdminTls | undefined {
  return tls && { certificate: tls.certificate, key: tls.key.reveal() }
}

function announce(config: Config, { aws, databases }: GateAddresses): void {
  const engines = Object.entries(databases).map(([engine, address]) => `sallyport: ${engine} on ${address}\n`)
  process.stdout.write(
    [...engines, `sallyport: listening on ${config.tls ? 'https' : 'http'}://${aws}\n`].join(''),
  )
}

/** Gives the address as it came about. */
async function announceAdmin(config: Config, admin: Server, links: Links): Promise<string> {
  const address = await listen(admin, config.admin)
  links.listening(address, config)
  process.stdout.write(`sallyport: admin on ${config.tls ? 'https' : 'http'}://${address}\n`)
  return address
}
