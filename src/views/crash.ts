export interface Crash {
  /** What went wrong, in the words of the invariant. */
  readonly why: string
  readonly code: string
  readonly isInvariant: boolean
  readonly place: string
  /** Where the report is; undefined when it could not be written. */
  readonly file: string | undefined
  readonly flowrun: string
  readonly node: string
  readonly platform: string
  readonly arch: string
}

/** What a person reads when flowrun has a bug; plain text, for nothing can be relied on then. */
export function crashText(crash: Crash): string {
  const report =
    crash.file === undefined
      ? ['  A report could not be written. Copy the last line below, and add one about what you did:']
      : [`  A report without prompts, inputs or secrets is in ${crash.file}.`, '  Send it with one line about what you did:']
  const address = 'https://github.com/flowrun/flowrun/issues/new'
  const kind = crash.isInvariant ? 'invariant ' : ''
  return [
    `flowrun has a bug: ${crash.why}. This is not your fault.`,
    '',
    '  Nothing was changed.',
    ...report.slice(0, -1),
    `${report.at(-1)} ${address}`,
    '',
    `flowrun ${crash.flowrun}, Node ${crash.node}, ${crash.platform} ${crash.arch}, ${kind}${crash.code} at ${crash.place}`,
    '',
  ].join('\n')
}
