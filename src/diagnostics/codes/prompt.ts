import type { CodePage } from './page.ts'

export const promptCodes = {} as const satisfies Record<`prompt/${string}`, CodePage>
