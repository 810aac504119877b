import type { SourceRange } from '../diagnostics/source.ts'

/** A body: the whole of a file, or what stands between the braces of a block. */
export interface Body {
  readonly kind: 'body'
  /** Attributes and blocks in source order. */
  readonly items: readonly (Attribute | Block)[]
  readonly range: SourceRange
}

export interface Attribute {
  readonly kind: 'attribute'
  readonly name: string
  readonly nameRange: SourceRange
  readonly expression: Expression
  readonly range: SourceRange
}

export interface Block {
  readonly kind: 'block'
  readonly type: string
  readonly typeRange: SourceRange
  readonly labels: readonly BlockLabel[]
  readonly body: Body
  /** From the type to the last label: what a message about the block underlines. */
  readonly headerRange: SourceRange
  readonly range: SourceRange
}

export interface BlockLabel {
  readonly text: string
  readonly quoted: boolean
  readonly range: SourceRange
}

export type Expression =
  | LiteralExpression
  | TemplateExpression
  | TraversalExpression
  | RelativeTraversalExpression
  | IndexExpression
  | SplatExpression
  | CallExpression
  | ConditionalExpression
  | BinaryExpression
  | UnaryExpression
  | ParenthesesExpression
  | TupleExpression
  | ObjectExpression
  | ForExpression
  | AnonymousExpression
  | InvalidExpression

export interface LiteralExpression {
  readonly kind: 'literal'
  readonly value: string | number | boolean | null
  readonly range: SourceRange
}

/**
 * A quoted string, a heredoc, or the text of a template file. One that is nothing but one interpolation, `"${x}"`,
 * keeps the type of x: `isWrap`.
 */
export interface TemplateExpression {
  readonly kind: 'template'
  readonly form: 'quoted' | 'heredoc' | 'file'
  readonly parts: readonly TemplatePart[]
  readonly isWrap: boolean
  readonly range: SourceRange
}

export type TemplatePart = TemplateText | TemplateInterpolation | TemplateIf | TemplateFor

export interface TemplateText {
  readonly kind: 'text'
  /** Escapes resolved, flush and strip markers applied; empty where they left nothing. */
  readonly text: string
  /** What the marker of the sequence before it took off, and that of the one after: whoever prints the template as it was written adds it. */
  readonly strippedStart?: string
  readonly strippedEnd?: string
  readonly range: SourceRange
}

/** The `~` at the sides of one sequence, `${~ … ~}`. */
export interface StripMarkers {
  readonly before: boolean
  readonly after: boolean
}

export interface TemplateInterpolation {
  readonly kind: 'interpolation'
  readonly expression: Expression
  /** Absent: none. */
  readonly strip?: StripMarkers
  readonly range: SourceRange
}

export interface TemplateIf {
  readonly kind: 'if'
  readonly condition: Expression
  readonly whenTrue: readonly TemplatePart[]
  readonly whenFalse: readonly TemplatePart[]
  /** Of the `if`, the `else` (also where there is none) and the `endif`; absent: none. */
  readonly strips?: readonly [StripMarkers, StripMarkers, StripMarkers]
  readonly range: SourceRange
}

export interface TemplateFor {
  readonly kind: 'for'
  readonly keyName?: string
  readonly valueName: string
  readonly collection: Expression
  readonly body: readonly TemplatePart[]
  /** Of the `for` and the `endfor`; absent: none. */
  readonly strips?: readonly [StripMarkers, StripMarkers]
  readonly range: SourceRange
}

/** `root.step[0].step`: what is looked up in the scope. Steps with literal keys only; others are `index` nodes. */
export interface TraversalExpression {
  readonly kind: 'traversal'
  readonly root: string
  readonly rootRange: SourceRange
  readonly steps: readonly TraversalStep[]
  readonly range: SourceRange
}

export interface TraversalStep {
  readonly kind: 'attribute' | 'index'
  readonly key: string | number
  /** Of the step with its dot or brackets. */
  readonly range: SourceRange
}

/** Steps after something that is not a plain name: `f(x).a`, `(e)[0]`. */
export interface RelativeTraversalExpression {
  readonly kind: 'relative-traversal'
  readonly source: Expression
  readonly steps: readonly TraversalStep[]
  readonly range: SourceRange
}

export interface IndexExpression {
  readonly kind: 'index'
  readonly collection: Expression
  readonly key: Expression
  readonly range: SourceRange
}

/** `source[*].a.b` or `source.*.a`: `each` is evaluated once per element, with the element as its anonymous expression. */
export interface SplatExpression {
  readonly kind: 'splat'
  readonly form: 'full' | 'attribute'
  readonly source: Expression
  readonly each: Expression
  readonly item: AnonymousExpression
  readonly range: SourceRange
}

/** The element inside a splat. */
export interface AnonymousExpression {
  readonly kind: 'anonymous'
  readonly range: SourceRange
}

export interface CallExpression {
  readonly kind: 'call'
  /** With its namespace: `core::upper`. */
  readonly name: string
  readonly nameRange: SourceRange
  readonly arguments: readonly Expression[]
  /** The last argument was written with `...`. */
  readonly expandFinal: boolean
  readonly range: SourceRange
}

export interface ConditionalExpression {
  readonly kind: 'conditional'
  readonly condition: Expression
  readonly whenTrue: Expression
  readonly whenFalse: Expression
  readonly range: SourceRange
}

export type BinaryOperator = '+' | '-' | '*' | '/' | '%' | '==' | '!=' | '<' | '>' | '<=' | '>=' | '&&' | '||'

export interface BinaryExpression {
  readonly kind: 'binary'
  readonly operator: BinaryOperator
  readonly left: Expression
  readonly right: Expression
  readonly range: SourceRange
}

export interface UnaryExpression {
  readonly kind: 'unary'
  readonly operator: '-' | '!'
  readonly operand: Expression
  readonly range: SourceRange
}

export interface ParenthesesExpression {
  readonly kind: 'parentheses'
  readonly expression: Expression
  readonly range: SourceRange
}

export interface TupleExpression {
  readonly kind: 'tuple'
  readonly items: readonly Expression[]
  readonly range: SourceRange
}

export interface ObjectExpression {
  readonly kind: 'object'
  readonly items: readonly ObjectItem[]
  readonly range: SourceRange
}

export interface ObjectItem {
  /** A bare identifier, or a keyword such as `true`, is a literal string key; `(x)` is a parentheses node. */
  readonly key: Expression
  readonly value: Expression
}

export interface ForExpression {
  readonly kind: 'for'
  readonly keyName?: string
  readonly valueName: string
  readonly collection: Expression
  /** Given in `{for …}`, absent in `[for …]`. */
  readonly keyResult?: Expression
  readonly valueResult: Expression
  /** `{for … : k => v...}`: values of one key become a tuple. */
  readonly group: boolean
  readonly condition?: Expression
  readonly range: SourceRange
}

/** Stands where an expression should be after a syntax error was reported; it evaluates to the invalid value, silently. */
export interface InvalidExpression {
  readonly kind: 'invalid'
  readonly range: SourceRange
}
