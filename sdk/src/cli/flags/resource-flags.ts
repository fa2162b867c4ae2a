import type { RevisionContainer } from "../../api/serving/revision-spec.ts"
import { type Change, type Edits, edited, type Flag, last, readEdits, wrong } from "./flag.ts"

const quantity = /^\d+(\.\d+)?(e\d+|[munkMGTPE]|[KMGTPE]i)?$/

/** What a container is promised (`request`) and what it may not exceed (`limit`). */
export const resourceFlags: readonly Flag[] = [
  ...(["limit", "request"] as const).map(
    (name): Flag => ({
      name,
      takes: "<cpu=…,memory=…>",
      help: `${name === "limit" ? "most" : "least"} CPU, memory and other resources, for example cpu=500m,memory=256Mi; KEY- removes one`,
      many: true,
      commas: true,
      container: true,
      read: (pairs) => {
        const edits = readEdits(name, pairs)
        for (const [resource, amount] of edits.set) checkQuantity(name, `${resource}=${amount}`, amount)
        return change(name, edits)
      },
    }),
  ),
  ...(["cpu", "memory"] as const).map(
    (name): Flag => ({
      name,
      takes: "<quantity>",
      help: `the same as --limit ${name}=QUANTITY`,
      container: true,
      read: (values) => {
        checkQuantity(name, last(values), last(values))
        return change("limit", { set: new Map([[name, last(values)]]), gone: new Set() })
      },
    }),
  ),
]

function checkQuantity(flag: string, text: string, amount: string): void {
  if (!quantity.test(amount)) throw wrong(flag, text, "must be a quantity such as 500m, 2, 256Mi or 1Gi")
}

function change(name: "limit" | "request", edits: Edits): Change {
  const field = `${name}s` as const
  return ({ container }) => {
    const after = edited(container.resources?.[field] as Record<string, string> | undefined, edits)
    container.resources = { ...container.resources, [field]: after } as NonNullable<RevisionContainer["resources"]>
  }
}
