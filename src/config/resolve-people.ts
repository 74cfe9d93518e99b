import { Redacted } from '../core/redacted.ts'
import type { Findings } from './findings.ts'
import type { ApprovalsConfig, ChannelConfig, StoreConfig } from './model.ts'
import { isLoopback } from './scalars.ts'
import { type ChannelSettings, isPostgresUrl, type PeopleSettings } from './schema-people.ts'
import type { Path } from './source.ts'

/** Where access requests and grants are kept. */
export function resolveStore(store: PeopleSettings['store'], findings: Findings): StoreConfig {
  if (store === 'sqlite') return { kind: 'sqlite' }
  if (typeof store === 'string') return { kind: 'postgres', url: new Redacted(store) }
  const text = readSecret(['store', 'file'], store.file, findings)
  if (text !== undefined && !isPostgresUrl(text.reveal())) {
    findings.error(['store', 'file'], `\`${store.file}\` does not hold a \`postgres://\` URL`)
  }
  return { kind: 'postgres', url: text ?? new Redacted('') }
}

export function resolveApprovals(
  approvals: PeopleSettings['approvals'],
  findings: Findings,
): ApprovalsConfig {
  return {
    ...(approvals.url === undefined ? {} : { url: approvals.url.replace(/\/$/, '') }),
    policies: approvals.policies.map((file, i) =>
      findings.policyFile(['approvals', 'policies', i], file, 'control'),
    ),
    openForMs: approvals.openFor,
    keepForMs: approvals.keepFor,
    maxStandingMs: approvals.maxStanding,
    pendingPerPrincipal: approvals.pending,
    groupsForMs: approvals.groupsFor,
  }
}

export function resolveChannels(
  channels: readonly ChannelSettings[],
  findings: Findings,
): readonly ChannelConfig[] {
  return channels.flatMap((channel, i) => resolveChannel(channel, ['notify', i], findings))
}

function resolveChannel(
  { name, slack, webhook }: ChannelSettings,
  path: Path,
  findings: Findings,
): readonly ChannelConfig[] {
  if ((slack === undefined) === (webhook === undefined)) {
    findings.error(path, `channel \`${name}\` has neither or both of \`slack\` and \`webhook\`; expected one`)
    return []
  }
  if (webhook !== undefined) {
    checkWebhookUrl(webhook.url, [...path, 'webhook', 'url'], findings)
    const secrets = webhook.secrets.flatMap((file, i) => {
      return readSecret([...path, 'webhook', 'secrets', i], file, findings) ?? []
    })
    return [{ kind: 'webhook', name, url: webhook.url, secrets }]
  }
  if (slack === undefined) return []
  const token = readSecret([...path, 'slack', 'token'], slack.token, findings)
  const signingSecret = readSecret([...path, 'slack', 'signingSecret'], slack.signingSecret, findings)
  if (token === undefined || signingSecret === undefined) return []
  return [
    {
      kind: 'slack',
      name,
      channel: slack.channel,
      token,
      signingSecret,
      people: new Map(Object.entries(slack.people)),
      ...(slack.api === undefined ? {} : { api: slack.api }),
    },
  ]
}

export function checkWebhookUrl(url: string, path: Path, findings: Findings): void {
  const { protocol, hostname } = new URL(url)
  if (protocol === 'https:' || isLoopback(hostname.replace(/^\[|\]$/g, ''))) return
  findings.error(path, `\`${url}\` is plain HTTP, where what is told could be read by others; expected https`)
}

/** A secret in a file of its own, without the line's end; others must not be able to read it. */
export function readSecret(path: Path, written: string, findings: Findings): Redacted | undefined {
  const file = findings.read(path, written)
  if (file === undefined) return undefined
  if ((file.mode & 0o007) !== 0) {
    const mode = file.mode.toString(8).padStart(4, '0')
    findings.error(
      path,
      `the secret file \`${written}\` has mode \`${mode}\`, so that every user of this machine may use it; ` +
        'expected no permissions for others, such as `chmod 600` gives',
    )
  }
  const text = file.bytes.toString('utf8').trim()
  if (text === '') findings.error(path, `the secret file \`${written}\` is empty`)
  return new Redacted(text)
}
