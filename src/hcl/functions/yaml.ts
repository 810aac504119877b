import type { Alias, Document, Node, Pair, Scalar, YAMLMap } from 'yaml'
import { MAX_VALUE_DEPTH } from '../../base/limits.ts'
import { type FunctionDefinition, FunctionError } from '../function.ts'
import { parseNumber } from '../number-text.ts'
import { ANY, STRING } from '../type.ts'
import { boolValue, nullValue, numberValue, objectValue, stringValue, tupleValue, type Value } from '../value.ts'
import { checkSize, defineFunction, textAt, textParameter, textResult, valueAt } from './definition.ts'
import { loadYaml } from './lazy.ts'
import { yamlText } from './yaml-text.ts'

export const yamlFunctions: readonly FunctionDefinition[] = [
  defineFunction('yamlencode', {
    summary: 'The value as YAML text.',
    parameters: [{ name: 'value', type: ANY, nullable: true }],
    returns: STRING,
    call: parameters => textResult(yamlText(valueAt(parameters, 0))),
  }),
  defineFunction('yamldecode', {
    summary: 'The value that a YAML text holds.',
    parameters: [textParameter('yaml')],
    returns: ANY,
    call: parameters => decodeYaml(textAt(parameters, 0)),
  }),
]

/** What reading one document needs to remember. */
interface Reading {
  readonly yaml: typeof import('yaml')
  readonly document: Document
  /** Nodes that anchors and aliases may still give: a few lines of YAML could stand for billions. */
  count: number
}

function decodeYaml(text: string): Value {
  const yaml = loadYaml()
  // `failsafe` leaves every scalar as its text: which of them are numbers is decided below, as Terraform does.
  const documents = yaml.parseAllDocuments(text, { schema: 'failsafe', prettyErrors: false, keepSourceTokens: false, logLevel: 'silent' })
  const [document, second] = Array.isArray(documents) ? documents : []
  const [problem] = document?.errors ?? []
  if (problem) throw new FunctionError(`the text is not YAML: ${describeProblem(problem, text)}`, 0)
  if (second) throw new FunctionError('one YAML document is expected, and the text holds several', 0)
  if (!document?.contents) throw new FunctionError('the text is empty, and a YAML document is expected', 0)
  return nodeValue(document.contents, { yaml, document, count: 0 }, [])
}

function describeProblem(problem: { readonly message: string; readonly pos: readonly [number, number] }, text: string): string {
  if (/call stack/.test(problem.message)) return 'it is nested too deep'
  const before = text.slice(0, problem.pos[0]).split('\n')
  const sentence = problem.message.split('\n')[0] ?? ''
  return `line ${before.length}, character ${(before.at(-1)?.length ?? 0) + 1}: ${sentence.charAt(0).toLowerCase()}${sentence.slice(1)}`
}

/** @param above the nodes that the node is in, for aliases that hold themselves. */
function nodeValue(node: unknown, reading: Reading, above: readonly unknown[]): Value {
  const { yaml } = reading
  checkSize(++reading.count)
  if (above.length > MAX_VALUE_DEPTH) throw new FunctionError(`the YAML is nested deeper than ${MAX_VALUE_DEPTH} levels`, 0)
  if (node === null || node === undefined) return nullValue()
  if (yaml.isAlias(node)) return nodeValue(aliased(node, reading, above), reading, above)
  if (yaml.isScalar(node)) return scalarValue(node)
  if (yaml.isSeq(node)) {
    checkTag(node, ['tag:yaml.org,2002:seq'])
    return tupleValue(node.items.map(item => nodeValue(item, reading, [...above, node])))
  }
  if (yaml.isMap(node)) {
    checkTag(node, ['tag:yaml.org,2002:map'])
    return objectValue(entriesOf(node, reading, above))
  }
  throw new FunctionError('the YAML holds something that is no scalar, list or map', 0)
}

function aliased(alias: Alias, reading: Reading, above: readonly unknown[]): Node {
  const node = alias.resolve(reading.document)
  if (node === undefined) throw new FunctionError(`the YAML refers to an anchor that is not before it: *${alias.source}`, 0)
  if (above.includes(node)) throw new FunctionError(`the YAML refers to *${alias.source} from inside of it`, 0)
  return node
}

function entriesOf(map: YAMLMap, reading: Reading, above: readonly unknown[]): ReadonlyMap<string, Value> {
  const own = new Map<string, Value>()
  const merged = new Map<string, Value>()
  for (const pair of map.items) {
    const key = keyText(pair, reading)
    const value = nodeValue(pair.value, reading, [...above, map])
    if (key !== '<<' || isQuoted(pair.key, reading)) {
      own.set(key.normalize('NFC'), value)
      continue
    }
    if (value.kind !== 'object') throw new FunctionError('only a map can be merged with "<<" in YAML', 0)
    for (const [name, member] of value.entries) merged.set(name, member)
  }
  return new Map([...merged, ...own])
}

function keyText(pair: Pair, { yaml }: Reading): string {
  if (!yaml.isScalar(pair.key)) throw new FunctionError('the keys of a YAML map must be strings', 0)
  const key = scalarValue(pair.key)
  // As in Terraform: `yes: 1` has the key "true".
  if (key.kind === 'string') return key.value
  if (key.kind === 'number' || key.kind === 'bool') return String(key.value)
  throw new FunctionError('the keys of a YAML map must be strings', 0)
}

function isQuoted(key: unknown, { yaml }: Reading): boolean {
  return yaml.isScalar(key) && key.type !== 'PLAIN'
}

const TAG = 'tag:yaml.org,2002:'

function checkTag(node: Node, known: readonly string[]): void {
  if (node.tag !== undefined && !known.includes(node.tag))
    throw new FunctionError(`the YAML has the tag ${node.tag}, which is not known here`, 0)
}

function scalarValue(scalar: Scalar): Value {
  const text = String(scalar.source ?? scalar.value ?? '')
  switch (scalar.tag) {
    case undefined:
      return scalar.type === 'PLAIN' ? plainValue(text) : checkedString(text)
    case `${TAG}str`:
    case `${TAG}binary`:
      return checkedString(text)
    case `${TAG}null`:
      return nullValue()
    case `${TAG}int`:
    case `${TAG}float`:
    case `${TAG}bool`:
    case `${TAG}timestamp`:
      return plainValue(text)
    default:
      throw new FunctionError(`the YAML has the tag ${scalar.tag}, which is not known here`, 0)
  }
}

function checkedString(text: string): Value {
  if (!text.isWellFormed()) throw new FunctionError('the YAML holds half of a surrogate pair, which is not text', 0)
  return stringValue(text)
}

/** What a scalar without quotes means: YAML 1.1's words for true and false, but 1.2's numbers, as Terraform reads them. */
function plainValue(text: string): Value {
  if (/^(?:|~|null|Null|NULL)$/.test(text)) return nullValue()
  if (/^(?:y|Y|yes|Yes|YES|true|True|TRUE|on|On|ON)$/.test(text)) return boolValue(true)
  if (/^(?:n|N|no|No|NO|false|False|FALSE|off|Off|OFF)$/.test(text)) return boolValue(false)
  if (/^[+-]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$/.test(text))
    throw new FunctionError(`the YAML holds ${text}, and numbers are finite`, 0)
  if (/^0x[0-9a-fA-F]+$|^0o[0-7]+$/.test(text)) return exactNumber(Number(text), text)
  const number = parseNumber(text)
  if (number === 'inexact') return exactNumber(Number.POSITIVE_INFINITY, text)
  if (number !== undefined) return numberValue(number)
  return stringValue(timestampText(text) ?? text)
}

function exactNumber(number: number, text: string): Value {
  if (number <= Number.MAX_SAFE_INTEGER) return numberValue(number)
  throw new FunctionError(`the YAML holds ${text}, which cannot be kept exactly; put it in quotes`, 0)
}

/** A date, or a date and time as YAML writes them, becomes an RFC 3339 timestamp in whole seconds. */
function timestampText(text: string): string | undefined {
  const match = /^(\d{4})-(\d\d?)-(\d\d?)(?:(?:[Tt]|[ \t]+)(\d\d?):(\d\d):(\d\d)(?:\.\d*)?(?<zone>Z|[+-]\d\d:\d\d)?)?$/.exec(text)
  if (!match) return undefined
  const [, year = '', month = '', day = '', hour = '0', minute = '00', second = '00'] = match
  const zone = match.groups?.zone
  // With a blank between them, a zone makes it plain text: Terraform reads only the form without.
  if (zone !== undefined && /[ \t]/.test(text)) return undefined
  const two = (part: string) => part.padStart(2, '0')
  const isDay = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day))).getUTCDate() === Number(day)
  if (!isDay || Number(month) > 12 || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined
  return `${year}-${two(month)}-${two(day)}T${two(hour)}:${minute}:${second}${zone ?? 'Z'}`
}
