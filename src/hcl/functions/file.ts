import { posix } from 'node:path'
import { setValue } from '../equality.ts'
import { type EvaluationContext, type FileAccess, type FunctionDefinition, FunctionError } from '../function.ts'
import { BOOL, STRING, setOf } from '../type.ts'
import { boolValue, stringValue } from '../value.ts'
import { defineFunction, defineTextFunction, textAt, textParameter, textResult } from './definition.ts'

export const fileFunctions: readonly FunctionDefinition[] = [
  defineTextFunction('basename', 'The last part of a path.', basename),
  defineTextFunction('dirname', 'The path without its last part.', dirname),
  defineFunction('file', {
    summary: 'The text of a file of the project, as it is.',
    parameters: [textParameter('path')],
    purity: 'plan',
    returns: STRING,
    call: (parameters, context) => textResult(filesOf(context).readText(textAt(parameters, 0))),
  }),
  defineFunction('filebase64', {
    summary: 'The bytes of a file of the project, in Base64.',
    parameters: [textParameter('path')],
    purity: 'plan',
    returns: STRING,
    call: (parameters, context) => textResult(Buffer.from(filesOf(context).readBytes(textAt(parameters, 0))).toString('base64')),
  }),
  defineFunction('fileexists', {
    summary: 'Whether the project has a file.',
    parameters: [textParameter('path')],
    purity: 'plan',
    returns: BOOL,
    call: (parameters, context) => boolValue(filesOf(context).exists(textAt(parameters, 0))),
  }),
  defineFunction('fileset', {
    summary: 'The files of a directory that match a pattern (*, **, ?, {a,b}, [a-z]), relative to it.',
    parameters: [textParameter('directory'), textParameter('pattern')],
    purity: 'plan',
    returns: setOf(STRING),
    call: (parameters, context) =>
      setValue(
        STRING,
        filesOf(context)
          .glob(textAt(parameters, 0), textAt(parameters, 1))
          .map(path => stringValue(path)),
      ),
  }),
]

/** @throws FunctionError where there are no files: when a flow runs. */
export function filesOf(context: EvaluationContext): FileAccess {
  if (context.files) return context.files
  throw new FunctionError('files can be read only when you plan')
}

/** As in Go: `a/` is `a`, nothing is `.`. */
function basename(path: string): string {
  if (path === '') return '.'
  return posix.basename(path) || '/'
}

function dirname(path: string): string {
  const clean = posix.normalize(path.slice(0, path.lastIndexOf('/') + 1))
  return clean.length > 1 && clean.endsWith('/') ? clean.slice(0, -1) : clean
}
