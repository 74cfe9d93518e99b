import { type Deposited, deposit } from './deposit.ts'
import { type Plan, planUpload } from './plan.ts'
import type { UploadPorts, UploadSettings } from './ports.ts'
import type { ProgressStore } from './progress.ts'
import { type SourceFile, type SourceFiles, sourceFiles } from './source-file.ts'

/** What the parts of one upload share. */
export interface UploadContext extends UploadPorts {
  readonly settings: UploadSettings
  readonly sources: SourceFiles
  readonly progress: ProgressStore
  readonly strangers: Map<string, string>
}

export function contextOf(
  settings: UploadSettings,
  ports: UploadPorts,
  progress: ProgressStore,
): UploadContext {
  return { ...ports, settings, progress, strangers: new Map(), sources: ports.sources ?? sourceFiles }
}

/** Where a file goes, and how. */
export interface Sending {
  readonly key: string
  readonly contentType: string
  readonly ifAbsent: boolean
  /** How much of the file; absent: all. */
  readonly bytes?: number
}

/** Plans and puts a file. */
export async function send(
  context: UploadContext,
  file: SourceFile,
  { key, contentType, ifAbsent, bytes }: Sending,
  signal: AbortSignal,
): Promise<{ readonly plan: Plan; readonly deposited: Deposited }> {
  const { bucket, progress, strangers, settings, limits } = context
  const { storageClass } = settings
  const plan = await planUpload(file, signal, { ...limits, ...(bytes === undefined ? {} : { bytes }) })
  // What is replaced again and again stays in the class that has no least age.
  const keeping = {
    ifAbsent,
    contentType,
    ...(ifAbsent && storageClass !== undefined ? { storageClass } : {}),
  }
  return {
    plan,
    deposited: await deposit({ key, file, plan, keeping }, { bucket, progress, strangers, signal }),
  }
}
