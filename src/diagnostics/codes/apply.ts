import type { CodePage } from './page.ts'

export const applyCodes = {} as const satisfies Record<`apply/${string}`, CodePage>
