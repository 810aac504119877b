import type { CodePage } from './page.ts'

export const providerCodes = {} as const satisfies Record<`provider/${string}`, CodePage>
