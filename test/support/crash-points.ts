import type { CrashPoint } from '../../src/base/crash-point.ts'

/** Where an apply can be killed, in the order of its protocol, and whether it has made its release by then. */
export const CRASH_POINTS: readonly (readonly [CrashPoint, released: boolean])[] = [
  ['A1-locked', false],
  ['A2-uploading', false],
  ['A2-uploaded', false],
  ['A3-begun', false],
  ['A4-inserted', false],
  ['A4-committed', true],
  ['A5-state-written', true],
  ['A6-unlocked', true],
]
