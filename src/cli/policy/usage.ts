/** A command line that says too little or too much; told with the usage. */
export class UsageError extends Error {
  readonly code = 'ERR_PARSE_ARGS_SALLYPORT'
}
