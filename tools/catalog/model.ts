/** The parts of botocore's `service-2.json` that the catalog takes over; documentation is not among them. */

export interface BotoXmlNamespace {
  readonly uri: string
  readonly prefix?: string
}

export interface BotoRef {
  readonly shape: string
  /** Read by the generator, to know what a member is for; never in the catalog. */
  readonly documentation?: string
  readonly location?: string
  readonly locationName?: string
  readonly queryName?: string
  readonly flattened?: boolean
  readonly xmlAttribute?: boolean
  readonly xmlNamespace?: BotoXmlNamespace
  readonly streaming?: boolean
  readonly sensitive?: boolean
  readonly jsonvalue?: boolean
  readonly hostLabel?: boolean
  readonly idempotencyToken?: boolean
  readonly eventpayload?: boolean
  readonly eventheader?: boolean
  readonly timestampFormat?: string
}

export interface BotoShape {
  readonly type: string
  readonly members?: Readonly<Record<string, BotoRef>>
  readonly required?: readonly string[]
  readonly payload?: string
  readonly union?: boolean
  readonly document?: boolean
  readonly enum?: readonly string[]
  readonly eventstream?: boolean
  readonly event?: boolean
  readonly member?: BotoRef
  readonly key?: BotoRef
  readonly value?: BotoRef
  readonly flattened?: boolean
  readonly timestampFormat?: string
  readonly sensitive?: boolean
  readonly streaming?: boolean
  readonly locationName?: string
  readonly xmlNamespace?: BotoXmlNamespace
  readonly error?: {
    readonly code?: string
    readonly httpStatusCode?: number
    readonly senderFault?: boolean
  }
  readonly exception?: boolean
}

export interface BotoOperation {
  readonly name: string
  readonly http: { readonly method: string; readonly requestUri: string }
  readonly input?: BotoRef
  readonly output?: BotoRef & { readonly resultWrapper?: string }
  readonly errors?: readonly { readonly shape: string }[]
  readonly endpoint?: { readonly hostPrefix?: string }
  readonly authtype?: string
  readonly auth?: readonly string[]
  readonly unsignedPayload?: boolean
  readonly httpChecksumRequired?: boolean
  readonly httpChecksum?: { readonly requestChecksumRequired?: boolean }
}

export interface BotoMetadata {
  readonly apiVersion: string
  readonly endpointPrefix: string
  readonly protocol: string
  readonly protocols?: readonly string[]
  readonly serviceId: string
  readonly signingName?: string
  readonly jsonVersion?: string
  readonly targetPrefix?: string
  readonly xmlNamespace?: string | BotoXmlNamespace
}

/** One service as botocore has it, in its newest API version. */
export interface BotoService {
  readonly id: string
  readonly metadata: BotoMetadata
  readonly operations: Readonly<Record<string, BotoOperation>>
  readonly shapes: Readonly<Record<string, BotoShape>>
}
