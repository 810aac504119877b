import type { CodePage } from './page.ts'

export const outputCodes = {} as const satisfies Record<`output/${string}`, CodePage>
