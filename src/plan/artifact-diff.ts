import type { DeferredText } from '../artifact/deferred.ts'
import type { Artifact } from '../artifact/envelope.ts'
import type { PromptSpec } from '../artifact/prompt.ts'
import type { WorkflowSpec } from '../artifact/workflow.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../base/json.ts'
import { messageNames } from './tokens.ts'
import { diffSchemas, diffValues, type ValueChange } from './value-diff.ts'
import { diffWorkflows } from './workflow-diff.ts'

/** What differs between two artifacts of one address: texts apart, since they are compared line by line. */
export interface ArtifactDiff {
  readonly texts: readonly TextChange[]
  readonly values: readonly ValueChange[]
}

/** A text argument that differs; an absent side was not there. */
export interface TextChange {
  /** The argument: `system`, `user`, `message[0]`. */
  readonly name: string
  /** The file that the text after was read from. */
  readonly file?: string
  readonly before?: string
  readonly after?: string
}

/** @param textFiles of the artifact after: `system` → `prompts/answer.md`. */
export function diffArtifacts(
  before: Artifact | undefined,
  after: Artifact | undefined,
  textFiles: Readonly<Record<string, string>> = {},
): ArtifactDiff {
  const workflows = [workflowOf(before), workflowOf(after)] as const
  if (workflows[0] ?? workflows[1]) return { texts: [], values: diffWorkflows(...workflows) }
  const prompts = [promptOf(before), promptOf(after)] as const
  if (prompts[0] === undefined && prompts[1] === undefined) return { texts: [], values: diffValues(specOf(before), specOf(after)) }
  return {
    texts: diffMessages(prompts[0], prompts[1], textFiles),
    values: [
      ...diffValues(settingsOf(prompts[0]), settingsOf(prompts[1])),
      ...diffSchemas(prompts[0]?.input, prompts[1]?.input, 'input'),
      ...diffSchemas(prompts[0]?.output, prompts[1]?.output, 'output'),
    ],
  }
}

/** Text as a template writes it, so that a template and literal text that looks like one differ. */
export function templateText(text: DeferredText): string {
  if (typeof text === 'string') return text.replaceAll('${', '$${').replaceAll('%{', '%%{')
  return '$template' in text ? text.$template : `\${${text.$expr}}`
}

function promptOf(artifact: Artifact | undefined): PromptSpec | undefined {
  return artifact?.kind === 'prompt' ? artifact.spec : undefined
}

function workflowOf(artifact: Artifact | undefined): WorkflowSpec | undefined {
  return artifact?.kind === 'workflow' ? artifact.spec : undefined
}

function specOf(artifact: Artifact | undefined): JsonObject {
  return artifact === undefined ? {} : jsonOf(artifact.spec)
}

/** An interface has no index signature, so the compiler cannot see that a spec is JSON. */
function jsonOf(spec: Artifact['spec']): JsonObject {
  const json: unknown = spec
  return isJsonObject(json) ? json : {}
}

function diffMessages(
  before: PromptSpec | undefined,
  after: PromptSpec | undefined,
  textFiles: Readonly<Record<string, string>>,
): readonly TextChange[] {
  const textsBefore = textsOf(before)
  const textsAfter = textsOf(after)
  const names = new Set([...textsAfter.keys(), ...textsBefore.keys()])
  return [...names].flatMap(name => {
    const sides = { before: textsBefore.get(name), after: textsAfter.get(name) }
    if (sides.before === sides.after) return []
    const file = sides.after === undefined ? undefined : textFiles[name]
    return [
      {
        name,
        ...(file === undefined ? {} : { file }),
        ...(sides.before === undefined ? {} : { before: sides.before }),
        ...(sides.after === undefined ? {} : { after: sides.after }),
      },
    ]
  })
}

function textsOf(prompt: PromptSpec | undefined): ReadonlyMap<string, string> {
  const texts = new Map<string, string>()
  for (const { name, message } of messageNames(prompt?.messages ?? [])) {
    if (message.text !== undefined) texts.set(name, templateText(message.text))
  }
  return texts
}

/** What a prompt says besides texts and schemas, under the names of its arguments. */
function settingsOf(prompt: PromptSpec | undefined): JsonObject {
  if (prompt === undefined) return {}
  const { messages: _messages, input: _input, output: _output, tiers, ...others } = jsonOf(prompt)
  const [only] = prompt.tiers
  const isSingle = prompt.tiers.length === 1 && only !== undefined
  return { ...(isSingle ? { model: { ...only.model } } : { tier: tiers ?? [] }), ...roleSettings(prompt), ...others }
}

/** The role of each message beyond `system` and `user`, and what is attached. */
function roleSettings(prompt: PromptSpec): JsonObject {
  const settings: Record<string, JsonValue> = {}
  for (const { name, message } of messageNames(prompt.messages)) {
    if (name !== message.role) settings[`${name} role`] = message.role
    if (message.attachments !== undefined) settings[`${name} attachments`] = message.attachments
  }
  return settings
}
