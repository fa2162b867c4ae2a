/** What an expression did wrong when it was evaluated: the fault of the expression or of the data, never of this room. */
export class CelError extends Error {
  override name = "CelError"
}

/** An evaluation that cost more than it may. Unlike other errors no `||` or `exists` takes it in. */
export class CostError extends CelError {
  override name = "CostError"
  constructor() {
    super("operation cancelled: actual cost limit exceeded")
  }
}

/** An expression that cannot be evaluated at all, with the place of the mistake as Kubernetes shows it. */
export class CompileError extends CelError {
  override name = "CompileError"
  readonly detail: string

  constructor(source: string, position: number, detail: string) {
    super(`ERROR: <input>:${shownAt(source, position, detail)}`)
    this.detail = detail
  }
}

function shownAt(source: string, position: number, detail: string): string {
  const before = source.slice(0, position)
  const line = before.split("\n").length
  const column = position - (before.lastIndexOf("\n") + 1)
  const text = source.split("\n")[line - 1] ?? ""
  return `${line}:${column + 1}: ${detail}\n | ${text}\n | ${".".repeat(column)}^`
}
