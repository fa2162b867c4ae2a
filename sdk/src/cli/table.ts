/** A column of a table: its header and what it says of a row. Missing values are written `<none>`. */
export interface TableColumn<Row> {
  readonly header: string
  readonly value: (row: Row) => string | number | undefined
  /** Only with `-o wide`. */
  readonly wide?: boolean
}

const gap = "   "

/** Rows as aligned plain text, headers in capitals, as kubectl prints them. */
export function formatTable<Row>(columns: readonly TableColumn<Row>[], rows: readonly Row[], wide = false): string {
  const shown = columns.filter((column) => wide || !column.wide)
  const lines = [
    shown.map(({ header }) => header),
    ...rows.map((row) => shown.map((column) => cell(column.value(row)))),
  ]
  const widths = shown.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)))
  return lines
    .map(
      (line) =>
        `${line
          .map((text, at) => text.padEnd(widths[at] ?? 0))
          .join(gap)
          .trimEnd()}\n`,
    )
    .join("")
}

function cell(value: string | number | undefined): string {
  return value === undefined || value === "" ? "<none>" : String(value)
}
