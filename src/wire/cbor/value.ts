/** A floating-point number: kept apart from integers, because CBOR does. May be NaN or infinite. */
export class CborFloat {
  readonly value: number

  constructor(value: number) {
    this.value = value
  }
}

/** A point in time (tag 1): seconds since the epoch, fractional if they were sent as a float. */
export class CborEpoch {
  readonly seconds: bigint | number

  constructor(seconds: bigint | number) {
    this.seconds = seconds
  }
}

/** A decimal fraction (tag 4): `mantissa` times ten to the power of `exponent`. */
export class CborDecimal {
  readonly mantissa: bigint
  readonly exponent: number

  constructor(mantissa: bigint, exponent: number) {
    this.mantissa = mantissa
    this.exponent = exponent
  }
}

/** A CBOR value of Smithy RPC v2. Integers are `bigint`; maps have text keys, each once. */
export type CborValue =
  | null
  | boolean
  | bigint
  | string
  | Buffer
  | CborFloat
  | CborEpoch
  | CborDecimal
  | readonly CborValue[]
  | ReadonlyMap<string, CborValue>
