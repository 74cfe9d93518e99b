import type { Config } from '../config/model.ts'

/** Where people see an access request: the address that the configuration gives, else the admin address. */
export class Links {
  #base: string

  constructor({ approvals, admin, tls }: Config) {
    const host = admin.host.includes(':') ? `[${admin.host}]` : admin.host
    this.#base = approvals.url ?? `${tls ? 'https' : 'http'}://${host}:${admin.port}`
  }

  /** The admin address as it came about, where the system chose the port. */
  listening(address: string, { approvals, tls }: Config): void {
    if (approvals.url === undefined) this.#base = `${tls ? 'https' : 'http'}://${address}`
  }

  to(requestId: string): string {
    return `${this.#base}/r/${requestId}`
  }
}
