import type { CodePage } from './page.ts'

export const cliCodes = {} as const satisfies Record<`cli/${string}`, CodePage>
