import { functions } from "./functions.ts"

export type Expression =
  | { readonly kind: "literal"; readonly value: unknown }
  | { readonly kind: "field"; readonly path: readonly string[] }
  | { readonly kind: "group"; readonly pipeline: readonly Call[] }

/** A function and its arguments; without a name, its one argument. */
export interface Call {
  readonly name: string | undefined
  readonly args: readonly Expression[]
}

export type Node =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "output"; readonly pipeline: readonly Call[] }
  | { readonly kind: "if"; readonly condition: readonly Call[]; readonly met: Node[]; readonly otherwise: Node[] }

/** An action's tokens: a string, a number, a field, a word, or one of `(`, `)`, `|`. */
const token = /\s*(?:("(?:[^"\\]|\\.)*"|`[^`]*`)|([+-]?\d+(?:\.\d+)?)|(\$?(?:\.\w+)+|\$|\.)|(\w+)|([()|]))/y
const action = /\{\{(- )?((?:"(?:[^"\\]|\\.)*"|`[^`]*`|\/\*[\s\S]*?\*\/|[^"`}]|\}(?!\}))*?)( -)?\}\}/g

interface Open {
  readonly nodes: Node[]
  /** Whether an `end` closes this and what is around it too: an `else if`. */
  readonly chained: boolean
  readonly otherwise: Node[] | undefined
}

/** The nodes of a template; a `RangeError` in Go's words says where it is none. */
export function parseTemplate(name: string, text: string): Node[] {
  const root: Node[] = []
  const open: Open[] = [{ nodes: root, chained: false, otherwise: undefined }]
  let at = 0
  let trim = false
  for (const match of text.matchAll(action)) {
    const between = text.slice(at, match.index)
    pushText(open, trim ? between.trimStart() : between, match[1] !== undefined)
    at = match.index + match[0].length
    trim = match[3] !== undefined
    const where = `template: ${name}:${text.slice(0, match.index).split("\n").length}`
    step(open, (match[2] ?? "").trim(), where)
  }
  const rest = text.slice(at)
  const where = `template: ${name}:${text.split("\n").length}`
  if (rest.includes("{{")) throw new RangeError(`${where}: unclosed action`)
  pushText(open, trim ? rest.trimStart() : rest, false)
  if (open.length > 1) throw new RangeError(`${where}: unexpected EOF`)
  return root
}

function pushText(open: readonly Open[], text: string, trimEnd: boolean): void {
  const kept = trimEnd ? text.trimEnd() : text
  if (kept !== "") open.at(-1)?.nodes.push({ kind: "text", text: kept })
}

function step(open: Open[], inner: string, where: string): void {
  if (inner.startsWith("/*")) return
  const [word = "", ...more] = inner.split(/\s+/)
  const rest = inner.slice(word.length).trim()
  if (word === "if") begin(open, rest, where, false)
  else if (word === "end") end(open, where)
  else if (word === "else") {
    const top = open.at(-1)
    if (top?.otherwise === undefined) throw new RangeError(`${where}: unexpected {{else}}`)
    open[open.length - 1] = { nodes: top.otherwise, chained: top.chained, otherwise: undefined }
    if (more[0] === "if") begin(open, rest.slice(2).trim(), where, true)
  } else open.at(-1)?.nodes.push({ kind: "output", pipeline: parsePipeline(inner, where) })
}

function begin(open: Open[], condition: string, where: string, chained: boolean): void {
  const node: Node = { kind: "if", condition: parsePipeline(condition, where), met: [], otherwise: [] }
  open.at(-1)?.nodes.push(node)
  open.push({ nodes: node.met, chained, otherwise: node.otherwise })
}

function end(open: Open[], where: string): void {
  let chained = true
  while (chained) {
    if (open.length === 1) throw new RangeError(`${where}: unexpected {{end}}`)
    chained = open.pop()?.chained ?? false
  }
}

function parsePipeline(inner: string, where: string): Call[] {
  const tokens = tokensOf(inner, where)
  const { calls, next } = callsFrom(tokens, 0, where)
  if (next < tokens.length) throw new RangeError(`${where}: unexpected right paren`)
  return calls
}

type Token = { readonly text: string; readonly expression?: Expression; readonly word?: string }

function tokensOf(inner: string, where: string): Token[] {
  const tokens: Token[] = []
  token.lastIndex = 0
  while (token.lastIndex < inner.length) {
    const from = token.lastIndex
    const match = token.exec(inner)
    if (!match) throw new RangeError(`${where}: unexpected ${JSON.stringify(inner.slice(from).trim()[0])} in command`)
    tokens.push(tokenOf(match, where))
  }
  return tokens
}

function tokenOf(match: RegExpExecArray, where: string): Token {
  const [, quoted, number, field, word, mark = ""] = match
  if (quoted !== undefined) return { text: quoted, expression: { kind: "literal", value: unquoted(quoted, where) } }
  if (number !== undefined) return { text: number, expression: { kind: "literal", value: Number(number) } }
  if (field !== undefined) {
    const path = field.split(".").filter((part) => part !== "" && part !== "$")
    return { text: field, expression: { kind: "field", path } }
  }
  if (word === undefined) return { text: mark }
  if (word === "true" || word === "false")
    return { text: word, expression: { kind: "literal", value: word === "true" } }
  if (!Object.hasOwn(functions, word)) throw new RangeError(`${where}: function "${word}" not defined`)
  return { text: word, word }
}

function unquoted(text: string, where: string): string {
  if (text.startsWith("`")) return text.slice(1, -1)
  try {
    return JSON.parse(text) as string
  } catch {
    throw new RangeError(`${where}: bad string ${text}`)
  }
}

/** Calls up to the closing parenthesis or the end. */
function callsFrom(tokens: readonly Token[], from: number, where: string): { calls: Call[]; next: number } {
  const calls: Call[] = []
  let name: string | undefined
  let args: Expression[] = []
  const finish = (): void => {
    if (name === undefined && args.length === 0) throw new RangeError(`${where}: missing value for command`)
    if (name === undefined && args.length > 1) throw new RangeError(`${where}: can't give argument to non-function`)
    calls.push({ name, args })
    name = undefined
    args = []
  }
  let next = from
  while (next < tokens.length && tokens[next]?.text !== ")") {
    const { text, expression, word } = tokens[next] as Token
    next++
    if (expression !== undefined) args.push(expression)
    else if (word !== undefined && name === undefined && args.length === 0) name = word
    else if (word !== undefined) args.push({ kind: "group", pipeline: [{ name: word, args: [] }] })
    else if (text === "|") finish()
    else {
      const inner = callsFrom(tokens, next, where)
      if (tokens[inner.next]?.text !== ")") throw new RangeError(`${where}: unclosed left paren`)
      args.push({ kind: "group", pipeline: inner.calls })
      next = inner.next + 1
    }
  }
  finish()
  return { calls, next }
}
