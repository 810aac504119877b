import type { Detector } from './detector.ts'
import { type Finding, withoutOverlaps } from './finding.ts'
import { findAssignments } from './secrets/assignment.ts'
import { findRandomText } from './secrets/entropy.ts'
import { findKnownSecrets } from './secrets/known-form.ts'

/** Keys, tokens and passwords: by the forms that their makers give them, by what they are assigned to, and by how random they look. */
export const secrets: Detector<'secrets'> = {
  type: 'secrets',
  summary: 'keys and tokens of known forms, private keys, passwords, random text',
  placeholder: () => 'SECRET',
  async look(texts, { threshold }) {
    return texts.map(text => {
      const findings = findSecrets(text).filter(({ score }) => score >= threshold)
      const score = Math.max(0, ...findings.map(finding => finding.score))
      return findings.length === 0 ? { findings } : { findings, score }
    })
  },
}

/** All that may be one, with how sure that is; the surest form first. */
export function findSecrets(text: string): readonly Finding[] {
  return withoutOverlaps([...findKnownSecrets(text), ...findAssignments(text), ...findRandomText(text)])
}
