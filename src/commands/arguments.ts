import { suggest } from '../base/suggest.ts'
import { OperationError } from '../diagnostics/operation-error.ts'

/** What the reader must know of a flag; oclif's flags have this shape. */
export interface FlagShape {
  readonly type: 'boolean' | 'option'
  readonly char?: string
  readonly aliases?: readonly string[]
  readonly multiple?: boolean
}

export type FlagShapes = Readonly<Record<string, FlagShape>>

export interface ReadArguments {
  /** `true` and `false` of boolean flags, the texts of others in the order in which they were given. */
  readonly flags: ReadonlyMap<string, boolean | readonly string[]>
  readonly positionals: readonly string[]
  /** Flags with a value, in the order in which they were given: `-var` and `-var-file` overrule each other by it. */
  readonly given: readonly { readonly flag: string; readonly text: string }[]
}

/**
 * Reads a command's arguments: long flags with one dash or two, `--flag=value` or `--flag value`, boolean flags also as
 * `--flag=false`, `--` ends flags. Short flags do not bundle, because `-var` is a long one. Of a flag given twice the last wins.
 *
 * @param command its name; empty where flags stand without a command.
 * @throws OperationError cli/unknown-flag, cli/bad-flag-value
 */
export function readArguments(command: string, words: readonly string[], shapes: FlagShapes): ReadArguments {
  const flags = new Map<string, boolean | readonly string[]>()
  const positionals: string[] = []
  const given: { flag: string; text: string }[] = []
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? ''
    if (word === '--') {
      positionals.push(...words.slice(at + 1))
      break
    }
    if (!isFlag(word)) {
      positionals.push(word)
      continue
    }
    const { label, value } = splitFlag(word)
    const name = findFlag(label, shapes)
    if (name === undefined) throw unknownFlag(command, label, shapes)
    const shape = shapes[name]
    if (shape?.type === 'boolean') {
      flags.set(name, booleanValue(label, value))
      continue
    }
    const text = value ?? words[++at]
    if (text === undefined || (value === undefined && text !== '-' && isKnownFlag(text, shapes))) throw missingValue(label, text)
    given.push({ flag: name, text })
    const earlier = flags.get(name)
    flags.set(name, shape?.multiple && Array.isArray(earlier) ? [...earlier, text] : [text])
  }
  return { flags, positionals, given }
}

/** Splits what stands before the command's name (global flags) from the name and its arguments. */
export function splitCommand(
  words: readonly string[],
  globals: FlagShapes,
): { readonly before: readonly string[]; readonly rest: readonly string[] } {
  let at = 0
  while (at < words.length) {
    const word = words[at] ?? ''
    if (!isFlag(word)) break
    const { label, value } = splitFlag(word)
    const name = findFlag(label, globals)
    const takesNext = name !== undefined && value === undefined && globals[name]?.type === 'option'
    at += takesNext ? 2 : 1
  }
  return { before: words.slice(0, at), rest: words.slice(at) }
}

/** A lone `-` is standard input, and `-5` is a number. */
function isFlag(word: string): boolean {
  return word.startsWith('-') && word !== '-' && !/^-\d/.test(word)
}

function isKnownFlag(word: string, shapes: FlagShapes): boolean {
  return isFlag(word) && findFlag(splitFlag(word).label, shapes) !== undefined
}

function splitFlag(word: string): { readonly label: string; readonly value: string | undefined } {
  const equals = word.indexOf('=')
  return equals < 0 ? { label: word, value: undefined } : { label: word.slice(0, equals), value: word.slice(equals + 1) }
}

function findFlag(label: string, shapes: FlagShapes): string | undefined {
  const name = label.replace(/^--?/, '')
  if (Object.hasOwn(shapes, name)) return name
  const isShort = /^-[^-]$/.test(label)
  return Object.keys(shapes).find(key => (isShort && shapes[key]?.char === name) || shapes[key]?.aliases?.includes(name))
}

function booleanValue(label: string, value: string | undefined): boolean {
  if (value === undefined || value === 'true') return true
  if (value === 'false') return false
  throw new OperationError({ code: 'cli/bad-flag-value', summary: `${label} is true or false, not "${value}"` })
}

function missingValue(label: string, next: string | undefined): OperationError {
  return new OperationError({
    code: 'cli/bad-flag-value',
    summary: `${label} needs a value`,
    detail:
      next === undefined
        ? `Write ${label}=VALUE or ${label} VALUE.`
        : `${next} is a flag of its own. If it is the value, write ${label}=${next}.`,
  })
}

function unknownFlag(command: string, label: string, shapes: FlagShapes): OperationError {
  const dashes = label.startsWith('--') ? '--' : '-'
  const names = Object.entries(shapes).flatMap(([name, shape]) => [name, ...(shape.aliases ?? [])])
  const suggestions = suggest(label.replace(/^--?/, ''), names).map(name => dashes + name)
  const question = suggestions.length === 0 ? '' : `Did you mean ${suggestions.join(' or ')}? `
  return new OperationError({
    code: 'cli/unknown-flag',
    summary: command === '' ? `There is no flag "${label}"` : `${command} has no flag "${label}"`,
    detail: `${question}${command === '' ? 'All commands: flowrun --help' : `All flags: flowrun ${command} --help`}`,
    ...(suggestions.length === 0 ? {} : { suggestions }),
  })
}
