import { expect, it } from "vitest"
import { formatTable, type TableColumn } from "./table.ts"

interface Row {
  name: string
  url?: string
}

const columns: TableColumn<Row>[] = [
  { header: "NAME", value: (row) => row.name },
  { header: "URL", value: (row) => row.url },
  { header: "IMAGE", wide: true, value: () => "i" },
]

it("aligns columns, names what is missing, and leaves no space at a line's end", () => {
  const text = formatTable(columns, [{ name: "a" }, { name: "longer", url: "http://u" }])
  expect(text).toBe("NAME     URL\na        <none>\nlonger   http://u\n")
})

it("shows wide columns only when asked", () => {
  expect(formatTable(columns, [], true)).toBe("NAME   URL   IMAGE\n")
})
