import type { CodePage } from './page.ts'

export const modelCodes = {} as const satisfies Record<`model/${string}`, CodePage>
