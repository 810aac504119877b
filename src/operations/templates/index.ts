import { hello } from './hello.ts'
import type { Template } from './template.ts'

/** Every template of `flowrun init`; the first is the default. */
export const templates: readonly Template[] = [hello]
