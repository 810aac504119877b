import * as Flags from '@oclif/core/flags'
import { parseDuration } from '../base/duration.ts'
import type { VariableDeclaration } from '../config/blocks/variable.ts'
import type { VariableFlag } from '../config/variables.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import { shellWord } from '../views/shell-word.ts'
import { shown } from './flags.ts'

/** Flags of every command that compiles the configuration. */
export const variableFlags = {
  var: Flags.string({ helpGroup: 'What to plan', helpValue: "'NAME=VALUE'", summary: 'set a variable', multiple: true }),
  'var-file': Flags.string({ helpGroup: 'What to plan', helpValue: 'FILE', summary: 'variables from a file', multiple: true }),
}

export const environmentFlag = shown('What to plan', 'environment')

const WHAT = 'What to plan'

/** Flags that `plan`, `apply` and `destroy` share: which part is planned, and how. */
export const partFlags = {
  target: Flags.string({
    helpGroup: WHAT,
    helpValue: 'ADDRESS',
    summary: "only this and what it needs; globs: 'prompt.*'",
    multiple: true,
  }),
  exclude: Flags.string({ helpGroup: WHAT, helpValue: 'ADDRESS', summary: 'all but this and what needs it', multiple: true }),
  refresh: Flags.boolean({
    helpGroup: WHAT,
    helpLabel: '--refresh=false',
    summary: 'trust the state; do not ask the registry',
    default: true,
  }),
  ...variableFlags,
}

/** Flags that `plan` and `apply` share. */
export const planFlags = {
  ...partFlags,
  replace: Flags.string({
    helpGroup: WHAT,
    helpValue: 'ADDRESS',
    summary: 'build again what has a content outside: index, dataset',
    multiple: true,
  }),
  destroy: Flags.boolean({ helpGroup: WHAT, summary: 'archive everything that is owned' }),
  'refresh-only': Flags.boolean({ helpGroup: WHAT, summary: 'only show and adopt drift' }),
  strict: Flags.boolean({ helpGroup: WHAT, summary: 'a check that fails is an error' }),
  concise: Flags.boolean({ helpGroup: 'What to show', summary: 'one line for each change' }),
  'compact-warnings': Flags.boolean({ helpGroup: 'What to show', summary: 'warnings as one line each' }),
}

/** Flags of waiting and reading, as Terraform has them. */
export const paceFlags = {
  'lock-timeout': Flags.string({ helpGroup: 'How', helpValue: 'TIME', summary: 'how long to wait for the lock', default: '20s' }),
  parallelism: Flags.integer({
    helpGroup: 'How',
    helpValue: 'N',
    summary: 'registry reads and uploads at once',
    default: 10,
    min: 1,
    max: 256,
  }),
}

interface PartValues {
  readonly target?: readonly string[] | undefined
  readonly exclude?: readonly string[] | undefined
  readonly replace?: readonly string[] | undefined
  readonly destroy?: boolean
  readonly 'refresh-only'?: boolean
  readonly refresh: boolean
  readonly strict?: boolean
  readonly parallelism: number
}

/** What is planned, by the flags. @throws OperationError cli/conflicting-flags */
export function readPart(flags: PartValues) {
  const { target = [], exclude = [], replace = [], destroy = false, 'refresh-only': refreshOnly = false, refresh, strict = false } = flags
  if (destroy && refreshOnly) throw conflicting('-destroy', '-refresh-only')
  if (!refresh && refreshOnly) throw conflicting('-refresh=false', '-refresh-only')
  return {
    mode: destroy ? ('destroy' as const) : refreshOnly ? ('refresh-only' as const) : ('normal' as const),
    ...(target.length + exclude.length > 0 ? { selection: { targets: target, excludes: exclude } } : {}),
    replace,
    refresh,
    strict,
    parallelism: flags.parallelism,
  }
}

function conflicting(first: string, second: string): OperationError {
  return new OperationError({
    code: 'cli/conflicting-flags',
    summary: `${first} and ${second} exclude each other`,
    detail: 'Give one of them. Nothing was changed.',
  })
}

export function readDuration(flag: string, text: string): number {
  const parsed = parseDuration(text)
  if (parsed.ok) return parsed.value
  throw new OperationError({
    code: 'cli/bad-flag-value',
    summary: `--${flag} cannot be "${text}"`,
    detail: 'Write a time with its unit: 20s.',
  })
}

/** A flag with its value, as the parser lists what it read. */
type Given = { readonly type: string; readonly flag?: string; readonly input: string }

/** `-var` and `-var-file` in the order given: the last of a name wins. */
export function readVariables(raw: readonly Given[]): readonly VariableFlag[] {
  return raw.flatMap((item): readonly VariableFlag[] => {
    if (item.flag === 'var-file') return [{ kind: 'file', path: item.input }]
    return item.flag === 'var' ? [variable(item.input)] : []
  })
}

function variable(text: string): VariableFlag {
  const equals = text.indexOf('=')
  if (equals > 0) return { kind: 'value', name: text.slice(0, equals).trim(), text: text.slice(equals + 1) }
  throw new OperationError({
    code: 'cli/bad-flag-value',
    // Not shown: what lacks its name may be a secret.
    summary: equals === 0 ? '--var has no name before the "="' : '--var has no "="',
    detail: "Write a name and a value: -var 'tier=large'. What was given is not shown, for it may be sensitive.",
  })
}

/** Flags that say what is planned: apply must be given them too. */
const REPEATED = ['environment', 'target', 'exclude', 'replace', 'var', 'var-file']

/**
 * ` -e prod --target=prompt.answer --destroy`: what was given, for a hint that can be pasted.
 *
 * @param mayShow whether the value of a variable may be printed; for another one `…` stands.
 */
export function repeatedFlags(
  raw: readonly Given[],
  { destroy, 'refresh-only': refreshOnly, refresh, strict }: PartValues,
  mayShow: (variable: string) => boolean,
): string {
  const valued = raw.flatMap(({ flag, input }) => {
    if (flag === undefined || !REPEATED.includes(flag)) return []
    if (flag === 'environment') return ['-e', shellWord(input)]
    const [name = ''] = input.split('=')
    return [`--${flag}=${flag === 'var' && !mayShow(name.trim()) ? `${name}=…` : shellWord(input)}`]
  })
  const set = { '--destroy': destroy, '--refresh-only': refreshOnly, '--refresh=false': !refresh, '--strict': strict }
  const switches = Object.entries(set).flatMap(([word, isSet]) => (isSet ? [word] : []))
  return [...valued, ...switches].map(word => ` ${word}`).join('')
}

type Asking<T> = T | { readonly outcome: 'ask'; readonly missing: readonly VariableDeclaration[] }

/**
 * Does the work, asking a person for variables that have no value until all have one.
 *
 * @param ask undefined: the person gave no answer.
 */
export async function askForVariables<T extends { readonly outcome: string }>(
  ask: (question: string) => Promise<string | undefined>,
  work: (answers: Readonly<Record<string, string>>) => Promise<Asking<T>>,
): Promise<Asking<T>> {
  const answers: Record<string, string> = {}
  for (;;) {
    const result = await work(answers)
    if (!('missing' in result)) return result
    for (const { name, content } of result.missing) {
      const answer = await ask(`var.${name}${content.description ? `\n  ${content.description}` : ''}\n  Enter a value: `)
      if (answer === undefined) return result
      answers[name] = answer
    }
  }
}
