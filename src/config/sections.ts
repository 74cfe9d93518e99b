import { z } from 'zod'

/** What stands there where the file says nothing. */
export const withDefault = <T>(of: z.ZodType<T>, value: T): z.ZodType<T> =>
  of.default(value as never) as z.ZodType<T>

/** A map of keys that may be left out as a whole. */
export const section = <T extends z.ZodRawShape>(shape: T): z.ZodType =>
  z.strictObject(shape).prefault({} as never)
