import type { Clock } from '../../core/clock.ts'
import type { Redacted } from '../../core/redacted.ts'
import type { ApiFacts } from '../../record/export/facts.ts'
import type { JournalFiles } from '../../record/files.ts'
import type { JournalSource } from '../../record/read.ts'
import type { Post } from '../anchor/webhook-target.ts'
import { FileSink } from './file-sink.ts'
import type { Gap } from './lane-reader.ts'
import type { StreamFormat } from './outbound.ts'
import type { Sink } from './sink.ts'
import { Stream } from './stream.ts'
import { SyslogSink } from './syslog-sink.ts'
import { WebhookSink } from './webhook-sink.ts'

/** A stream as it is configured: `StreamConfig` of src/config/model-record.ts. */
export type StreamSettings = { readonly name: string; readonly format: StreamFormat } & (
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'webhook'; readonly url: string; readonly secrets: readonly Redacted[] }
  | {
      readonly kind: 'syslog'
      readonly host: string
      readonly port: number
      readonly tls?: { readonly ca?: string }
      readonly facility: number
    }
)

/** What every stream takes from outside. */
export interface StreamWorld {
  readonly source: JournalSource
  readonly files: JournalFiles
  /** `data/archive/streams` */
  readonly stateFolder: string
  readonly clock: Clock
  readonly facts: ApiFacts
  /** The name of this machine. */
  readonly hostName: string
  readonly post: Post
  /** Events were removed before this stream had sent them; `stream` is its name. */
  readonly gap: (stream: string, gap: Gap) => void
}

/** A stream is a job without an end. Throws `config-invalid` for a webhook's secret that is none. */
export function createStream(settings: StreamSettings, world: StreamWorld): Stream {
  const { hostName, post, gap, ...ports } = world
  const sink = createSink(settings, world)
  return new Stream(settings, { ...ports, sink, gap: each => gap(settings.name, each) })
}

function createSink(settings: StreamSettings, { clock, hostName, post }: StreamWorld): Sink {
  switch (settings.kind) {
    case 'file':
      return new FileSink(settings.path)
    case 'webhook':
      return new WebhookSink(settings, clock, post)
    case 'syslog': {
      const { name, host: address, port, facility, tls } = settings
      return new SyslogSink({
        name,
        address,
        port,
        facility,
        host: hostName,
        ...(tls === undefined ? {} : { tls }),
      })
    }
  }
}
