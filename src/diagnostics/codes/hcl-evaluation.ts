import type { CodePage } from './page.ts'

/** What the evaluator, conversions and functions can say. */
export const hclEvaluationCodes = {} as const satisfies Record<`hcl/${string}`, CodePage>
