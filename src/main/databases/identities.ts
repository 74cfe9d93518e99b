import type { Config } from '../../config/model.ts'
import { systemClock, systemRandom } from '../../core/clock.ts'
import { connectionContext } from '../../gateway/context.ts'
import { certificateLogin } from '../../identity/databases/certificate-login.ts'
import { ClientAuthorities } from '../../identity/databases/client-authorities.ts'
import { type CertificateLogin, DatabaseIdentities } from '../../identity/databases/databases.ts'
import type { KnownTarget, SessionBegan } from '../../identity/databases/port.ts'
import type { Identities } from '../identities.ts'
import type { Policies } from '../policies.ts'
import type { Sessions } from '../sessions.ts'

interface Foundations {
  readonly identities: Pick<Identities, 'credentials'>
  readonly policies: Pick<Policies, 'trusts'>
  readonly sessions: Pick<Sessions, 'isEnded'>
  readonly began: SessionBegan
}

/** Who the clients of each engine are. A session that a certificate begins is one for all engines. */
export function openDatabaseIdentities(
  config: Config,
  foundations: Foundations,
  listenPorts: (engine: KnownTarget['engine']) => readonly number[],
): (engine: KnownTarget['engine']) => DatabaseIdentities {
  const certificates = openCertificates(config, foundations)
  return engine =>
    new DatabaseIdentities({
      engine,
      targets: config.targets,
      listenPorts: () => listenPorts(engine),
      credentials: foundations.identities.credentials,
      clock: systemClock,
      ...(certificates === undefined ? {} : { certificates }),
    })
}

function openCertificates(
  { databases: { clientCertificates }, roles }: Config,
  { policies, sessions, began }: Foundations,
): CertificateLogin | undefined {
  if (clientCertificates === undefined) return undefined
  return certificateLogin({
    authorities: new ClientAuthorities(clientCertificates.ca),
    issuer: clientCertificates.issuer,
    roles: new Map(roles.map(({ arn, maxSessionMs }) => [arn, { arn, maxSessionMs }])),
    trusts: policies.trusts,
    connection: facts => connectionContext(facts, systemClock),
    began,
    isEnded: principal => sessions.isEnded(principal),
    clock: systemClock,
    random: systemRandom,
  })
}
