import type { Command } from '@oclif/core/command'
import type { ArgInput, FlagInput, Input, ParserOutput } from '@oclif/core/interfaces'
import { OperationError } from '../diagnostics/operation-error.ts'
import { readArguments } from './arguments.ts'

/**
 * Reads words by oclif's definitions of flags and arguments. oclif's own parser is not used: it knows no long flag with
 * one dash, bundles short ones, takes a value such as `-e` for a flag, and its messages have no codes.
 *
 * @throws OperationError cli/unknown-flag, cli/bad-flag-value, cli/missing-argument, cli/unexpected-argument
 */
export async function parseWords<F extends object, B extends object, A extends object>(
  command: Command,
  input: Input<F, B, A>,
  words: readonly string[],
): Promise<ParserOutput<F, B, A>> {
  const name = command.id ?? ''
  const definitions: FlagInput = { ...(input.baseFlags as FlagInput | undefined), ...(input.flags as FlagInput | undefined) }
  const read = readArguments(name, words, definitions)
  const flags: Record<string, unknown> = {}
  for (const [flag, definition] of Object.entries(definitions)) {
    const given = read.flags.get(flag)
    if (given === undefined) flags[flag] = typeof definition.default === 'function' ? undefined : definition.default
    else if (typeof given === 'boolean') flags[flag] = given
    else flags[flag] = await flagValues(command, flag, definition, given)
  }
  const { args, rest } = await argumentValues(command, (input.args ?? {}) as ArgInput, read.positionals)
  if (rest.length > 0 && input.strict !== false) throw unexpectedArgument(name, rest[0] ?? '')
  const output = {
    flags,
    args,
    argv: read.positionals,
    raw: read.given.map(({ flag, text }) => ({ type: 'flag', flag, input: text })),
    metadata: { flags: {} },
    nonExistentFlags: [],
  }
  // The types are those of the definitions that the values were read by.
  return output as unknown as ParserOutput<F, B, A>
}

async function flagValues(command: Command, flag: string, definition: FlagInput[string], given: readonly string[]): Promise<unknown> {
  const values: unknown[] = []
  for (const text of given) {
    if (definition.type === 'option' && definition.options && !definition.options.includes(text)) {
      throw badValue(`--${flag} cannot be "${text}"`, `It is one of ${definition.options.join(', ')}.`)
    }
    try {
      const context = { ...command, token: { type: 'flag', flag, input: text } }
      values.push(await definition.parse(text as never, context as never, definition as never))
    } catch (error) {
      throw badValue(`--${flag} cannot be "${text}"`, sentenceOf(error), error)
    }
  }
  return definition.type === 'option' && definition.multiple ? values : values.at(-1)
}

async function argumentValues(command: Command, definitions: ArgInput, positionals: readonly string[]) {
  const rest = [...positionals]
  const args: Record<string, unknown> = {}
  for (const [name, definition] of Object.entries(definitions)) {
    const taken = definition.multiple ? rest.splice(0) : rest.splice(0, 1)
    if (taken.length === 0) {
      if (definition.required) throw missingArgument(command.id ?? '', name)
      args[name] = typeof definition.default === 'function' ? undefined : definition.default
      continue
    }
    for (const text of taken) checkOption(name, definition.options, text)
    args[name] = definition.multiple ? taken : taken[0]
  }
  return { args, rest }
}

function checkOption(name: string, options: readonly string[] | undefined, text: string): void {
  if (options === undefined || options.includes(text)) return
  throw new OperationError({
    code: 'cli/bad-argument',
    summary: `${name.toUpperCase()} cannot be "${text}"`,
    detail: `It is one of ${options.join(', ')}.`,
  })
}

function badValue(summary: string, detail: string, cause?: unknown): OperationError {
  return cause instanceof OperationError ? cause : new OperationError({ code: 'cli/bad-flag-value', summary, detail }, { cause })
}

function sentenceOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.endsWith('.') ? text : `${text}.`
}

function missingArgument(command: string, name: string): OperationError {
  return new OperationError({
    code: 'cli/missing-argument',
    summary: `${command} needs ${name.toUpperCase()}`,
    detail: `How it is used: flowrun ${command} --help`,
  })
}

function unexpectedArgument(command: string, word: string): OperationError {
  return new OperationError({
    code: 'cli/unexpected-argument',
    summary: `${command} does not take "${word}"`,
    detail: `Quote a value that holds spaces. What it takes: flowrun ${command} --help`,
  })
}
