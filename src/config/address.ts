/** Where to listen. */
export interface Address {
  /** A host name or an IP address; IPv6 without brackets. */
  readonly host: string
  /** 0 lets the system choose one. */
  readonly port: number
}
