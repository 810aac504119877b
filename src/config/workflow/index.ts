import { approval } from './approval.ts'
import type { NodeDefinition } from './definition.ts'
import { flow } from './flow.ts'
import { guard } from './guard.ts'
import { loop } from './loop.ts'
import { map } from './map.ts'
import { model } from './model.ts'
import { router } from './router.ts'
import { tool } from './tool.ts'
import { transform } from './transform.ts'
import { wait } from './wait.ts'

/** Every type of node. */
export const nodeDefinitions: readonly NodeDefinition[] = [model, tool, router, guard, transform, map, loop, flow, approval, wait]
