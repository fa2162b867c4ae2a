import { formatAge } from "./duration.ts"
import { formatTable } from "./table.ts"

/** Lines of `Label: value`; what has no value is left out. */
export function fieldLines(rows: readonly (readonly [label: string, value: string | undefined])[]): string {
  const shown = rows.filter(([, value]) => value)
  const width = Math.max(12, ...shown.map(([label]) => label.length + 2))
  return shown.map(([label, value]) => `${`${label}:`.padEnd(width)}${value}\n`).join("")
}

/** A part with a title, indented. */
export function section(title: string, body: string): string {
  return `\n${title}:\n${body.replace(/^(?=.)/gm, "  ")}`
}

interface Condition {
  readonly type: string
  readonly status: string
  readonly reason?: string | undefined
  readonly message?: string | undefined
  readonly lastTransitionTime?: string | undefined
}

export function conditionTable(
  object: { readonly status?: { readonly conditions?: readonly Condition[] | undefined } | undefined },
  now: number,
): string {
  return formatTable(
    [
      { header: "TYPE", value: ({ type }) => type },
      { header: "STATUS", value: ({ status }) => status },
      {
        header: "AGE",
        value: ({ lastTransitionTime }) => lastTransitionTime && formatAge(now - Date.parse(lastTransitionTime)),
      },
      { header: "REASON", value: ({ reason }) => reason },
      { header: "MESSAGE", value: ({ message }) => message },
    ],
    object.status?.conditions ?? [],
  )
}
