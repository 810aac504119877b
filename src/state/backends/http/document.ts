import { digestOfText, shortDigest } from '../../../base/digest.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../base/json.ts'
import { OperationError } from '../../../diagnostics/operation-error.ts'
import type { StateVersion, StateWrite } from '../../../registry/release.ts'
import type { StoredText } from '../../encoding.ts'
import { newerState } from '../../encoding.ts'
import { STATE_FORMAT } from '../../state.ts'
import { foreign, unexpected } from './failure.ts'

const DOCUMENT_FORMAT = 'flowrun.http-state/1'
/** Any Terraform that knows format 4 and does not look at this reads it. */
const TERRAFORM_VERSION = '1.0.0'

/** Whose state an address holds. */
export interface StatePlace {
  /** The address as it may be shown. */
  readonly name: string
  readonly project: string
  readonly environment: string
}

/** A state as the server keeps it, not verified yet. */
export interface StateDocument extends StateVersion, StoredText {}

/**
 * A state of Terraform, format 4, without resources, that carries flowrun's own text under one more key. Terraform reads its
 * lineage, its serial and the outputs that may be seen; a text that is encrypted shows none.
 */
export function encodeDocument({ lineage, serial, digest, body }: StateWrite, { project, environment }: StatePlace): string {
  const document = {
    version: 4,
    terraform_version: TERRAFORM_VERSION,
    serial,
    lineage,
    outputs: terraformOutputs(body),
    resources: [],
    check_results: null,
    flowrun: { format: DOCUMENT_FORMAT, project, environment, digest, body },
  }
  return `${JSON.stringify(document, undefined, 2)}\n`
}

/**
 * @throws OperationError `state/foreign`, `state/newer-format`, `state/corrupt`, `state/unexpected-answer`.
 */
export function decodeDocument(text: string, place: StatePlace): StateDocument {
  const document = parse(text, place)
  const { flowrun, lineage, serial } = document
  if (!isJsonObject(flowrun)) throw foreign(place.name, whose(document))
  const { format, project, environment, digest, body } = flowrun
  if (format !== DOCUMENT_FORMAT) throw newerState(place.environment, flowrun, DOCUMENT_FORMAT)
  if (project !== place.project || environment !== place.environment)
    throw foreign(place.name, `It is that of the environment ${String(environment)} of the project ${String(project)}.`)
  if (typeof lineage !== 'string' || typeof serial !== 'number' || typeof digest !== 'string' || typeof body !== 'string')
    throw corrupt(place, 'parts of the document are gone')
  return { lineage, serial, digest, body }
}

/** @throws OperationError `state/corrupt`. */
export function requireIntact({ digest, body, serial }: StateDocument, place: StatePlace): void {
  const found = digestOfText(body)
  if (found === digest) return
  const digests = `\n    · expected ${shortDigest(digest)}\n    · found    ${shortDigest(found)}\n\n`
  throw corrupt(place, `the snapshot with serial ${serial} does not match its digest${digests}`)
}

export function corrupt({ name, environment }: StatePlace, what: string): OperationError {
  return new OperationError({
    code: 'state/corrupt',
    summary: `The state of ${environment} cannot be read`,
    detail:
      `${name}: ${what}${what.endsWith('\n') ? '' : '.\n'}Your deployed prompts are safe: they live in the registry. ` +
      'If the server keeps earlier versions of the state, restore one there. Nothing was changed.',
  })
}

function parse(text: string, place: StatePlace): JsonObject {
  try {
    const parsed: JsonValue = JSON.parse(text)
    if (isJsonObject(parsed)) return parsed
  } catch {
    if (text.startsWith('{')) throw corrupt(place, 'the document is not whole JSON')
  }
  throw unexpected(place.name, 'What it gives as the state is not a JSON document.')
}

function whose({ version, terraform_version, serial, resources, encrypted_data }: JsonObject): string {
  if (encrypted_data !== undefined) return 'OpenTofu wrote it, encrypted.'
  if (version === undefined || terraform_version === undefined) return 'What is stored there is not a state of flowrun.'
  const count = Array.isArray(resources) ? resources.length : 0
  return `Terraform or OpenTofu ${String(terraform_version)} wrote it: serial ${String(serial)}, ${count} resource${count === 1 ? '' : 's'}.`
}

/** Outputs that anybody may see, for `terraform output` and the data source terraform_remote_state. */
function terraformOutputs(body: string): JsonObject {
  const state = readable(body)
  if (!isJsonObject(state?.outputs)) return {}
  return Object.fromEntries(
    Object.entries(state.outputs).flatMap(([name, output]) =>
      isJsonObject(output) && output.sensitive === false && output.value !== undefined
        ? [[name, { value: output.value, type: terraformType(output.value) }]]
        : [],
    ),
  )
}

function readable(body: string): JsonObject | undefined {
  try {
    const state: JsonValue = JSON.parse(body)
    return isJsonObject(state) && state.format === STATE_FORMAT ? state : undefined
  } catch {
    return undefined
  }
}

/** The JSON form of a type of Terraform that the value has. */
function terraformType(value: JsonValue): JsonValue {
  if (value === null) return 'dynamic'
  if (Array.isArray(value)) return ['tuple', value.map(terraformType)]
  if (isJsonObject(value)) return ['object', Object.fromEntries(Object.entries(value).map(([name, of]) => [name, terraformType(of)]))]
  return typeof value === 'boolean' ? 'bool' : typeof value === 'number' ? 'number' : 'string'
}
