import { createHash } from 'node:crypto'
import { createUlidSource } from '../../base/ids.ts'
import type { StepPath } from '../interpreter/command.ts'

/**
 * The id of a child run: of its parent and path, so that a parent which is driven again finds the child that it has (RUN-6).
 * It has the time of the parent, and sorts near it.
 */
export function childIdOf(parent: string, path: StepPath): string {
  const entropy = createHash('sha256').update(`${parent}\0${path}`).digest()
  const id = createUlidSource({ now: () => 0, monotonic: () => 0 }, size => entropy.subarray(0, size))()
  return parent.slice(0, 10) + id.slice(10)
}
