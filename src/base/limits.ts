/** Longest text that is parsed, in UTF-16 units. The largest configuration measured, 5,000 prompts in one file, has 1.5 million. */
export const MAX_SOURCE_LENGTH = 16 * 1024 * 1024

/** Blocks, brackets and templates inside each other. The stack of Node holds about 1,000 levels of the parser's recursion. */
export const MAX_NESTING_DEPTH = 250

/**
 * Height of an expression's tree: `1 + 1 + 1` has 3. Higher than the nesting, since a long chain of operators is flat to
 * the eye; low enough for every recursive walk over the tree.
 */
export const MAX_EXPRESSION_HEIGHT = 500

/** UTF-16 units of one string that an expression makes: 16 Mi. The largest context windows hold about 8 million characters. */
export const MAX_STRING_LENGTH = 16 * 1024 * 1024

/** Elements of one collection that an expression makes. */
export const MAX_COLLECTION_SIZE = 1_000_000

/** Levels of nesting in a value that comes from JSON or YAML: deeper ones would use up the stack. */
export const MAX_VALUE_DEPTH = 500
