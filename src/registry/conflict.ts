import { shortDigest } from '../base/digest.ts'
import type { DiagnosticInput } from '../diagnostics/diagnostic.ts'
import type { Hold } from './hold.ts'
import type { PointerChange } from './pointer.ts'
import type { BrokenReference, ReleaseConflict, ReleaseWithChanges, TakenVersion } from './release.ts'

/** Lines of a list before it is cut. */
const LISTED_MAX = 10
/** Changes of one release that are named. */
const NAMED_MAX = 3

/** What a conflict says, when planning again or asking is no way on. */
export function conflictDiagnostic(conflict: ReleaseConflict, environment: string): DiagnosticInput {
  switch (conflict.outcome) {
    case 'moved':
      return {
        code: 'release/moved',
        summary: `${environment} is at release ${conflict.head}, and the plan was made against ${releaseName(conflict.base)}`,
        detail: `${listed(conflict.releases.map(releaseLine))}Plan again: flowrun plan -e ${environment}\nNothing was changed.`,
      }
    case 'version-taken':
      return {
        code: 'version/taken',
        summary: `${takenName(conflict.taken)} was taken by another text`,
        detail: `${listed(conflict.taken.map(takenLine))}Plan again, and the next free number is used: flowrun plan -e ${environment}\nNothing was changed.`,
      }
    case 'state-moved':
      return {
        code: 'state/conflict',
        summary: `The state of ${environment} was written by somebody else meanwhile`,
        detail: `Run the command again: it starts from the new state. Nothing was changed.`,
      }
    case 'content-missing':
      return {
        code: 'content/missing',
        summary: `The content of ${conflict.contents[0]?.address} is gone again`,
        detail: 'It was collected between its upload and the release. Run the command again, and it is uploaded anew. Nothing was changed.',
      }
    case 'held':
      return {
        code: 'apply/held',
        summary: `${conflict.holds[0]?.address} is held in ${environment}`,
        detail:
          `${listed(conflict.holds.map(holdLine))}Change the block (another text is not held), or release this one on purpose:\n` +
          `  flowrun apply -e ${environment} --override-hold REASON\nNothing was changed.`,
      }
    case 'owned-elsewhere':
      return {
        code: 'apply/owned-elsewhere',
        summary: `${conflict.pointers[0]?.address} belongs to another configuration in ${environment}`,
        detail:
          `${listed(conflict.pointers.map(pointer => `${pointer.address}@${pointer.version}, published by lineage ${pointer.owner}`))}` +
          'Rename the block, or take it over with an import block that has take_over = true and a reason. ' +
          'If this configuration published it and its state was lost: flowrun state recover\nNothing was changed.',
      }
    case 'dangling':
      return {
        code: 'release/dangling-reference',
        summary: `${conflict.references[0]?.address} would refer to ${conflict.references[0]?.target}, which would have no version in ${environment}`,
        detail: `${listed(conflict.references.map(brokenLine))}Release what is referred to as well, or change what refers to it.\nNothing was changed.`,
      }
    case 'incompatible':
      return {
        code: 'release/incompatible',
        summary: `${conflict.references[0]?.address} would not fit ${conflict.references[0]?.target} in ${environment}`,
        detail:
          `${listed(conflict.references.map(brokenLine))}They were never compiled against each other. Apply both together, ` +
          'or roll both back to the release in which they last agreed.\nNothing was changed.',
      }
  }
}

/** The first changes of a release, and how many more there are: `prompt.answer @4 → @5, prompt.reply none → @1 and 7 more`. */
export function changesText(changes: readonly PointerChange[]): string {
  const more = changes.length > NAMED_MAX ? ` and ${changes.length - NAMED_MAX} more` : ''
  return `${changes.slice(0, NAMED_MAX).map(changeText).join(', ')}${more}`
}

/** `prompt.summarise @4 → @5`, as people read a moved pointer. */
export function changeText({ address, before, after }: PointerChange): string {
  const name = (pointed: PointerChange['before']) => (pointed ? `@${pointed.version}` : 'none')
  return `${address} ${name(before)} → ${name(after)}`
}

function releaseName(number: number): string {
  return number === 0 ? 'an environment without one' : `release ${number}`
}

function releaseLine({ number, actor, changes }: ReleaseWithChanges): string {
  return `release ${number} by ${actor}: ${changesText(changes)}`
}

function takenName(taken: readonly TakenVersion[]): string {
  const [first] = taken
  return first ? `${first.wanted.address}@${first.wanted.version}` : 'A version'
}

function takenLine({ wanted, existing }: TakenVersion): string {
  const same = wanted.digest === existing.digest
  const what = same
    ? `this text is ${existing.address}@${existing.version} already`
    : `${existing.address}@${existing.version} has another text`
  return `${what}, published by ${existing.createdBy} at ${new Date(existing.createdAtMs).toISOString()}`
}

function holdLine({ address, digest, rollback, actor, reason }: Hold): string {
  return `${address} (${shortDigest(digest)}), since release ${rollback} by ${actor}: ${JSON.stringify(reason)}`
}

function brokenLine({ address, version, target, targetVersion }: BrokenReference): string {
  return `${address}@${version} refers to ${target}${targetVersion === null ? '' : `@${targetVersion}`}`
}

/** Lines of their own, never wrapped. */
function listed(lines: readonly string[]): string {
  const shown = lines.slice(0, LISTED_MAX).map(line => `  ${line}\n`)
  return shown.join('') + (lines.length > LISTED_MAX ? `  and ${lines.length - LISTED_MAX} more\n` : '')
}
