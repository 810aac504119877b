import type { CodePage } from './page.ts'

export const contentCodes = {} as const satisfies Record<`content/${string}`, CodePage>
