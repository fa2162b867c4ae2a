/** Pure: how a command's end is told; of a process that was there before, nothing. */
export function endOf(code: number | undefined): object {
  if (code === undefined || code === 0) return { metadata: {}, status: "Success" }
  return {
    metadata: {},
    status: "Failure",
    message: `command terminated with non-zero exit code: exit status ${code}`,
    reason: "NonZeroExitCode",
    details: { causes: [{ reason: "ExitCode", message: String(code) }] },
  }
}

/** A terminal's new size, as clients say it; undefined: they say something else. */
export function sizeOf(text: string): { readonly columns: number; readonly rows: number } | undefined {
  try {
    const { Width, Height } = JSON.parse(text) as { Width: number; Height: number }
    return Number.isInteger(Width) && Number.isInteger(Height) ? { columns: Width, rows: Height } : undefined
  } catch {
    return undefined
  }
}
