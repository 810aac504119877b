import type { DetectorSpec } from '../../artifact/guard.ts'
import type { Detection, Detector, DetectorHelp, StreamLook } from './detector.ts'
import type { Finding } from './finding.ts'
import { injection } from './injection.ts'
import { json } from './json.ts'
import { judge } from './judge.ts'
import { length } from './length.ts'
import { pattern } from './pattern.ts'
import { pii } from './pii.ts'
import { secrets } from './secrets.ts'

/** Every kind of detector, by its name. */
export const detectors: { readonly [Type in DetectorSpec['type']]: Detector<Type> } = {
  length,
  pattern,
  pii,
  secrets,
  injection,
  json,
  judge,
}

/** What a detector finds in each of the texts. */
export function detect<Type extends DetectorSpec['type']>(
  spec: Extract<DetectorSpec, { type: Type }>,
  texts: readonly string[],
  help: DetectorHelp,
): Promise<readonly Detection[]> {
  // Type and spec belong together, which the compiler cannot see through the index.
  const detector = detectors[spec.type] as unknown as Detector<Type>
  return detector.look(texts, spec, help)
}

/** How a detector looks at a text that goes on; undefined where it has to see the whole. */
export async function streamLook<Type extends DetectorSpec['type']>(
  spec: Extract<DetectorSpec, { type: Type }>,
): Promise<StreamLook | undefined> {
  const detector = detectors[spec.type] as unknown as Detector<Type>
  return detector.stream?.(spec)
}

/** `EMAIL`: what stands for a finding of the detector, without its number. */
export function placeholderLabel(type: DetectorSpec['type'], finding: Finding): string {
  return detectors[type].placeholder(finding)
}
