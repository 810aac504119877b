import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import type { JsonValue } from '../base/json.ts'
import { SESSION_NAMES, type Session } from '../base/session.ts'
import { suggest } from '../base/suggest.ts'
import { systemErrorSentence } from '../base/system-error.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import type { Host } from './host.ts'
import { parseJson } from './json-flag.ts'

/** How an input is written: `--input JSON|@FILE|-`, and fields of it by `--field NAME=VALUE`. */
export interface WrittenInput {
  readonly input?: string | undefined
  readonly fields: readonly string[]
}

/** @throws OperationError cli/bad-flag-value */
export async function readInput({ input, fields }: WrittenInput, host: Pick<Host, 'stdin' | 'workingFolder'>): Promise<JsonValue> {
  const given = Object.fromEntries(fields.map(written => readPair('field', written, '--field question="Why?"')))
  if (input === undefined) return given
  const source = input === '-' ? await text(host.stdin) : input.startsWith('@') ? readFile(input.slice(1), host) : input
  const from = input === '-' ? 'Standard input' : input.startsWith('@') ? input.slice(1) : '--input'
  const parsed = parseJson(source, from, 'No run was made.')
  return fields.length > 0 && typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? { ...parsed, ...given } : parsed
}

/** `--session user=ana`, one for each name. @throws OperationError cli/bad-flag-value */
export function readSession(written: readonly string[]): Session {
  const pairs = written.map(text => readPair('session', text, '--session user=ana'))
  const unknown = pairs.findIndex(([name]) => !(SESSION_NAMES as readonly string[]).includes(name))
  if (unknown < 0) return Object.fromEntries(pairs)
  const suggestions = suggest(pairs[unknown]?.[0] ?? '', SESSION_NAMES)
  throw new OperationError({
    code: 'cli/bad-flag-value',
    summary: `--session cannot be "${written[unknown]}"`,
    detail: `A session has ${SESSION_NAMES.join(', ')}. No run was made.`,
    ...(suggestions.length > 0 ? { suggestions } : {}),
  })
}

function readPair(flag: string, written: string, example: string): readonly [string, string] {
  const equals = written.indexOf('=')
  if (equals > 0) return [written.slice(0, equals), written.slice(equals + 1)]
  throw new OperationError({
    code: 'cli/bad-flag-value',
    summary: `--${flag} cannot be "${written}"`,
    detail: `Write a name and a value: ${example}.`,
  })
}

function readFile(file: string, host: Pick<Host, 'workingFolder'>): string {
  try {
    return readFileSync(resolve(host.workingFolder(), file), 'utf8')
  } catch (error) {
    throw new OperationError({
      code: 'cli/bad-flag-value',
      summary: `--input names a file that cannot be read: ${file}`,
      detail: `${systemErrorSentence(error)} No run was made.`,
    })
  }
}
