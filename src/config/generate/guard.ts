import type { DetectorSpec, GuardSpec } from '../../artifact/guard.ts'
import type { JsonValue } from '../../base/json.ts'
import { guard, USUAL_PII_TYPES, USUAL_THRESHOLD } from '../blocks/guard.ts'
import { argument, type BodyItem, block } from './body.ts'
import { plainArguments, unlessDefault } from './model-blocks.ts'
import { typeText } from './schema-type.ts'
import { jsonText, referenceText } from './text.ts'

/** The arguments and detectors of a guard that give this artifact. Each detector says its action, unless that is the usual one. */
export function guardItems({ description, labels, detectors, on_error }: GuardSpec): readonly BodyItem[] {
  return [
    ...plainArguments({ description, labels, on_error: unlessDefault(guard.body, 'on_error', on_error) }),
    ...detectors.map(detector => block(detector.type, [...detectorItems(detector), ...actionItems(detector)])),
  ]
}

function actionItems({ action }: DetectorSpec): readonly BodyItem[] {
  return plainArguments({ action: unlessDefault(guard.body, 'action', action) })
}

function detectorItems(detector: DetectorSpec): readonly BodyItem[] {
  switch (detector.type) {
    case 'length': {
      const { min_chars, max_chars, max_tokens } = detector
      return plainArguments({ min_chars, max_chars, max_tokens })
    }
    case 'pattern':
      return plainArguments({ allow: unlessEmpty(detector.allow), deny: unlessEmpty(detector.deny) })
    case 'pii': {
      const isUsual = detector.types.join() === USUAL_PII_TYPES.join()
      return plainArguments({ types: isUsual ? undefined : detector.types, reversible: detector.reversible || undefined })
    }
    case 'secrets':
    case 'injection':
      return thresholdItems(detector)
    case 'json': {
      const type = detector.schema && typeText(detector.schema)
      if (type !== undefined) return argument('type', type)
      return argument('schema', detector.schema && jsonText(detector.schema))
    }
    case 'judge':
      return [
        ...argument('model', referenceText(detector.model)),
        ...argument('rubric', jsonText(detector.rubric)),
        ...thresholdItems(detector),
      ]
  }
}

function thresholdItems({ threshold }: { readonly threshold: number }): readonly BodyItem[] {
  return plainArguments({ threshold: threshold === USUAL_THRESHOLD ? undefined : threshold })
}

function unlessEmpty(list: readonly string[]): JsonValue | undefined {
  return list.length === 0 ? undefined : list
}
