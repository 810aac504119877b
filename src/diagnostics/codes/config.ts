import { configBlockCodes } from './config-block.ts'
import { configNameCodes } from './config-name.ts'
import { configRefactoringCodes } from './config-refactoring.ts'
import { configValueCodes } from './config-value.ts'

/** What the configuration can say: its blocks, its names, its values. */
export const configCodes = { ...configBlockCodes, ...configNameCodes, ...configRefactoringCodes, ...configValueCodes } as const
