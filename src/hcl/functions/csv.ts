import { type FunctionDefinition, FunctionError } from '../function.ts'
import { ANY, listOf, type ObjectType, objectOf, STRING } from '../type.ts'
import { listValue, objectValue, stringValue, type Value } from '../value.ts'
import { checkSize, defineFunction, textAt, textParameter } from './definition.ts'
import { loadCsv } from './lazy.ts'

export const csvFunctions: readonly FunctionDefinition[] = [
  defineFunction('csvdecode', {
    summary: 'The rows of a CSV text (RFC 4180) as objects; the first row has their attribute names.',
    parameters: [textParameter('csv')],
    returns: listOf(ANY),
    call: parameters => decodeCsv(textAt(parameters, 0)),
  }),
]

function decodeCsv(text: string): Value {
  const [header, ...rows] = records(text)
  if (header === undefined) throw new FunctionError('the text is empty, and a line with the names of the columns is expected', 0)
  const names = header.map(name => name.normalize('NFC'))
  const twice = names.find((name, index) => names.indexOf(name) < index)
  if (twice !== undefined) throw new FunctionError(`two columns have the name ${JSON.stringify(twice)}`, 0)
  const type: ObjectType = objectOf(new Map(names.map(name => [name, STRING])))
  checkSize(rows.length * names.length)
  return listValue(
    type,
    rows.map(row => objectValue(new Map(names.map((name, index) => [name, stringValue(row[index] ?? '')])))),
  )
}

function records(text: string): readonly (readonly string[])[] {
  const { parse, CsvError } = loadCsv()
  try {
    return parse(text, { bom: true, skip_empty_lines: true })
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    throw new FunctionError(`line ${error.lines ?? 1} of the CSV ${PROBLEMS[error.code] ?? 'cannot be read'}`, 0)
  }
}

const PROBLEMS: Readonly<Record<string, string>> = {
  CSV_RECORD_INCONSISTENT_FIELDS_LENGTH: 'has another number of fields than the first line',
  CSV_QUOTE_NOT_CLOSED: 'has a quoted field that is never closed',
  INVALID_OPENING_QUOTE: 'has a quote inside of a field that does not start with one',
  CSV_INVALID_CLOSING_QUOTE: 'has something after the closing quote of a field',
}
