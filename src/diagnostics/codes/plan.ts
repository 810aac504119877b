import type { CodePage } from './page.ts'

export const planCodes = {} as const satisfies Record<`plan/${string}`, CodePage>
