import { OperationError } from '../diagnostics/operation-error.ts'

export type Format = 'text' | 'json' | 'jsonl' | 'markdown' | 'dot' | 'mermaid' | 'otlp'

/** Forms of other tools: they have no place for a diagnostic, which goes to stderr as it does beside text. */
export const FOREIGN_FORMATS: ReadonlySet<Format> = new Set(['dot', 'mermaid', 'otlp'])

/** The forms that a command knows, and what its `--json` stands for. */
export interface FormatSupport {
  readonly formats: readonly Format[]
  readonly streamsJson: boolean
}

export interface FormatFlags {
  readonly format?: string | undefined
  readonly json?: boolean | undefined
  readonly jsonl?: boolean | undefined
}

/** @throws OperationError cli/bad-flag-value for a form that the command does not know. */
export function chooseFormat(command: string, flags: FormatFlags, support: FormatSupport): Format {
  if (flags.format !== undefined) return checkFormat(command, '--format', flags.format, support.formats)
  if (flags.jsonl) return checkFormat(command, '--jsonl', 'jsonl', support.formats)
  if (flags.json) return checkFormat(command, '--json', support.streamsJson ? 'jsonl' : 'json', support.formats)
  return 'text'
}

export interface AlsoFile {
  readonly format: Format
  readonly file: string
}

/** Reads `--also FORMAT=FILE`. @throws OperationError cli/bad-flag-value */
export function readAlso(values: readonly string[], command: string, formats: readonly Format[]): readonly AlsoFile[] {
  return values.map(value => {
    const equals = value.indexOf('=')
    if (equals < 1 || equals === value.length - 1) {
      throw new OperationError({
        code: 'cli/bad-flag-value',
        summary: `--also is FORMAT=FILE, not "${value}"`,
        detail: 'For example: --also json=plan.json',
      })
    }
    return { format: checkFormat(command, '--also', value.slice(0, equals), formats), file: value.slice(equals + 1) }
  })
}

/** The form in which a mistake in the arguments themselves is told, before they could be read. */
export function machineFormatOf(words: readonly string[], support: FormatSupport): Format {
  const ended = words.indexOf('--')
  const flags = new Set(
    (ended < 0 ? words : words.slice(0, ended)).filter(word => word.startsWith('-')).map(word => word.replace(/^--?/, '')),
  )
  if (flags.has('jsonl') || flags.has('format=jsonl')) return 'jsonl'
  if (flags.has('format=json')) return 'json'
  if (!flags.has('json')) return 'text'
  return support.streamsJson ? 'jsonl' : 'json'
}

function checkFormat(command: string, flag: string, format: string, formats: readonly Format[]): Format {
  const known = formats.find(name => name === format)
  if (known !== undefined) return known
  throw new OperationError({
    code: 'cli/bad-flag-value',
    summary: `${flag}: ${command} does not know the format "${format}"`,
    detail: `The formats of ${command} are ${formats.join(', ')}.`,
  })
}
