import * as Flags from '@oclif/core/flags'
import type { VariableDeclaration } from '../config/blocks/variable.ts'
import type { VariableFlag } from '../config/variables.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import { shown } from './flags.ts'

/** Flags of every command that compiles the configuration. */
export const variableFlags = {
  var: Flags.string({ helpGroup: 'What to plan', helpValue: "'NAME=VALUE'", summary: 'set a variable', multiple: true }),
  'var-file': Flags.string({ helpGroup: 'What to plan', helpValue: 'FILE', summary: 'variables from a file', multiple: true }),
}

export const environmentFlag = shown('What to plan', 'environment')

/** Flags that `plan` and `apply` share. */
export const planFlags = {
  ...variableFlags,
  concise: Flags.boolean({ helpGroup: 'What to show', summary: 'one line for each change' }),
  'compact-warnings': Flags.boolean({ helpGroup: 'What to show', summary: 'warnings as one line each' }),
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
    summary: `--var cannot be "${text}"`,
    detail: "Write a name and a value: -var 'tier=large'.",
  })
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
