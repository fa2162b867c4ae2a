import { CompileError } from "./error.ts"
import type { Expression, LoopKind } from "./expression.ts"

const loops: ReadonlyMap<string, LoopKind> = new Map<string, LoopKind>([
  ["all", "all"],
  ["exists", "exists"],
  ["exists_one", "existsOne"],
  ["existsOne", "existsOne"],
  ["map", "map"],
  ["filter", "filter"],
  ["transformList", "transformList"],
  ["transformMap", "transformMap"],
  ["transformMapEntry", "transformMapEntry"],
])

/** What a call that is a macro stands for; undefined for any other call. Throws CompileError. */
export function expandCall(
  source: string,
  name: string,
  receiver: Expression | undefined,
  args: readonly Expression[],
  at: number,
): Expression | undefined {
  if (receiver === undefined) return name === "has" && args.length === 1 ? presence(source, args, at) : undefined
  const variable = (expression: Expression | undefined): string => {
    if (expression?.kind === "name") return expression.name
    throw new CompileError(source, expression?.at ?? at, "argument must be a simple name")
  }
  const [first, second, third] = args
  if (name === "bind" && receiver.kind === "name" && receiver.name === "cel" && args.length === 3 && second && third) {
    return { kind: "bind", name: variable(first), value: second, body: third, at }
  }
  if ((name === "optMap" || name === "optFlatMap") && second && args.length === 2) {
    return {
      kind: "optional-map",
      operand: receiver,
      name: variable(first),
      body: second,
      flat: name === "optFlatMap",
      at,
    }
  }
  const loop = loops.get(name)
  return loop && expandLoop(loop, receiver, args, variable, at)
}

function presence(source: string, [operand]: readonly Expression[], at: number): Expression {
  if (operand?.kind !== "select" || operand.test) throw new CompileError(source, at, "invalid argument to has() macro")
  return { ...operand, test: true, at }
}

function expandLoop(
  loop: LoopKind,
  range: Expression,
  args: readonly Expression[],
  variable: (expression: Expression | undefined) => string,
  at: number,
): Expression | undefined {
  const body = args.at(-1)
  if (body === undefined) return undefined
  const kind = "loop"
  const made = (names: readonly (Expression | undefined)[], condition?: Expression): Expression => ({
    kind,
    loop,
    range,
    names: names.map(variable),
    condition,
    body,
    at,
  })
  switch (loop) {
    case "all":
    case "exists":
    case "existsOne":
      if (args.length === 2 || args.length === 3) return made(args.slice(0, -1))
      return undefined
    case "map":
      if (args.length === 2) return made([args[0]])
      return args.length === 3 ? made([args[0]], args[1]) : undefined
    case "filter":
      return args.length === 2 ? made([args[0]]) : undefined
    default:
      if (args.length === 3) return made(args.slice(0, 2))
      return args.length === 4 ? made(args.slice(0, 2), args[2]) : undefined
  }
}
