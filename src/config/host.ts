import type { Artifact } from '../artifact/envelope.ts'
import type { Digest } from '../base/digest.ts'
import type { FileAccess, FunctionTable } from '../hcl/function.ts'
import type { LockedServer } from './locked-tools.ts'
import type { Search } from './project-files.ts'

/** What compiling needs of the world. */
export interface CompileHost {
  readonly functions: FunctionTable
  /** The project's files; it remembers what was read and looked for, relative to the root. */
  readonly files: FileAccess & {
    reads(): ReadonlyMap<string, Digest>
    searches(): readonly Search[]
    /** As a module in the folder sees them; both absolute. */
    within(folder: string, boundary: string): FileAccess
  }
  /** The number that a content has, or will have after apply; absent where no registry was asked, as in `validate`. */
  readonly versionOf?: (address: string, digest: Digest) => number
  /** What is active at an address now, for `ignore_changes`; absent where no registry was asked. */
  readonly publishedAt?: (address: string) => Artifact | undefined
  /** What the lock says of MCP servers. */
  readonly servers?: readonly LockedServer[]
}
