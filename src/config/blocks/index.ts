import { budget } from './budget.ts'
import type { BlockDefinition } from './definition.ts'
import { guard } from './guard.ts'
import { model } from './model.ts'
import { prompt } from './prompt.ts'
import { provider } from './provider.ts'
import { tool } from './tool.ts'
import { workflow } from './workflow.ts'

/** Every type of published block. The order is that of a plan where nothing else decides. */
export const publishedBlocks: readonly BlockDefinition[] = [provider, model, guard, prompt, tool, workflow, budget]

/** Blocks of the project itself: they are not published. */
export const PROJECT_BLOCKS = [
  'flowrun',
  'environment',
  'variable',
  'locals',
  'output',
  'module',
  'check',
  'moved',
  'removed',
  'import',
] as const

/** Those of them that belong to the project as a whole: not in a module. */
export const ROOT_BLOCKS: readonly string[] = ['flowrun', 'environment', 'import']
