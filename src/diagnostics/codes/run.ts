import type { CodePage } from './page.ts'

export const runCodes = {} as const satisfies Record<`run/${string}`, CodePage>
