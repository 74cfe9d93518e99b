/** A JSON value as the gate holds it; `undefined` never stands for an absent member. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject

export interface JsonObject {
  readonly [member: string]: Json
}
