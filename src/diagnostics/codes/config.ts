import { configBlockCodes } from './config-block.ts'
import { configModuleCodes } from './config-module.ts'
import { configNameCodes } from './config-name.ts'
import { configRefactoringCodes } from './config-refactoring.ts'
import { configValueCodes } from './config-value.ts'

/** What the configuration can say: its blocks, its names, its values. */
export const configCodes = {
  ...configBlockCodes,
  ...configModuleCodes,
  ...configNameCodes,
  ...configRefactoringCodes,
  ...configValueCodes,
} as const
