import type { DetectorSpec } from '../../artifact/guard.ts'
import type { JsonSchema } from '../../artifact/json-schema.ts'
import type { JsonValue } from '../../base/json.ts'
import type { Finding } from './finding.ts'

/** One kind of detector: what it looks for, and under what name what it takes out is put away. */
export interface Detector<Type extends DetectorSpec['type'] = DetectorSpec['type']> {
  readonly type: Type
  readonly summary: string
  /** `[EMAIL_1]`: the word before the number. */
  readonly placeholder: (finding: Finding) => string
  /**
   * Looks at texts, each by itself.
   *
   * @returns one detection for each text, in their order.
   * @throws GuardTrouble where it cannot look.
   */
  readonly look: (
    texts: readonly string[],
    spec: Extract<DetectorSpec, { type: Type }>,
    help: DetectorHelp,
  ) => Promise<readonly Detection[]>
  /** Looks at the beginning of a text that goes on; absent, or undefined: it has to see the whole. */
  readonly stream?: (spec: Extract<DetectorSpec, { type: Type }>) => Promise<StreamLook | undefined>
}

/** How a detector looks at a text of which more will come. */
export interface StreamLook {
  /** What it finds that begins so many UTF-16 units before the end stays found, and nothing else will be found before there. */
  readonly reach: number
  /** In the order of the text, without overlaps. */
  readonly look: (text: string) => readonly Finding[]
}

export interface Detection {
  /** In the order of the text, without overlaps; empty: nothing was found. */
  readonly findings: readonly Finding[]
  /** For people, where counting the findings does not say it: `9120 of at most 8000 characters`. */
  readonly summary?: string
  /** Of the text as a whole, 0 to 1, for detectors that weigh. */
  readonly score?: number
}

/** What some detectors need beside the text. */
export interface DetectorHelp {
  /** Places where the value does not fit the schema. */
  readonly violations: (schema: JsonSchema, value: JsonValue) => Promise<readonly unknown[]>
  /** Asks the model of a judge, and gives back its JSON. */
  readonly judge: (question: JudgeQuestion) => Promise<JsonValue>
}

export interface JudgeQuestion {
  /** Address of the model; of a pinned version with the version. */
  readonly model: string
  readonly system: string
  readonly user: string
  readonly output: JsonSchema
}

export const NOTHING: Detection = { findings: [] }

/** A detector could not look: `on_error` decides. The message is a sentence without full stop, and holds no part of the text. */
export class GuardTrouble extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'GuardTrouble'
  }
}

/** What is found in the text as a whole. */
export function wholeText(type: string, text: string, score = 1): Finding {
  return { type, start: 0, end: text.length, score }
}
